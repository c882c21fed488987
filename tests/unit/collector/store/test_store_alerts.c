/* What the store keeps of alerts, deliveries and silences, and how many of those that are over. */
#include "collector/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

static struct fixture f;

static void commit(struct store_change change)
{
	fixture_commit(&f, change);
	if (f.failed > 0)
		fail_msg("%s", f.error);
}

static const struct record_alert full = { .id = 7,
					  .key = "exch1",
					  .condition = CONDITION_EXPOSED,
					  .opened = CONDITION_AT_RISK,
					  .degrees = CONDITION_BIT(CONDITION_EXPOSED) |
						     CONDITION_BIT(CONDITION_AT_RISK),
					  .state = RECORD_ALERT_FIRING,
					  .server = "EXCH1",
					  .organization = "ACME",
					  .site = "HQ",
					  .since_ms = 1,
					  .gone_ms = TIMESTAMP_NONE,
					  .fired_ms = 2,
					  .resolved_ms = TIMESTAMP_NONE,
					  .cause = "adapter_isolated",
					  .verdict = "exposed",
					  .reason = "adapter_isolated",
					  .text = "Adapter B reaches nobody.",
					  .now_text = "cannot tell",
					  .remedy = "Disable it.",
					  .options = "{\"options\":[]}",
					  .event = 9321,
					  .event_ms = 6,
					  .adapter = "B",
					  .flapping = true,
					  .clocks = "exposed 2 1 1 -1 2 0 1 2 3;",
					  .notified = RECORD_NOTIFIED_FIRING,
					  .notified_condition = CONDITION_AT_RISK,
					  .notified_degrees = CONDITION_BIT(CONDITION_AT_RISK),
					  .notified_ms = 4,
					  .notified_acknowledged_ms = TIMESTAMP_NONE,
					  .acknowledged_by = "token ops",
					  .comment = "on it",
					  .acknowledged_ms = 5,
					  .acknowledged_until_ms = TIMESTAMP_NONE,
					  .acknowledged_condition = CONDITION_FAILING,
					  .acknowledgements = "[{\"by\":\"token ops\"}]" };

static void put_alert(const struct record_alert *row)
{
	commit((struct store_change){ .alerts = &row, .n_alerts = 1 });
}

static void assert_same(const struct record_alert *a, const struct record_alert *b)
{
	const char *texts[][2] = {
		{ a->key, b->key },         { a->server, b->server },
		{ a->site, b->site },       { a->organization, b->organization },
		{ a->cause, b->cause },     { a->verdict, b->verdict },
		{ a->reason, b->reason },   { a->text, b->text },
		{ a->remedy, b->remedy },   { a->adapter, b->adapter },
		{ a->clocks, b->clocks },   { a->acknowledged_by, b->acknowledged_by },
		{ a->comment, b->comment }, { a->now_text, b->now_text },
		{ a->options, b->options }, { a->acknowledgements, b->acknowledgements },
	};
	const int64_t numbers[][2] = {
		{ a->id, b->id },
		{ (int64_t)a->condition, (int64_t)b->condition },
		{ (int64_t)a->state, (int64_t)b->state },
		{ (int64_t)a->notified, (int64_t)b->notified },
		{ (int64_t)a->opened, (int64_t)b->opened },
		{ (int64_t)a->notified_condition, (int64_t)b->notified_condition },
		{ (int64_t)a->acknowledged_condition, (int64_t)b->acknowledged_condition },
		{ a->degrees, b->degrees },
		{ a->notified_degrees, b->notified_degrees },
		{ a->event, b->event },
		{ a->event_ms, b->event_ms },
		{ a->notified_acknowledged_ms, b->notified_acknowledged_ms },
		{ a->flapping, b->flapping },
		{ a->since_ms, b->since_ms },
		{ a->gone_ms, b->gone_ms },
		{ a->fired_ms, b->fired_ms },
		{ a->resolved_ms, b->resolved_ms },
		{ a->notified_ms, b->notified_ms },
		{ a->acknowledged_ms, b->acknowledged_ms },
		{ a->acknowledged_until_ms, b->acknowledged_until_ms },
	};
	for_each_row(i, texts)
		assert_string_equal(texts[i][0], texts[i][1]);
	for_each_row(i, numbers)
		assert_int_equal(numbers[i][0], numbers[i][1]);
}

