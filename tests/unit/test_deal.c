#include "collector/deal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/arena.h"
#include "proto/text.h"

#define MAX_SERVERS 200

/* A site of servers S0, S1 ... with one address each; any of them may be absent. */
struct site_of {
	struct arena arena;
	struct report reports[MAX_SERVERS];
	const struct report *list[MAX_SERVERS];
	size_t n;
};

static struct report *add_server(struct site_of *site, const char *name, const char *address)
{
	struct report *report = &site->reports[site->n];

	report_init(report);
	report->host.name = arena_strdup(&site->arena, name);
	report->adapters_known = true;
	report->n_adapters = 1;
	report->adapters = arena_alloc(&site->arena, sizeof *report->adapters);
	report->adapters[0].id = "A";
	report->adapters[0].n_addresses = 1;
	report->adapters[0].addresses = arena_alloc(&site->arena, sizeof(char *));
	report->adapters[0].addresses[0] = arena_strdup(&site->arena, address);
	site->list[site->n++] = report;
	return report;
}

static void site_init(struct site_of *site, size_t n, size_t without)
{
	site->n = 0;
	arena_init(&site->arena);
	for (size_t i = 0; i < n; i++) {
		const char *name = arena_printf(&site->arena, "S%zu", i);
		const char *address =
			arena_printf(&site->arena, "10.0.%zu.%zu/16", i / 200, i % 200 + 1);
		if (i != without)
			add_server(site, name, address);
	}
}

struct dealt {
	struct deal_peer *peers;
	size_t n;
};

static struct dealt deal_to(const struct deal *deal, const char *name, struct arena *arena)
{
	struct dealt dealt;
	deal_peers(deal, name, arena, &dealt.peers, &dealt.n);
	return dealt;
}

static bool holds(const struct dealt *dealt, const char *name)
{
	for (size_t i = 0; i < dealt->n; i++) {
		if (text_equal(dealt->peers[i].name, name))
			return true;
	}
	return false;
}

static void every_server_is_probed_by_as_many_as_it_probes(void **state)
{
	static struct site_of site;
	static const size_t sizes[] = { 1, 2, 3, 4, 17, 18, 40, MAX_SERVERS };
	(void)state;

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		site_init(&site, sizes[s], MAX_SERVERS);
		struct deal *deal = deal_new(site.list, site.n);
		size_t probed_by[MAX_SERVERS] = { 0 };
		size_t expected = sizes[s] - 1 < DEAL_MAX_PEERS ? sizes[s] - 1 : DEAL_MAX_PEERS;

		for (size_t i = 0; i < site.n; i++) {
			struct dealt dealt = deal_to(deal, site.list[i]->host.name, &site.arena);
			assert_int_equal(dealt.n, expected);
			assert_false(holds(&dealt, site.list[i]->host.name));
			for (size_t j = 0; j < site.n; j++)
				probed_by[j] += holds(&dealt, site.list[j]->host.name);
		}
		for (size_t i = 0; i < site.n; i++)
			assert_int_equal(probed_by[i], expected);
		deal_free(deal);
		arena_deinit(&site.arena);
	}
}

static void a_leave_changes_one_peer_of_few_servers(void **state)
{
	static struct site_of before;
	static struct site_of after;
	(void)state;

	for (size_t gone = 0; gone < 100; gone += 9) {
		site_init(&before, 100, MAX_SERVERS);
		site_init(&after, 100, gone);
		struct deal *old = deal_new(before.list, before.n);
		struct deal *new = deal_new(after.list, after.n);
		size_t changed = 0;

		for (size_t i = 0; i < after.n; i++) {
			const char *name = after.list[i]->host.name;
			struct dealt was = deal_to(old, name, &before.arena);
			struct dealt is = deal_to(new, name, &after.arena);
			size_t lost = 0;
			for (size_t j = 0; j < was.n; j++)
				lost += !holds(&is, was.peers[j].name);
			assert_true(lost <= 1);
			changed += lost;
		}
		assert_int_equal(changed, DEAL_MAX_PEERS);
		deal_free(old);
		deal_free(new);
		arena_deinit(&before.arena);
		arena_deinit(&after.arena);
	}
}

