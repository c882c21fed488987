/* What the store keeps of what changed about a server, and for how long. */
#include "collector/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/collector/store/store_fixture.h"

static struct fixture f;

/* Where the last event that was listed stands. */
static struct store_history_place place;

static enum status list_event(void *user, const struct record_event *event,
			      struct store_history_place at)
{
	size_t n = strlen(f.listed);
	(void)user;

	assert_int_equal(at.at_ms, event->at_ms);
	place = at;
	snprintf(f.listed + n, sizeof f.listed - n, "%lld %s %s %s; ", (long long)event->at_ms,
		 event->key, event->kind, event->detail);
	return STATUS_OK;
}

static const char *list_history(const char *key, int64_t since_ms,
				struct store_history_place before, size_t limit)
{
	f.listed[0] = '\0';
	assert_int_equal(store_read_history(store_reader(f.store), key, since_ms, before, limit,
					    list_event, NULL, f.error),
			 STATUS_OK);
	return f.listed;
}

static void tells_what_changed_by_pages_the_latest_first(void **state)
{
	static const struct record_event events[] = {
		{ "a", 1000, "verdict", "{1}" }, { "a", 2000, "files", "{2}" },
		{ "b", 2000, "files", "{3}" },   { "a", 2000, "mta", "{4}" },
		{ "a", 1500, "silent", "{5}" },
	};
	static const struct record_event later = { "a", 2000, "mta", "{6}" };
	(void)state;

	fixture_commit(&f, (struct store_change){ .events = events, .n_events = 5 });
	fixture_commit(&f, (struct store_change){ .events = &later, .n_events = 1 });
	assert_int_equal(f.done, 2);
	fixture_close(&f);
	fixture_open(&f);
	assert_string_equal(list_history("a", 0, STORE_HISTORY_END, 2),
			    "2000 a mta {6}; 2000 a mta {4}; ");
	assert_string_equal(list_history("a", 0, place, 2),
			    "2000 a files {2}; 1500 a silent {5}; ");
	struct store_history_place behind_silent = place;
	assert_string_equal(list_history("a", 0, place, 2), "1000 a verdict {1}; ");
	assert_string_equal(list_history("a", 1500, behind_silent, 2), "");
	assert_string_equal(list_history("b", 0, STORE_HISTORY_END, 2), "2000 b files {3}; ");
	assert_string_equal(list_history("nobody", 0, STORE_HISTORY_END, 2), "");
}

static const char *list_histories(const char *after, const char *last)
{
	f.listed[0] = '\0';
	assert_int_equal(
		store_read_histories(store_reader(f.store), after, last, list_event, NULL, f.error),
		STATUS_OK);
	return f.listed;
}

static void tells_the_changes_of_many_servers_the_oldest_first(void **state)
{
	static const struct record_event events[] = {
		{ "b", 3000, "verdict", "{1}" }, { "a", 2000, "files", "{2}" },
		{ "b", 1000, "silent", "{3}" },  { "c", 2000, "place", "{4}" },
		{ "b", 1000, "mta", "{5}" },     { "d", 500, "verdict", "{6}" },
	};
	(void)state;

	fixture_commit(&f, (struct store_change){ .events = events, .n_events = 6 });
	assert_string_equal(list_histories("", "b"),
			    "2000 a files {}; 1000 b silent {3}; 1000 b mta {}; "
			    "3000 b verdict {1}; ");
	assert_string_equal(list_histories("b", "cx"), "2000 c place {4}; ");
	assert_string_equal(list_histories("d", "z"), "");
}

static void wait_for_rows(const char *query, int64_t n)
{
	for (int i = 0; i < 1000 && fixture_count(&f, query) != n; i++) {
		uv_run(&f.loop, UV_RUN_NOWAIT); /* hands over what was submitted */
		nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
	}
	assert_int_equal(fixture_count(&f, query), n);
}

static void keeps_so_many_changes_and_of_so_many_days(void **state)
{
	static struct record_event events[502];
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	(void)state;

	for (int i = 0; i < 500; i++)
		events[i] = (struct record_event){ "a", now_ms - 500 + i, "files", "{}" };
	events[500] = (struct record_event){ "b", now_ms - INT64_C(86400000) * 40, "files", "{}" };
	events[501] = (struct record_event){ "b", now_ms - INT64_C(86400000) * 20, "files", "{}" };
	limits.changes = 100;
	limits.change_days = 30;
	store_set_limits(f.store, &limits);
	fixture_commit(&f, (struct store_change){ .events = events, .n_events = 502 });
	wait_for_rows("SELECT count(*) FROM history", 101);
	list_history("b", 0, STORE_HISTORY_END, 9);
	assert_int_equal(place.at_ms, events[501].at_ms);
	list_history("a", 0, STORE_HISTORY_END, 1000);
	assert_int_equal(place.at_ms, events[400].at_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(&f, tells_what_changed_by_pages_the_latest_first),
		WITH_STORE(&f, tells_the_changes_of_many_servers_the_oldest_first),
		WITH_STORE(&f, keeps_so_many_changes_and_of_so_many_days),
	};

	return fixture_run(tests);
}