static size_t n_seen;

static enum status see_alert(void *user, const struct record_alert *row)
{
	n_seen++;
	assert_same(user, row);
	return STATUS_OK;
}

/* The one alert that is open, or (NULL) that there is none. */
static void expect_open(const struct record_alert *row)
{
	n_seen = 0;
	assert_int_equal(store_read_open_alerts(store_reader(f.store), see_alert,
						(void *)(uintptr_t)row, f.error),
			 STATUS_OK);
	assert_int_equal(n_seen, row ? 1 : 0);
}

/* All that is in no index, by which alerts are found. */
static void change_all_but_places(struct record_alert *row)
{
	row->key = "exch2";
	row->server = "EXCH2";
	row->organization = "EMCA";
	row->site = "BRANCH";
	row->cause = row->reason = "mta_failed";
	row->verdict = "failing";
	row->text = "Adapter C reaches nobody.";
	row->now_text = "clear";
	row->remedy = "Mend it.";
	row->options = "";
	row->adapter = "C";
	row->clocks = "exposed 2 0 1 7 2 0 1 2 3 7;";
	row->acknowledged_by = row->comment = "";
	row->acknowledgements = "[]";
	row->opened = row->notified_condition = CONDITION_EXPOSED;
	row->acknowledged_condition = CONDITION_AT_RISK;
	row->degrees = row->notified_degrees = CONDITION_BIT(CONDITION_FAILING);
	row->flapping = false;
	row->event = 0;
	row->event_ms = row->acknowledged_ms = TIMESTAMP_NONE;
	row->since_ms = 11;
	row->gone_ms = 12;
	row->fired_ms = 13;
	row->notified_ms = 14;
	row->acknowledged_until_ms = 15;
	row->notified_acknowledged_ms = 16;
}

static void an_alert_is_what_it_was(void **state)
{
	struct record_alert row = full;
	const int64_t id = full.id;
	(void)state;

	put_alert(&row);
	expect_open(&row);
	change_all_but_places(&row);
	put_alert(&row);
	expect_open(&row);
	row.condition = CONDITION_FAILING;
	put_alert(&row);
	expect_open(&row);
	row.state = RECORD_ALERT_RESOLVED; /* which is not told yet */
	row.gone_ms = 8;
	row.resolved_ms = 9;
	row.acknowledged_until_ms = 10;
	row.flapping = false;
	put_alert(&row);
	expect_open(&row);
	row.notified = RECORD_NOTIFIED_RESOLVED;
	put_alert(&row);
	expect_open(NULL);
	assert_int_equal(store_read_alert(store_reader(f.store), 7, see_alert, &row, f.error),
			 STATUS_OK);
	commit((struct store_change){ .dropped_alerts = &id, .n_dropped_alerts = 1 });
	assert_int_equal(store_read_alert(store_reader(f.store), 7, see_alert, &row, f.error),
			 STATUS_NOT_FOUND);
}

/* What stands in a damaged row for none of an enumeration is never taken for one of it. */
static void a_number_that_stands_for_nothing_is_damage(void **state)
{
	static const char *const damages[] = {
		"UPDATE alert SET notified = 7",
		"UPDATE alert SET notified = -1",
		"UPDATE alert SET notified = 2, state = 4",
		"UPDATE alert SET notified = 4294967297",
	};
	struct record_alert row = full;
	(void)state;

	for_each_row(i, damages) {
		put_alert(&row);
		fixture_execute(&f, damages[i]);
		assert_int_equal(
			store_read_alert(store_reader(f.store), 7, see_alert, &row, f.error),
			STATUS_MALFORMED);
		assert_non_null(strstr(f.error, "is damaged: the alert "));
	}
}

