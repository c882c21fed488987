/*
 * Machines that were renamed: which silent server is which other one now
 * (collector/fleet/renames.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/collector/fleet/fleet_fixture.h"
#include "tests/unit/rows.h"

/* From then on a server is silent that reported at T0 with an interval of five minutes. */
#define SILENT (T0 + 15 * MINUTE)

#define CARD "00-50-04-a1-b2-c3"

static void report(struct fixture *f, const char *name, const char *mac, int64_t at_ms)
{
	struct fixture_words words = { .name = name, .mac = mac };
	fixture_report(f, &words, at_ms, at_ms);
}

/* The name that a server has now; "" where none is known. */
static const char *now_called(const struct fixture *f, const char *name)
{
	const struct view *view = fleet_find(f->fleet, name);
	assert_non_null(view);
	return view->renamed_to ? view->renamed_to : "";
}

static void a_renamed_machine_is_known_once_its_old_name_is_silent(void **state)
{
	struct fixture f;
	const struct view *former[4];
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", "00:50:04:A1:B2:C3", T0 + 10 * MINUTE);
	report(&f, "S3", "00-50-04-a1-b2-c4", T0 + 10 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "");
	fixture_advance(&f, SILENT);
	assert_string_equal(fixture_verdict(&f, "S1"), "unknown silent");
	assert_string_equal(now_called(&f, "S1"), "S2");
	assert_int_equal(fleet_former_names(f.fleet, "s2", former, 4), 1);
	assert_string_equal(former[0]->server, "S1");
	assert_int_equal(fleet_former_names(f.fleet, "s3", former, 4), 0);
	assert_int_equal(fleet_former_names(f.fleet, "nobody", former, 4), 0);
	fixture_restart(&f, SILENT + MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S2");
	fixture_deinit(&f);
}

static void a_new_name_may_come_when_the_old_one_is_long_silent(void **state)
{
	struct fixture f;
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	fixture_advance(&f, SILENT);
	struct fixture_words other = { .name = "S2", .mac = CARD };
	struct changes *changes = fixture_take(&f, &other, SILENT + MINUTE, SILENT + MINUTE);
	assert_string_equal(now_called(&f, "S1"), ""); /* nothing is seen before it is durable */
	fixture_commit(&f, changes);
	assert_string_equal(now_called(&f, "S1"), "S2");
	fixture_restart(&f, SILENT + 2 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S2");
	fixture_deinit(&f);
}

/* One call in which the old name falls silent and the new one comes: its adapters stay known. */
static void both_may_happen_at_once(void **state)
{
	struct fixture f;
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", CARD, SILENT + MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S2");
	for (size_t i = 0; i < f.n_servers; i++)
		fixture_restart(&f, SILENT + 2 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S2");
	assert_int_not_equal(fleet_find(f.fleet, "S1")->adapters, 0);
	fixture_deinit(&f);
}

static void a_machine_renamed_twice_has_two_former_names(void **state)
{
	struct fixture f;
	const struct view *former[4];
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", CARD, T0 + 10 * MINUTE);
	fixture_advance(&f, T0 + 30 * MINUTE);
	report(&f, "S3", CARD, T0 + 31 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S3");
	assert_string_equal(now_called(&f, "S2"), "S3");
	assert_int_equal(fleet_former_names(f.fleet, "s3", former, 4), 2);
	assert_int_equal(fleet_former_names(f.fleet, "s3", former, 1), 1);
	fixture_deinit(&f);
}

static void who_reports_again_was_not_renamed(void **state)
{
	struct fixture f;
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", CARD, SILENT + MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S2");
	report(&f, "S1", CARD, SILENT + 2 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "");
	fixture_deinit(&f);
}

static void a_card_that_went_to_a_machine_that_was_there_tells_nothing(void **state)
{
	struct fixture f;
	(void)state;

	fixture_init(&f);
	report(&f, "S2", NULL, T0 - MINUTE);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", CARD, T0 + 10 * MINUTE);
	fixture_advance(&f, SILENT);
	assert_string_equal(fixture_verdict(&f, "S1"), "unknown silent");
	assert_string_equal(now_called(&f, "S1"), "");
	fixture_deinit(&f);
}

/* Both were there at once, as a report shows that was long on its way. */
static void an_older_report_takes_a_renaming_back(void **state)
{
	struct fixture f;
	struct fixture_words late = { .name = "S2" };
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", CARD, T0 + 10 * MINUTE);
	fixture_advance(&f, SILENT);
	fixture_report(&f, &late, T0 + 5 * MINUTE, SILENT + MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S2");
	fixture_report(&f, &late, T0 - MINUTE, SILENT + 2 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "");
	report(&f, "S2", CARD, SILENT + 3 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "");
	fixture_restart(&f, SILENT + 4 * MINUTE);
	assert_string_equal(now_called(&f, "S1"), "");
	fixture_deinit(&f);
}

static void of_two_live_machines_with_its_card_neither_is_named(void **state)
{
	struct fixture f;
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", CARD, T0 + 10 * MINUTE);
	report(&f, "S3", CARD, T0 + 11 * MINUTE);
	fixture_advance(&f, SILENT);
	assert_string_equal(now_called(&f, "S1"), "");
	fixture_deinit(&f);
}

static void addresses_that_many_machines_have_are_no_evidence(void **state)
{
	static const char *const addresses[] = {
		"00-53-45-00-00-00",    "44-45-53-54-00-00",
		"02-00-4c-4f-4f-50",    "01-50-04-a1-b2-c3",
		"00-00-00-00-00-00",    "00-50-04-a1-b2",
		"00-50-04-a1-b2-c3-00", "00.50.04.a1.b2.c3",
		"00-50-04-a1-b2-g3",    "",
	};
	(void)state;
	for_each_row(i, addresses) {
		struct fixture f;
		fixture_init(&f);
		report(&f, "S1", addresses[i], T0);
		report(&f, "S2", addresses[i], SILENT + MINUTE);
		assert_string_equal(now_called(&f, "S1"), "");
		fixture_deinit(&f);
	}
}

static void a_name_that_is_removed_is_nobodys_new_name(void **state)
{
	struct fixture f;
	struct changes *changes = NULL;
	(void)state;

	fixture_init(&f);
	report(&f, "S1", CARD, T0);
	report(&f, "S2", CARD, SILENT + MINUTE);
	assert_int_equal(fixture_remove(&f, "s2", SILENT + 2 * MINUTE, &changes), STATUS_OK);
	fixture_commit(&f, changes);
	assert_string_equal(now_called(&f, "S1"), "");
	fixture_deinit(&f);
}

/* More cards than there is room for at first, some of which change. */
static void many_cards_are_told_apart(void **state)
{
	const int n = 200;
	struct fixture f;
	char name[16];
	char mac[32];
	(void)state;

	fixture_init(&f);
	for (int i = 1; i <= n; i++) {
		snprintf(name, sizeof name, "S%d", i);
		snprintf(mac, sizeof mac, "00-50-04-00-00-%02x", i);
		report(&f, name, i % 2 ? mac : "00-50-04-00-01-00", T0 + i);
		report(&f, name, mac, T0 + i + n);
	}
	for (int i = 1; i <= n / 2; i++) {
		snprintf(name, sizeof name, "S%d", i + n);
		snprintf(mac, sizeof mac, "00-50-04-00-00-%02x", i);
		report(&f, name, mac, SILENT + MINUTE + i);
	}
	for (int i = 1; i <= n; i++) {
		char expected[16] = "";
		snprintf(name, sizeof name, "S%d", i);
		if (i <= n / 2)
			snprintf(expected, sizeof expected, "S%d", i + n);
		assert_string_equal(now_called(&f, name), expected);
	}
	fixture_deinit(&f);
}

/* The old name's only report comes late, as an import does. */
static void a_name_that_is_silent_from_the_beginning_was_renamed_too(void **state)
{
	static const struct fixture_words old = { .name = "S1", .mac = CARD };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	report(&f, "S2", CARD, SILENT);
	fixture_report(&f, &old, T0, SILENT + MINUTE);
	assert_string_equal(now_called(&f, "S1"), "S2");
	fixture_deinit(&f);
}

/* An address that more than eight servers tell is nobody's. */
static void an_address_that_everybody_has_is_no_evidence(void **state)
{
	(void)state;
	for (int n = 7; n <= 9; n++) {
		struct fixture f;
		char name[16];
		fixture_init(&f);
		for (int i = 1; i < n; i++) {
			snprintf(name, sizeof name, "S%d", i);
			report(&f, name, CARD, T0);
		}
		report(&f, "S100", CARD, SILENT + MINUTE);
		assert_string_equal(now_called(&f, "S1"), n <= 8 ? "S100" : "");
		fixture_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renamed_machine_is_known_once_its_old_name_is_silent),
		cmocka_unit_test(a_new_name_may_come_when_the_old_one_is_long_silent),
		cmocka_unit_test(both_may_happen_at_once),
		cmocka_unit_test(a_machine_renamed_twice_has_two_former_names),
		cmocka_unit_test(who_reports_again_was_not_renamed),
		cmocka_unit_test(a_card_that_went_to_a_machine_that_was_there_tells_nothing),
		cmocka_unit_test(an_older_report_takes_a_renaming_back),
		cmocka_unit_test(of_two_live_machines_with_its_card_neither_is_named),
		cmocka_unit_test(addresses_that_many_machines_have_are_no_evidence),
		cmocka_unit_test(a_name_that_is_removed_is_nobodys_new_name),
		cmocka_unit_test(many_cards_are_told_apart),
		cmocka_unit_test(a_name_that_is_silent_from_the_beginning_was_renamed_too),
		cmocka_unit_test(an_address_that_everybody_has_is_no_evidence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
