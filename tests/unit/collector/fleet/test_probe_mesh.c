#include "collector/fleet/probe_mesh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/arena.h"
#include "proto/base/text.h"
#include "proto/json/fields.h"
#include "proto/json/write.h"
#include "proto/report/report.h"
#include "proto/site/tables.h"
#include "tests/unit/rows.h"

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

/* The site's ring, as the fleet keeps it. */
struct ring {
	struct probe_mesh mesh;
	struct site_index index;
	struct arena arena;
};

static void ring_add(struct ring *ring, const struct report *report)
{
	struct site_member *member = site_member_new(report, 0, &ring->arena);

	site_index_put(&ring->index, member, true, NULL);
	if (!member->self->members->next_of_name)
		probe_mesh_join(&ring->mesh, member->self);
}

static void ring_init(struct ring *ring, const struct site_of *site)
{
	*ring = (struct ring){ 0 };
	arena_init(&ring->arena);
	site_index_init(&ring->index, &ring->arena);
	for (size_t i = 0; i < site->n; i++)
		ring_add(ring, site->list[i]);
}

static void ring_deinit(struct ring *ring)
{
	probe_mesh_deinit(&ring->mesh);
	arena_deinit(&ring->arena);
}

struct peer {
	char name[24];
	char addresses[PROBE_MESH_MAX_ADDRESSES][24];
	size_t n_addresses;
};

/* Whom one server probes. */
struct peers {
	struct peer peers[PROBE_MESH_MAX_PEERS];
	size_t n;
};

static void read_peer(struct json_reading *in, const struct json_place *at, void *user)
{
	struct peers *peers = user;
	struct peer *peer = &peers->peers[peers->n++];
	const char *name = NULL;
	const char **addresses = NULL;

	json_get_name(in, at, "name", &name);
	json_get_texts(in, at, "addresses", &addresses, &peer->n_addresses);
	assert_int_equal(in->status, STATUS_OK);
	assert_in_range(peer->n_addresses, 1, PROBE_MESH_MAX_ADDRESSES);
	snprintf(peer->name, sizeof peer->name, "%s", name);
	for (size_t i = 0; i < peer->n_addresses; i++)
		snprintf(peer->addresses[i], sizeof peer->addresses[i], "%s", addresses[i]);
}

static struct peers read_peers(const struct buffer *text)
{
	struct peers peers = { .n = 0 };
	struct json_reading in;
	struct json_place root;
	struct arena arena;

	arena_init(&arena);
	json_begin(&in, text->bytes, text->size, 100, &arena, &root);
	json_each(&in, &root, "peers", PROBE_MESH_MAX_PEERS, read_peer, &peers, NULL);
	assert_int_equal(in.status, STATUS_OK);
	json_end(&in);
	arena_deinit(&arena);
	return peers;
}

static struct peers peers_in(struct probe_mesh *mesh, const struct site_index *index,
			     const struct site_peer *server)
{
	struct buffer text = { 0 };

	json_open_object(&text, NULL);
	json_open_array(&text, "peers");
	probe_mesh_add_peers(mesh, index, server, &text);
	json_close_array(&text);
	json_close_object(&text);
	struct peers peers = read_peers(&text);
	buffer_deinit(&text);
	return peers;
}

static struct peers peers_of(struct ring *ring, const char *name)
{
	return peers_in(&ring->mesh, &ring->index,
			site_table_find_peer(&ring->index, name, text_hash(name)));
}

static bool holds(const struct peers *peers, const char *name)
{
	for (size_t i = 0; i < peers->n; i++) {
		if (text_equal(peers->peers[i].name, name))
			return true;
	}
	return false;
}