static enum status see_summary(void *user, const struct record_summary *row)
{
	(void)user;
	fail_msg("the kind %d of a summary was given", (int)row->kind);
	return STATUS_OK;
}

static enum status read_summaries(const struct store_connection *reader, void *user,
				  char error[STORE_ERROR_SIZE])
{
	return store_read_summaries(reader, see_summary, user, error);
}

static enum status see_audit(void *user, const struct record_audit *row)
{
	(void)user;
	fail_msg("the kind %d of an audit row was given", (int)row->kind);
	return STATUS_OK;
}

static enum status see_identity(void *user, const struct record_identity *row)
{
	(void)user;
	fail_msg("the role %d of an identity was given", (int)row->role);
	return STATUS_OK;
}

/* Likewise of every other record that has one. */
static void a_number_of_another_record_that_stands_for_nothing_is_damage(void **state)
{
	struct record_delivery delivery;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	fixture_execute(&f, "INSERT INTO summary (hook, kind, held, opened, resolved, "
			    "report_opened, report_resolved) VALUES ('ops', 3, 0, 0, 0, 0, 0)");
	assert_int_equal(fixture_ask(&f, read_summaries, NULL), STATUS_MALFORMED);
	fixture_execute(&f, "INSERT INTO audit (at_ms, who, origin, action, kind, object) "
			    "VALUES (1, 'w', 'o', 'a', 8, '')");
	assert_int_equal(
		store_read_audit_after(store_reader(f.store), 0, 9, see_audit, NULL, f.error),
		STATUS_MALFORMED);
	fixture_execute(&f, "INSERT INTO identity (kind, name, hash, role, made_by, made_at_ms, "
			    "expires_at_ms) VALUES (2, 'ops', '', 5, 'w', 1, 0)");
	assert_int_equal(store_read_identities(store_reader(f.store), RECORD_KIND_TOKEN, "", 9,
					       see_identity, NULL, f.error),
			 STATUS_MALFORMED);
	fixture_execute(&f, "INSERT INTO delivery (id, hook, lane, state, made_ms, next_ms, "
			    "attempts, result, body) VALUES (1, 'h', 'l', 0, 1, 1, 0, '', '')");
	assert_int_equal(store_read_delivery(store_reader(f.store), 1, &arena, &delivery, f.error),
			 STATUS_MALFORMED);
	assert_non_null(strstr(f.error, "is damaged: the notification state 0, which is none"));
	arena_deinit(&arena);
}

/* `n` alerts that are over from id `first` on. */
static void put_over(int64_t first, size_t n, enum record_alert_notified notified)
{
	struct record_alert *rows = mem_alloc(n * sizeof *rows);
	const struct record_alert **list = mem_alloc(n * sizeof *list);

	for (size_t i = 0; i < n; i++) {
		rows[i] = full;
		rows[i].id = first + (int64_t)i;
		rows[i].state = RECORD_ALERT_RESOLVED;
		rows[i].notified = notified;
		list[i] = &rows[i];
	}
	commit((struct store_change){ .alerts = list, .n_alerts = n });
	free((void *)list);
	free(rows);
}

/* At the limit all stay; past it the oldest go that are over and whose end is told. */
static void alerts_that_are_over_have_a_limit(void **state)
{
	struct record_alert fires = full;
	(void)state;

	fires.id = 1;
	put_alert(&fires);
	put_over(2, 1, RECORD_NOTIFIED_FIRING);
	put_over(3, STORE_MAX_ALERTS - 1, RECORD_NOTIFIED_RESOLVED);
	commit((struct store_change){ .trim_alerts_ms = 1 });
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM alert"), STORE_MAX_ALERTS + 1);
	put_over(1000000, 2, RECORD_NOTIFIED_NOTHING);
	commit((struct store_change){ .trim_alerts_ms = 1 });
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM alert"), STORE_MAX_ALERTS + 2);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM alert WHERE id < 3"), 2);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM alert WHERE id = 3"), 0);
}