static void never_deals_addresses_that_lead_nowhere_or_to_two(void **state)
{
	static const char *const useless[] = { "127.0.0.1/8",     "0.0.0.0/0",   "224.0.0.5/4",
					       "255.255.255.255", "10.1.1.1/24", "no address" };
	static struct site_of site;
	(void)state;

	for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
		site_init(&site, 2, MAX_SERVERS);
		add_server(&site, "ODD", useless[i]);
		add_server(&site, "HOLDER", "10.1.1.1/24");
		struct deal *deal = deal_new(site.list, site.n);
		struct dealt dealt = deal_to(deal, "S0", &site.arena);
		bool shared = strcmp(useless[i], "10.1.1.1/24") == 0;

		assert_false(holds(&dealt, "ODD"));
		assert_int_equal(holds(&dealt, "HOLDER"), !shared);
		assert_int_equal(dealt.n, shared ? 1 : 2);
		dealt = deal_to(deal, "odd", &site.arena); /* it still probes the others */
		assert_true(holds(&dealt, "S0") && holds(&dealt, "S1"));
		deal_free(deal);
		arena_deinit(&site.arena);
	}
}

static void a_disabled_adapter_holds_no_address(void **state)
{
	static struct site_of site;
	(void)state;

	site_init(&site, 2, MAX_SERVERS);
	add_server(&site, "OFF", "10.0.0.2/16")->adapters[0].enabled = TRISTATE_NO;
	struct deal *deal = deal_new(site.list, site.n);
	struct dealt dealt = deal_to(deal, "S0", &site.arena);

	assert_int_equal(dealt.n, 1);
	assert_string_equal(dealt.peers[0].name, "S1");
	assert_string_equal(dealt.peers[0].addresses[0], "10.0.0.2");
	deal_free(deal);
	arena_deinit(&site.arena);
}

static void a_cluster_is_one_peer_with_the_addresses_of_its_nodes(void **state)
{
	static struct site_of site;
	(void)state;

	site_init(&site, 1, MAX_SERVERS);
	add_server(&site, "NODE1", "10.2.0.1/16")->exchange.server = "CLUSTER";
	add_server(&site, "NODE2", "10.2.0.2/16")->exchange.server = "cluster";
	add_server(&site, "NODE3", "10.2.0.2/16")->exchange.server = "Cluster";
	struct deal *deal = deal_new(site.list, site.n);
	struct dealt dealt = deal_to(deal, "S0", &site.arena);

	assert_int_equal(dealt.n, 1);
	assert_true(text_equal(dealt.peers[0].name, "cluster"));
	assert_int_equal(dealt.peers[0].n_addresses, 2);
	dealt = deal_to(deal, "CLUSTER", &site.arena);
	assert_int_equal(dealt.n, 1);
	assert_string_equal(dealt.peers[0].name, "S0");
	deal_free(deal);
	arena_deinit(&site.arena);
}

static void a_peer_has_at_most_its_limit_of_addresses(void **state)
{
	static struct site_of site;
	const char *addresses[DEAL_MAX_ADDRESSES + 1];
	(void)state;

	site_init(&site, 1, MAX_SERVERS);
	for (size_t i = 0; i <= DEAL_MAX_ADDRESSES; i++)
		addresses[i] = arena_printf(&site.arena, "10.3.0.%zu/24", i + 1);
	struct report *many = add_server(&site, "MANY", "10.3.0.1/24");
	many->adapters[0].addresses = addresses;
	for (size_t n = DEAL_MAX_ADDRESSES; n <= DEAL_MAX_ADDRESSES + 1; n++) {
		many->adapters[0].n_addresses = n;
		struct deal *deal = deal_new(site.list, site.n);
		struct dealt dealt = deal_to(deal, "S0", &site.arena);
		assert_int_equal(dealt.peers[0].n_addresses, DEAL_MAX_ADDRESSES);
		deal_free(deal);
	}
	arena_deinit(&site.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_server_is_probed_by_as_many_as_it_probes),
		cmocka_unit_test(a_leave_changes_one_peer_of_few_servers),
		cmocka_unit_test(never_deals_addresses_that_lead_nowhere_or_to_two),
		cmocka_unit_test(a_disabled_adapter_holds_no_address),
		cmocka_unit_test(a_cluster_is_one_peer_with_the_addresses_of_its_nodes),
		cmocka_unit_test(a_peer_has_at_most_its_limit_of_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