static void every_server_is_probed_by_as_many_as_it_probes(void **state)
{
	static struct site_of site;
	static const size_t sizes[] = { 1, 2, 3, 4, 17, 18, 40, MAX_SERVERS };
	(void)state;

	for_each_row(s, sizes) {
		site_init(&site, sizes[s], MAX_SERVERS);
		struct ring mesh;
		ring_init(&mesh, &site);
		size_t probed_by[MAX_SERVERS] = { 0 };
		size_t expected =
			sizes[s] - 1 < PROBE_MESH_MAX_PEERS ? sizes[s] - 1 : PROBE_MESH_MAX_PEERS;

		for (size_t i = 0; i < site.n; i++) {
			struct peers peers = peers_of(&mesh, site.list[i]->host.name);
			assert_int_equal(peers.n, expected);
			assert_false(holds(&peers, site.list[i]->host.name));
			for (size_t j = 0; j < site.n; j++)
				probed_by[j] += holds(&peers, site.list[j]->host.name);
		}
		for (size_t i = 0; i < site.n; i++)
			assert_int_equal(probed_by[i], expected);
		ring_deinit(&mesh);
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
		struct ring old;
		ring_init(&old, &before);
		struct ring new;
		ring_init(&new, &after);
		size_t changed = 0;

		for (size_t i = 0; i < after.n; i++) {
			const char *name = after.list[i]->host.name;
			struct peers was = peers_of(&old, name);
			struct peers is = peers_of(&new, name);
			size_t lost = 0;
			for (size_t j = 0; j < was.n; j++)
				lost += !holds(&is, was.peers[j].name);
			assert_true(lost <= 1);
			changed += lost;
		}
		assert_int_equal(changed, PROBE_MESH_MAX_PEERS);
		ring_deinit(&old);
		ring_deinit(&new);
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

	for_each_row(i, useless) {
		site_init(&site, 2, MAX_SERVERS);
		add_server(&site, "ODD", useless[i]);
		add_server(&site, "HOLDER", "10.1.1.1/24");
		struct ring mesh;
		ring_init(&mesh, &site);
		struct peers peers = peers_of(&mesh, "S0");
		bool shared = strcmp(useless[i], "10.1.1.1/24") == 0;

		assert_false(holds(&peers, "ODD"));
		assert_int_equal(holds(&peers, "HOLDER"), !shared);
		assert_int_equal(peers.n, shared ? 1 : 2);
		peers = peers_of(&mesh, "odd"); /* it still probes the others */
		assert_true(holds(&peers, "S0") && holds(&peers, "S1"));
		ring_deinit(&mesh);
		arena_deinit(&site.arena);
	}
}

static void a_disabled_adapter_holds_no_address(void **state)
{
	static struct site_of site;
	(void)state;

	site_init(&site, 2, MAX_SERVERS);
	add_server(&site, "OFF", "10.0.0.2/16")->adapters[0].enabled = TRISTATE_NO;
	struct ring mesh;
	ring_init(&mesh, &site);
	struct peers peers = peers_of(&mesh, "S0");

	assert_int_equal(peers.n, 1);
	assert_string_equal(peers.peers[0].name, "S1");
	assert_string_equal(peers.peers[0].addresses[0], "10.0.0.2");
	ring_deinit(&mesh);
	arena_deinit(&site.arena);
}

static void a_name_whose_machine_has_another_one_now_is_not_dealt(void **state)
{
	static struct site_of site;
	(void)state;

	site_init(&site, 2, MAX_SERVERS);
	add_server(&site, "OLD", "10.0.0.3/16");
	struct ring mesh;
	ring_init(&mesh, &site);
	struct site_peer *old = site_table_find_peer(&mesh.index, "OLD", text_hash("OLD"));
	struct peers before = peers_of(&mesh, "S0");
	site_index_hold(&mesh.index, old->members, false);
	struct peers after = peers_of(&mesh, "S0");

	assert_true(holds(&before, "OLD"));
	assert_int_equal(after.n, 1);
	assert_string_equal(after.peers[0].name, "S1");
	ring_deinit(&mesh);
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
	struct ring mesh;
	ring_init(&mesh, &site);
	struct peers peers = peers_of(&mesh, "S0");

	assert_int_equal(peers.n, 1);
	assert_true(text_equal(peers.peers[0].name, "cluster"));
	assert_int_equal(peers.peers[0].n_addresses, 2);
	peers = peers_of(&mesh, "CLUSTER");
	assert_int_equal(peers.n, 1);
	assert_string_equal(peers.peers[0].name, "S0");
	ring_deinit(&mesh);
	arena_deinit(&site.arena);
}

static void a_node_that_leaves_takes_its_spelling_along(void **state)
{
	static struct site_of site;
	(void)state;

	site_init(&site, 1, MAX_SERVERS);
	add_server(&site, "NODE1", "10.2.0.1/16")->exchange.server = "CLUSTER";
	add_server(&site, "NODE2", "10.2.0.2/16")->exchange.server = "cluster";
	struct ring mesh;
	ring_init(&mesh, &site);
	struct site_peer *cluster =
		site_table_find_peer(&mesh.index, "CLUSTER", text_hash("CLUSTER"));
	site_index_hold(&mesh.index, cluster->members, false);
	struct peers before = peers_of(&mesh, "S0");
	site_index_remove(&mesh.index, cluster->members);
	struct peers after = peers_of(&mesh, "S0");

	assert_string_equal(before.peers[0].name, "cluster");
	assert_string_equal(after.peers[0].name, "CLUSTER");
	ring_deinit(&mesh);
	arena_deinit(&site.arena);
}

static void a_peer_has_at_most_its_limit_of_addresses(void **state)
{
	static struct site_of site;
	const char *addresses[PROBE_MESH_MAX_ADDRESSES + 1];
	(void)state;

	site_init(&site, 1, MAX_SERVERS);
	for (size_t i = 0; i <= PROBE_MESH_MAX_ADDRESSES; i++)
		addresses[i] = arena_printf(&site.arena, "10.3.0.%zu/24", i + 1);
	struct report *many = add_server(&site, "MANY", "10.3.0.1/24");
	many->adapters[0].addresses = addresses;
	for (size_t n = PROBE_MESH_MAX_ADDRESSES; n <= PROBE_MESH_MAX_ADDRESSES + 1; n++) {
		many->adapters[0].n_addresses = n;
		struct ring mesh;
		ring_init(&mesh, &site);
		struct peers peers = peers_of(&mesh, "S0");
		assert_int_equal(peers.peers[0].n_addresses, PROBE_MESH_MAX_ADDRESSES);
		ring_deinit(&mesh);
	}
	arena_deinit(&site.arena);
}

#define NAMES 60

/* A site whose servers come and go: some without an address, some with another's, some clusters. */
struct changing {
	uint32_t seed;
	struct report reports[NAMES];
	struct report_adapter adapters[NAMES];
	const char *addresses[NAMES][2];
	char texts[NAMES][2][24];
	struct site_member *members[NAMES];
	struct probe_mesh mesh;
	struct site_index index;
};

static uint32_t next_random(struct changing *c, uint32_t below)
{
	c->seed = c->seed * 1664525 + 1013904223;
	return (c->seed >> 8) % below;
}

static void make_report(struct changing *c, size_t i, const char *name)
{
	struct report *r = &c->reports[i];

	report_init(r);
	r->host.name = name;
	r->adapters_known = true;
	r->adapters = &c->adapters[i];
	r->n_adapters = 1;
	c->adapters[i] = (struct report_adapter){ .id = "A", .addresses = c->addresses[i] };
	for (size_t k = 0; k < 2; k++) {
		c->addresses[i][k] = c->texts[i][k];
		snprintf(c->texts[i][k], sizeof c->texts[i][k], "10.%zu.0.%zu/16", k, i + 1);
	}
	if (next_random(c, 4) == 0)
		snprintf(c->texts[i][1], sizeof c->texts[i][1], "192.168.0.%u/24",
			 next_random(c, 4));
	c->adapters[i].n_addresses = next_random(c, 6) ? 2 : 0;
	if (next_random(c, 6) == 0)
		c->addresses[i][0] = c->addresses[i][1];
}

static void come_or_go(struct changing *c)
{
	static char names[NAMES][24];
	size_t i = next_random(c, NAMES);
	/* Every tenth is a second node of the server before. */
	snprintf(names[i], sizeof names[i], "N%zu", i % 10 == 9 ? i - 1 : i);

	if (c->members[i]) {
		bool alone = !c->members[i]->self->members->next_of_name;
		if (alone)
			probe_mesh_leave(&c->mesh, c->members[i]->self);
		site_index_remove(&c->index, c->members[i]);
		free(c->members[i]);
		c->members[i] = NULL;
		return;
	}
	make_report(c, i, names[i]);
	c->members[i] = site_member_new(&c->reports[i], 0, NULL);
	site_index_put(&c->index, c->members[i], true, NULL);
	if (!c->members[i]->self->members->next_of_name)
		probe_mesh_join(&c->mesh, c->members[i]->self);
}

/* It reports again: from other addresses, perhaps, and under a name that is spelled otherwise. */
static void report_again(struct changing *c, size_t i)
{
	static char names[NAMES][24];
	struct site_member *old = c->members[i];

	snprintf(names[i], sizeof names[i], "%s", site_member_name(old));
	if (next_random(c, 2))
		*names[i] ^= 'n' ^ 'N';
	if (next_random(c, 2))
		make_report(c, i, names[i]);
	else
		c->reports[i].host.name = names[i];
	c->members[i] = site_member_new(&c->reports[i], 0, NULL);
	site_index_put(&c->index, c->members[i], true, old);
	free(old);
}

static void change(struct changing *c)
{
	size_t i = next_random(c, NAMES);
	uint32_t what = next_random(c, 3);

	if (what == 0)
		come_or_go(c);
	else if (c->members[i] && what == 1)
		report_again(c, i);
	else if (c->members[i])
		site_index_hold(&c->index, c->members[i], !c->members[i]->holds);
}

static char *peers_text(struct changing *c)
{
	struct buffer text = { 0 };

	for (size_t i = 0; i < NAMES; i++) {
		if (c->members[i])
			probe_mesh_add_peers(&c->mesh, &c->index, c->members[i]->self, &text);
	}
	return buffer_take_text(&text);
}

static void clear(struct changing *c)
{
	for (size_t i = 0; i < NAMES; i++)
		free(c->members[i]);
	site_index_deinit(&c->index);
	probe_mesh_deinit(&c->mesh);
}

static void what_is_kept_of_a_peer_is_what_would_be_said_anew(void **state)
{
	static struct changing c;
	(void)state;

	for (uint32_t seed = 1; seed <= 3; seed++) {
		memset(&c, 0, sizeof c);
		c.seed = seed;
		site_index_init(&c.index, NULL);
		for (int step = 0; step < 200; step++) {
			change(&c);
			char *kept = peers_text(&c);
			probe_mesh_note_standing(&c.mesh); /* so that nothing is kept */
			char *anew = peers_text(&c);
			assert_string_equal(kept, anew);
			free(kept);
			free(anew);
		}
		clear(&c);
	}
}

/* By how many names a server is probed; fails where one has too many. */
static size_t count_probers(struct changing *c, const char *name)
{
	size_t probers = 0;

	for (size_t k = 0; k < NAMES; k++) {
		if (!c->members[k] || c->members[k]->self->members != c->members[k])
			continue; /* one machine for each name */
		struct peers peers = peers_in(&c->mesh, &c->index, c->members[k]->self);
		assert_true(peers.n <= PROBE_MESH_MAX_PEERS);
		probers += holds(&peers, name);
	}
	return probers;
}

static bool can_be_probed(const struct changing *c, const struct site_member *m)
{
	for (const struct site_member *s = m->self->members; s; s = s->next_of_name) {
		const struct site_nic *nic = site_member_nics(s);
		for (size_t j = 0; j < nic->n_addresses; j++) {
			if (!site_index_is_held_twice(&c->index,
						      site_nic_addresses(s, nic)[j].address))
				return true;
		}
	}
	return false;
}

static void whoever_joins_or_leaves_each_server_is_probed_by_three(void **state)
{
	static struct changing c;
	(void)state;

	for (uint32_t seed = 1; seed <= 10; seed++) {
		memset(&c, 0, sizeof c);
		c.seed = seed;
		site_index_init(&c.index, NULL);
		for (int step = 0; step < 120; step++) {
			come_or_go(&c);
			for (size_t i = 0; i < NAMES; i++) {
				if (!c.members[i])
					continue;
				size_t others = c.mesh.newcomers.n - 1;
				size_t least = others < 3 ? others : 3;
				size_t probers = count_probers(&c, site_member_name(c.members[i]));
				if (can_be_probed(&c, c.members[i]))
					assert_true(probers >= least);
				else
					assert_int_equal(probers, 0);
			}
		}
		clear(&c);
	}
}

/* Who stands, by the name of the server: the honest ones of the tests below begin with an H. */
static bool stands_by_name(const struct site_member *member)
{
	return *site_member_name(member) == 'H';
}

static void promote_honest(struct ring *ring, const struct site_of *site)
{
	ring->mesh.stands = stands_by_name;
	for (size_t i = 0; i < site->n; i++) {
		const char *name = site->list[i]->host.name;
		if (*name == 'H')
			probe_mesh_promote(&ring->mesh, site_table_find_peer(&ring->index, name,
									     text_hash(name)));
	}
}

static void newcomers_leave_those_of_standing_their_places(void **state)
{
	(void)state;
	for (size_t n_honest = 2; n_honest <= 40; n_honest++) {
		struct site_of site = { .n = 0 };
		struct ring ring;
		arena_init(&site.arena);
		for (size_t i = 0; i < 100; i++)
			add_server(&site,
				   arena_printf(&site.arena, i < n_honest ? "H%zu" : "R%zu", i),
				   arena_printf(&site.arena, "10.0.0.%zu/16", i + 1));
		ring_init(&ring, &site);
		promote_honest(&ring, &site);
		struct peers peers = peers_of(&ring, "H1");
		size_t n = 0;
		for (size_t i = 0; i < peers.n; i++)
			n += *peers.peers[i].name == 'H';
		assert_int_equal(peers.n, PROBE_MESH_MAX_PEERS);
		size_t most = PROBE_MESH_MAX_PEERS - PROBE_MESH_MAX_NEWCOMERS;
		assert_true(n >= (n_honest - 1 < most ? n_honest - 1 : most));
		ring_deinit(&ring);
		arena_deinit(&site.arena);
	}
}

static void a_newcomer_is_probed_by_its_neighbours(void **state)
{
	(void)state;
	struct site_of site = { .n = 0 };
	struct ring ring;
	size_t n_probing = 0;

	arena_init(&site.arena);
	for (size_t i = 0; i < 100; i++)
		add_server(&site, arena_printf(&site.arena, i ? "H%zu" : "R%zu", i),
			   arena_printf(&site.arena, "10.0.0.%zu/16", i + 1));
	ring_init(&ring, &site);
	promote_honest(&ring, &site);
	for (size_t i = 1; i < 100; i++) {
		struct peers peers = peers_of(&ring, site.list[i]->host.name);
		n_probing += holds(&peers, "R0");
	}
	assert_in_range(n_probing, PROBE_MESH_MAX_PEERS - 1, PROBE_MESH_MAX_PEERS);
	ring_deinit(&ring);
	arena_deinit(&site.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newcomers_leave_those_of_standing_their_places),
		cmocka_unit_test(a_newcomer_is_probed_by_its_neighbours),
		cmocka_unit_test(every_server_is_probed_by_as_many_as_it_probes),
		cmocka_unit_test(a_leave_changes_one_peer_of_few_servers),
		cmocka_unit_test(never_deals_addresses_that_lead_nowhere_or_to_two),
		cmocka_unit_test(a_disabled_adapter_holds_no_address),
		cmocka_unit_test(a_name_whose_machine_has_another_one_now_is_not_dealt),
		cmocka_unit_test(a_cluster_is_one_peer_with_the_addresses_of_its_nodes),
		cmocka_unit_test(a_node_that_leaves_takes_its_spelling_along),
		cmocka_unit_test(a_peer_has_at_most_its_limit_of_addresses),
		cmocka_unit_test(what_is_kept_of_a_peer_is_what_would_be_said_anew),
		cmocka_unit_test(whoever_joins_or_leaves_each_server_is_probed_by_three),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