static void put_silence(int64_t id, int64_t ends_ms)
{
	struct record_silence row = {
		id, "EX*", "", "", "silent", "moving", "token ops", 1, ends_ms
	};
	commit((struct store_change){ .silence = &row });
}

static void silences_that_are_over_go(void **state)
{
	(void)state;
	put_silence(1, 999);
	put_silence(2, 1000);
	put_silence(3, 1001);
	commit((struct store_change){ .trim_alerts_ms = 1000 });
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM silence"), 1);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM silence WHERE id = 3"), 1);
}

static void put_deliveries(int64_t first, size_t n, enum record_delivery_state end)
{
	struct record_delivery *rows = mem_alloc(n * sizeof *rows);
	const struct record_delivery **list = mem_alloc(n * sizeof *list);

	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct record_delivery){ .id = first + (int64_t)i,
						    .hook = "ops",
						    .lane = "HQ",
						    .state = RECORD_DELIVERY_WAITING,
						    .ended_ms = TIMESTAMP_NONE,
						    .result = "",
						    .body = "{}",
						    .body_size = 2 };
		list[i] = &rows[i];
	}
	commit((struct store_change){ .deliveries = list, .n_deliveries = n });
	for (size_t i = 0; end != RECORD_DELIVERY_WAITING && i < n; i++) {
		rows[i].state = end;
		rows[i].ended_ms = 5;
		rows[i].result = "HTTP status 400";
		commit((struct store_change){ .delivery = &rows[i] });
	}
	free((void *)list);
	free(rows);
}

/* Dead letters, and what was delivered: at the limit and past it. What waits stays. */
static void deliveries_that_are_over_have_a_limit(void **state)
{
	static const enum record_delivery_state ends[] = { RECORD_DELIVERY_DEAD,
							   RECORD_DELIVERY_DONE };
	(void)state;

	put_deliveries(1, 3, RECORD_DELIVERY_WAITING);
	for (int i = 0; i < 2; i++) {
		char query[96];
		char change[96];
		int64_t first = 10000 * (i + 1);
		snprintf(query, sizeof query, "SELECT count(*) FROM delivery WHERE state = %d",
			 (int)ends[i]);
		put_deliveries(first, STORE_MAX_DELIVERIES - 1, RECORD_DELIVERY_WAITING);
		snprintf(change, sizeof change, "UPDATE delivery SET state = %d WHERE id >= %lld",
			 (int)ends[i], (long long)first);
		fixture_execute(&f, change); /* a commit of each would take long */
		put_deliveries(first + STORE_MAX_DELIVERIES - 1, 1, ends[i]);
		assert_int_equal(fixture_count(&f, query), STORE_MAX_DELIVERIES);
		put_deliveries(first + STORE_MAX_DELIVERIES, 1, ends[i]);
		assert_int_equal(fixture_count(&f, query), STORE_MAX_DELIVERIES);
		snprintf(query, sizeof query, "SELECT count(*) FROM delivery WHERE id = %lld",
			 (long long)first);
		assert_int_equal(fixture_count(&f, query), 0);
	}
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM delivery WHERE state = 1"), 3);
}

/*
 * More than any engine reads at once, of every condition and under names that differ by case, too.
 */
#define N_ORDERED 700

static const char *const ordered_names[] = { "exch1", "EXCH1", "Exch2", "alpha", "_x", "Zeta" };

static void put_ordered(void)
{
	static struct record_alert rows[N_ORDERED];
	static const struct record_alert *list[N_ORDERED];

	for (size_t i = 0; i < N_ORDERED; i++) {
		rows[i] = full;
		rows[i].id = 1000 + (int64_t)((i * 389) % N_ORDERED); /* none twice */
		rows[i].condition = (enum condition)(i * i % CONDITION_COUNT);
		rows[i].server = ordered_names[i % 6];
		rows[i].site = ordered_names[i / 6 % 6];
		rows[i].organization = ordered_names[i / 36 % 6];
		list[i] = &rows[i];
	}
	commit((struct store_change){ .alerts = list, .n_alerts = N_ORDERED });
}

struct ordered {
	enum store_alert_order order;
	size_t limit; /* so many are read */
	size_t n;
	int64_t ids[N_ORDERED];
	char names[N_ORDERED][48];
};

static const char *name_of(enum store_alert_order order, const struct record_alert *row,
			   char name[48])
{
	switch (order) {
	case STORE_ALERTS_WORST:
		snprintf(name, 48, "%s", condition_name(row->condition));
		break;
	case STORE_ALERTS_NEWEST:
		name[0] = '\0';
		break;
	case STORE_ALERTS_SERVER:
		snprintf(name, 48, "%s", row->server);
		break;
	case STORE_ALERTS_SITE:
		snprintf(name, 48, "%s/%s", row->site, row->organization);
		break;
	}
	return name;
}

static enum status keep_ordered(void *user, const struct record_alert *row)
{
	struct ordered *o = user;

	if (o->n == o->limit)
		return STATUS_LIMIT;
	name_of(o->order, row, o->names[o->n]);
	o->ids[o->n++] = row->id;
	return STATUS_OK;
}

static void read_ordered(struct ordered *o, const struct store_alert_place *from)
{
	o->n = 0;
	enum status status = store_read_alerts(store_reader(f.store), RECORD_ALERT_FIRING, o->order,
					       from, keep_ordered, o, f.error);
	assert_true(status == STATUS_OK || status == STATUS_LIMIT);
}

/* Is the row `i` before the next one? Equal names the newest first. */
static bool is_before(const struct ordered *o, size_t i)
{
	enum condition a, b;
	int order = text_compare(o->names[i], o->names[i + 1]);

	if (o->order == STORE_ALERTS_WORST) {
		assert_true(condition_from_name(o->names[i], &a));
		assert_true(condition_from_name(o->names[i + 1], &b));
		order = (int)a - (int)b;
	}
	return order < 0 || (order == 0 && o->ids[i] > o->ids[i + 1]);
}

static void alerts_come_in_every_order_and_go_on_from_every_place(void **state)
{
	static const enum store_alert_order orders[] = { STORE_ALERTS_WORST, STORE_ALERTS_NEWEST,
							 STORE_ALERTS_SERVER, STORE_ALERTS_SITE };
	static struct ordered all, rest;
	(void)state;

	put_ordered();
	for_each_row(i, orders) {
		all.order = rest.order = orders[i];
		all.limit = N_ORDERED;
		read_ordered(&all, &(struct store_alert_place){ "", INT64_MAX });
		assert_int_equal(all.n, N_ORDERED);
		for (size_t at = 0; at + 1 < all.n; at++)
			assert_true(is_before(&all, at));
		for (size_t at = 0; at < all.n; at += 99) {
			rest.limit = at % 2 ? 3 : N_ORDERED;
			read_ordered(&rest,
				     &(struct store_alert_place){ all.names[at], all.ids[at] });
			size_t left = all.n - at - 1;
			assert_int_equal(rest.n, left < rest.limit ? left : rest.limit);
			assert_memory_equal(rest.ids, all.ids + at + 1, rest.n * sizeof *rest.ids);
		}
	}
}

static void of_an_alert_that_changes_more_than_once_in_a_change_the_last_counts(void **state)
{
	struct record_alert first = full;
	struct record_alert last = full;
	const struct record_alert *both[] = { &first, &last };
	const int64_t id = full.id;
	(void)state;

	first.text = "not this";
	commit((struct store_change){ .alerts = both, .n_alerts = 2 });
	expect_open(&last);
	commit((struct store_change){
		.alerts = both, .n_alerts = 2, .dropped_alerts = &id, .n_dropped_alerts = 1 });
	expect_open(NULL);
}

struct listed_deliveries {
	size_t n;
	char text[1024];
};

static enum status list_delivery(void *user, const struct record_delivery *row)
{
	struct listed_deliveries *all = user;
	size_t n = strlen(all->text);

	all->n++;
	snprintf(all->text + n, sizeof all->text - n, "%lld %s %s %s %lld; ", (long long)row->id,
		 row->about.alert, row->about.server, row->about.condition,
		 (long long)row->about.n_alerts);
	return STATUS_OK;
}

static void put_delivery(int64_t id, const char *body)
{
	const struct record_delivery row = { .id = id,
					     .hook = "ops",
					     .lane = "HQ",
					     .state = RECORD_DELIVERY_WAITING,
					     .ended_ms = TIMESTAMP_NONE,
					     .result = "",
					     .body = body,
					     .body_size = strlen(body) };
	const struct record_delivery *list = &row;

	commit((struct store_change){ .deliveries = &list, .n_deliveries = 1 });
}

/* Of a body that is damaged, or names none, there is nothing to tell. */
static void deliveries_tell_what_they_are_about(void **state)
{
	struct listed_deliveries all = { .n = 0 };
	struct record_delivery one = { .id = 0 };
	struct arena arena;
	(void)state;

	put_delivery(
		1, "{\"alerts\":[{\"id\":\"7\",\"server\":\"EX1\",\"condition\":\"silent\"},{}]}");
	put_delivery(2, "{\"alerts\":[]}");
	put_delivery(3, "{\"alerts\":");
	put_delivery(4, "\xff\xfe");
	assert_int_equal(store_read_deliveries(store_reader(f.store), RECORD_DELIVERY_WAITING,
					       INT64_MAX, list_delivery, &all, f.error),
			 STATUS_OK);
	assert_string_equal(all.text, "4    0; 3    0; 2    0; 1 7 EX1 silent 2; ");
	arena_init(&arena);
	assert_int_equal(store_read_delivery(store_reader(f.store), 4, &arena, &one, f.error),
			 STATUS_OK);
	assert_int_equal(one.body_size, 2);
	assert_memory_equal(one.body, "\xff\xfe", 2);
	assert_int_equal(store_read_delivery(store_reader(f.store), 5, &arena, &one, f.error),
			 STATUS_NOT_FOUND);
	arena_deinit(&arena);
}

static void many_deliveries_are_listed_the_newest_first(void **state)
{
	struct listed_deliveries all = { .n = 0 };
	(void)state;

	put_deliveries(1, 600, RECORD_DELIVERY_WAITING);
	assert_int_equal(store_read_deliveries(store_reader(f.store), RECORD_DELIVERY_WAITING, 600,
					       list_delivery, &all, f.error),
			 STATUS_OK);
	assert_int_equal(all.n, 599);
	assert_int_equal(strtol(all.text, NULL, 10), 599);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(&f, an_alert_is_what_it_was),
		WITH_STORE(&f, a_number_that_stands_for_nothing_is_damage),
		WITH_STORE(&f, a_number_of_another_record_that_stands_for_nothing_is_damage),
		WITH_STORE(&f, alerts_that_are_over_have_a_limit),
		WITH_STORE(&f, silences_that_are_over_go),
		WITH_STORE(&f, deliveries_that_are_over_have_a_limit),
		WITH_STORE(&f, alerts_come_in_every_order_and_go_on_from_every_place),
		WITH_STORE(&f, of_an_alert_that_changes_more_than_once_in_a_change_the_last_counts),
		WITH_STORE(&f, deliveries_tell_what_they_are_about),
		WITH_STORE(&f, many_deliveries_are_listed_the_newest_first),
	};

	return fixture_run(tests);
}
