/* What is marked as drift, report after report, and above all what is not. */
#include "collector/model/drift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/model/drift_marks.h"
#include "proto/base/arena.h"
#include "proto/json/slice.h"
#include "proto/report/json.h"

#define T0          INT64_C(1795344323000)
#define MINUTE      INT64_C(60000)
#define DAY         (1440 * MINUTE)
#define MAX_OF      8
#define BY(version) ",\"agent\":{\"id\":\"a\",\"epoch\":\"e\",\"version\":\"" version "\"}"
#define AGENT       BY("1.0.0")
#define NAME(x)     ",\"host\":{\"name\":\"EXCH1\",\"name_resolves_to\":[" x "]}"
#define UNNAMED     ",\"host\":{\"name\":\"EXCH1\"}"

/* Facts of a report, as members with a comma before each; the host is added where none is told. */
static void read_report(const char *facts, struct arena *arena, struct report *out)
{
	struct json_error error;
	const char *text =
		arena_printf(arena,
			     "{\"schema\":\"mtawatch.report/1\",\"sequence\":1,\"interval_s\":300,"
			     "\"collected_at\":\"2026-11-22T10:45:23Z\"%s%s%s}",
			     strstr(facts, "\"agent\"") ? "" : AGENT,
			     strstr(facts, "\"host\"") ? "" : UNNAMED, facts);

	enum status status = report_json_read(text, strlen(text), arena, out, &error);
	if (status != STATUS_OK)
		fail_msg("%s: %s: %s", text, error.pointer, error.detail);
}

/* The marks as the store keeps them: "at the MINUTE text; ". */
static const char *tell(const char *kept)
{
	static char told[DRIFT_MAX_TEXT];
	struct drift_mark mark;
	struct json_slice text;

	told[0] = '\0';
	while (kept && drift_next_mark(&kept, &mark)) {
		size_t n = strlen(told);
		assert_true(json_slice_member(mark.json, "text", &text));
		snprintf(told + n, sizeof told - n, "%.*s ", (int)text.size - 2, text.at + 1);
	}
	return told;
}

/* The marks after these reports, five minutes apart; what is remembered is read anew each time. */
static const char *play(const char *const *facts)
{
	struct report reports[MAX_OF];
	struct arena arena;
	char *kept = NULL;

	arena_init(&arena);
	for (size_t i = 0; facts[i]; i++) {
		struct drift drift;
		assert_true(i < MAX_OF);
		read_report(facts[i], &arena, &reports[i]);
		if (i == 0)
			continue;
		drift_read(kept, &arena, &drift);
		drift_follow_report(&drift, &reports[i - 1], &reports[i],
				    T0 + (int64_t)i * 5 * MINUTE);
		free(kept);
		kept = drift_write(&drift);
	}
	const char *told = tell(kept);
	free(kept);
	arena_deinit(&arena);
	return told;
}

#define ADAPTERS(list)       ",\"adapters\":[" list "]"
#define NIC(id, mac, member) "{\"id\":\"" id "\",\"mac\":\"" mac "\"," member "}"
#define ON(address)          "\"enabled\":true,\"addresses\":[\"" address "\"]"
#define OFF(address)         "\"enabled\":false,\"addresses\":[\"" address "\"]"
#define BARE                 "\"enabled\":true,\"addresses\":[]"
#define A                    NIC("A", "00-01", ON("10.0.0.1/24"))
#define B                    NIC("B", "00-02", ON("10.9.0.1/24"))
#define B_OFF                NIC("B", "00-02", OFF("10.9.0.1/24"))
#define B_BARE               NIC("B", "00-02", BARE)
#define B_IS_NEW             "Adapter B has become active: 10.9.0.1/24. "

#define BIND(list)       ",\"bindings\":{\"tcpip\":[" list "]}"
#define D(id)            "\"\\\\Device\\\\" id "\""
#define ORDER(now, then) "The binding order of TCP/IP is now " now "; before " then ". "

#define FILES(state)     ",\"files\":[{\"name\":\"Emsmta.exe\"," state "}]"
#define VERSION(version) FILES("\"state\":\"versioned\",\"version\":\"" version "\"")
#define OLDER(now, then) "Emsmta.exe was replaced by an older one, " now "; before " then ". "

struct play_case {
	const char *reports[MAX_OF + 1];
	const char *told;
};

static void expect(const struct play_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *told = play(cases[i].reports);
		if (strcmp(told, cases[i].told) != 0)
			fail_msg("case %zu (from 0): expected \"%s\", got \"%s\"", i, cases[i].told,
				 told);
	}
}

#define EXPECT(cases) expect(cases, sizeof(cases) / sizeof *(cases))

static void marks_an_adapter_that_becomes_active(void **state)
{
	static const struct play_case cases[] = {
		{ { ADAPTERS(A), ADAPTERS(A "," B) }, B_IS_NEW },
		{ { ADAPTERS(A "," B_OFF), ADAPTERS(A "," B) }, B_IS_NEW },
		{ { ADAPTERS(A "," B_BARE), ADAPTERS(A "," B) }, B_IS_NEW },
		/* Undone, and done again. */
		{ { ADAPTERS(A), ADAPTERS(A "," B), ADAPTERS(A "," B_OFF) }, "" },
		{ { ADAPTERS(A), ADAPTERS(A "," B), ADAPTERS(A) }, "" },
		{ { ADAPTERS(A), ADAPTERS(A "," B), ADAPTERS(A), ADAPTERS(A "," B) }, B_IS_NEW },
		{ { ADAPTERS(A), ADAPTERS(A "," B), "", ADAPTERS(A) }, "" },
		/* It stays while it is active, whatever else changes. */
		{ { ADAPTERS(A), ADAPTERS(A "," B), ADAPTERS(B), ADAPTERS(B "," A) }, B_IS_NEW },
		{ { ADAPTERS(A), ADAPTERS(A "," B), "" }, B_IS_NEW },
		/* Renamed afterwards. */
		{ { ADAPTERS(A), ADAPTERS(A "," B),
		    ADAPTERS(A "," NIC("C", "00-02", ON("10.9.0.1/24"))), ADAPTERS(A) },
		  "" },
	};
	(void)state;
	EXPECT(cases);
}

static void takes_no_adapter_for_a_new_one_that_was_there(void **state)
{
	static const struct play_case cases[] = {
		{ { ADAPTERS(A "," B), ADAPTERS(B "," A) }, "" },
		{ { ADAPTERS(A "," B_OFF), ADAPTERS(A) }, "" },
		{ { ADAPTERS(A), ADAPTERS(A "," B_OFF), ADAPTERS(A "," B_BARE) }, "" },
		/* Down for a while: without an address, disabled, or not there at all. */
		{ { ADAPTERS(A "," B), ADAPTERS(A "," B_BARE), ADAPTERS(A "," B) }, "" },
		{ { ADAPTERS(A "," B), ADAPTERS(A "," B_OFF), ADAPTERS(A "," B) }, "" },
		{ { ADAPTERS(A "," B), ADAPTERS(A), ADAPTERS(A), ADAPTERS(A "," B) }, "" },
		{ { ADAPTERS(A "," B), ADAPTERS(A), "", ADAPTERS(A "," B) }, "" },
		/* Another id: the same card, or the same addresses; also over a report without it. */
		{ { ADAPTERS(A "," B), ADAPTERS(A "," NIC("C", "00-02", ON("10.9.0.7/24"))) }, "" },
		{ { ADAPTERS(A "," B), ADAPTERS(A "," NIC("C", "", ON("10.9.0.1/24"))) }, "" },
		{ { ADAPTERS(A "," B), ADAPTERS(A),
		    ADAPTERS(A "," NIC("C", "00-03", ON("10.9.0.1/24"))) },
		  "" },
		/* Another address. */
		{ { ADAPTERS(A), ADAPTERS(NIC("A", "00-01", ON("10.0.0.9/24"))) }, "" },
		/* Nobody knows: no list, no state, an agent that may look for more. */
		{ { "", ADAPTERS(A "," B) }, "" },
		{ { ADAPTERS(A), "", ADAPTERS(A "," B) }, "" },
		{ { ADAPTERS(A "," B_OFF),
		    ADAPTERS(A "," NIC("B", "00-02", "\"addresses\":[\"10.9.0.1/24\"]")) },
		  "" },
		{ { BY("0.9.0") ADAPTERS(A), ADAPTERS(A "," B) }, "" },
		/* No usable address. */
		{ { ADAPTERS(A), ADAPTERS(A "," NIC("L", "", ON("127.0.0.1/8"))) }, "" },
	};
	(void)state;
	EXPECT(cases);
}

static void a_second_card_is_new_although_a_first_one_has_its_address_or_number(void **state)
{
	static const struct play_case cases[] = {
		/* A team has the number of one of its cards. */
		{ { ADAPTERS(A), ADAPTERS(A "," NIC("T", "00-01", ON("10.5.0.1/24"))) },
		  "Adapter T has become active: 10.5.0.1/24. " },
		/* Another version of the agent, but the adapter was listed. */
		{ { BY("0.9.0") ADAPTERS(A "," B_OFF), ADAPTERS(A "," B) }, B_IS_NEW },
	};
	(void)state;
	EXPECT(cases);
}

static void marks_another_binding_order(void **state)
{
	static const struct play_case cases[] = {
		{ { BIND(D("A") "," D("B")), BIND(D("B") "," D("A")) }, ORDER("B, A", "A, B") },
		{ { BIND(D("A") "," D("B") "," D("C")), BIND(D("A") "," D("C") "," D("B")) },
		  ORDER("A, C, B", "A, B, C") },
		/* It is told from what it was, not from the last change. */
		{ { BIND(D("A") "," D("B") "," D("C")), BIND(D("B") "," D("A") "," D("C")),
		    BIND(D("B") "," D("C") "," D("A")) },
		  ORDER("B, C, A", "A, B, C") },
		{ { BIND(D("A") "," D("B")), BIND(D("B") "," D("A")), BIND(D("A") "," D("B")) },
		  "" },
		/* Not told for a while. */
		{ { BIND(D("A") "," D("B")), "", BIND(D("B") "," D("A")) }, ORDER("B, A", "A, B") },
		{ { BIND(D("A") "," D("B")), BIND(D("B") "," D("A")), "" }, ORDER("B, A", "A, B") },
		{ { ",\"bindings\":{\"rpc\":[\"ncacn_ip_tcp\",\"ncacn_np\"]}",
		    ",\"bindings\":{\"rpc\":[\"ncacn_np\",\"ncacn_ip_tcp\"]}" },
		  "The binding order of RPC is now ncacn_np, ncacn_ip_tcp; before ncacn_ip_tcp, "
		  "ncacn_np. " },
	};
	(void)state;
	EXPECT(cases);
}

static void takes_no_binding_order_for_another_that_is_not_told_or_only_longer(void **state)
{
	static const struct play_case cases[] = {
		{ { "", BIND(D("B") "," D("A")) }, "" },
		{ { BIND(D("A") "," D("B")), "" }, "" },
		{ { BIND(D("A") "," D("B")), "", BIND(D("A") "," D("B")) }, "" },
		{ { BIND(D("A") "," D("B")), BIND(D("C") "," D("A") "," D("B")) }, "" },
		{ { BIND(D("A") "," D("B") "," D("C")), BIND(D("A") "," D("C")) }, "" },
		{ { BIND(D("A") "," D("B")), BIND(D("A") "," D("B2")) }, "" },
	};
	(void)state;
	EXPECT(cases);
}

#define ONE              "\"10.0.0.1\""
#define TWO              "\"10.9.0.1\""
#define OTHER            "\"192.0.2.7\""
#define NAMED(now, then) "The server's own name resolves now to " now "; before " then ". "

static void marks_another_answer_for_the_own_name(void **state)
{
	static const struct play_case cases[] = {
		{ { ADAPTERS(A "," B) NAME(ONE), ADAPTERS(A "," B) NAME(TWO) },
		  NAMED("10.9.0.1", "10.0.0.1") },
		{ { ADAPTERS(A) NAME(ONE), ADAPTERS(A) NAME(OTHER) },
		  NAMED("192.0.2.7", "10.0.0.1") },
		{ { ADAPTERS(A "," B) NAME(ONE "," TWO), ADAPTERS(A "," B) NAME(ONE) },
		  NAMED("10.0.0.1", "10.0.0.1, 10.9.0.1") },
		/* Over a start, at which the agent has no answer yet. */
		{ { ADAPTERS(A) NAME(ONE), ADAPTERS(A), ADAPTERS(A) NAME(OTHER) },
		  NAMED("192.0.2.7", "10.0.0.1") },
		{ { ADAPTERS(A) NAME(ONE), ADAPTERS(A) NAME(OTHER), ADAPTERS(A),
		    ADAPTERS(A) NAME(ONE) },
		  "" },
	};
	(void)state;
	EXPECT(cases);
}

static void takes_no_answer_for_another_that_is_turned_or_follows_the_adapters(void **state)
{
	static const struct play_case cases[] = {
		{ { ADAPTERS(A "," B) NAME(ONE "," TWO), ADAPTERS(A "," B) NAME(TWO "," ONE) },
		  "" },
		{ { ADAPTERS(A) NAME(ONE), ADAPTERS(A) }, "" },
		{ { ADAPTERS(A), ADAPTERS(A) NAME(OTHER) }, "" },
		{ { ADAPTERS(A) NAME(ONE), ADAPTERS(A), ADAPTERS(A) NAME(ONE) }, "" },
		/* An adapter with another address, one more (told itself), one fewer. */
		{ { ADAPTERS(A) NAME(ONE),
		    ADAPTERS(NIC("A", "00-01", ON("10.0.0.9/24"))) NAME("\"10.0.0.9\"") },
		  "" },
		{ { ADAPTERS(A) NAME(ONE), ADAPTERS(A "," B) NAME(ONE "," TWO) }, B_IS_NEW },
		{ { ADAPTERS(A "," B) NAME(ONE "," TWO), ADAPTERS(A) NAME(ONE) }, "" },
		/* Without the adapters nobody can tell what it follows. */
		{ { ADAPTERS(A) NAME(ONE), NAME(OTHER) }, "" },
	};
	(void)state;
	EXPECT(cases);
}

static void marks_a_fixed_file_that_became_older(void **state)
{
	static const struct play_case cases[] = {
		{ { VERSION("5.5.2657.55"), VERSION("5.5.2653.23") },
		  OLDER("5.5.2653.23", "5.5.2657.55") },
		{ { VERSION("5.5.2657.55"), VERSION("5.5.2655.10") },
		  OLDER("5.5.2655.10", "5.5.2657.55") },
		{ { VERSION("6.0.2657.55"), VERSION("5.5.2653.23") },
		  OLDER("5.5.2653.23", "6.0.2657.55") },
		{ { VERSION("5.5.2657.55"), FILES("\"state\":\"unreadable\""), "",
		    VERSION("5.5.2653.23") },
		  OLDER("5.5.2653.23", "5.5.2657.55") },
		{ { VERSION("5.5.2657.55"), VERSION("5.5.2653.23"), VERSION("5.5.2655.10") },
		  OLDER("5.5.2655.10", "5.5.2657.55") },
		{ { VERSION("5.5.2657.55"), VERSION("5.5.2653.23"), VERSION("5.5.2657.74") }, "" },
		{ { VERSION("5.5.2657.55"), VERSION("5.5.2653.23"), "", VERSION("5.5.2657.55") },
		  "" },
	};
	(void)state;
	EXPECT(cases);
}

static void takes_no_file_for_an_older_one_that_is_newer_unfixed_or_not_told(void **state)
{
	static const struct play_case cases[] = {
		{ { VERSION("5.5.2653.23"), VERSION("5.5.2657.55") }, "" },
		{ { VERSION("5.5.2653.23"), VERSION("5.5.2650.24") }, "" },
		{ { VERSION("5.5.2655.10"), VERSION("6.0.2655.10") }, "" },
		{ { VERSION("5.5.2657.55"), FILES("\"state\":\"missing\"") }, "" },
		{ { VERSION("5.5.2657.55"), "", VERSION("5.5.2657.55") }, "" },
		{ { "", VERSION("5.5.2653.23") }, "" },
		{ { VERSION("7.0.1.1"), VERSION("5.5.2653.23") }, "" },
	};
	(void)state;
	EXPECT(cases);
}

/* The clock of the server plays no part: only the collector's times of reports come in. */
static void forgets_what_is_usual_by_now(void **state)
{
	struct report reports[2];
	struct arena arena;
	struct drift drift;
	(void)state;

	arena_init(&arena);
	read_report(ADAPTERS(A), &arena, &reports[0]);
	read_report(ADAPTERS(A "," B), &arena, &reports[1]);
	drift_read(NULL, &arena, &drift);
	drift_follow_report(&drift, &reports[0], &reports[1], T0);
	drift_age(&drift, T0 + 7 * DAY - 1);
	assert_int_equal(drift.n, 1);
	drift_follow_report(&drift, &reports[1], &reports[1], T0 + 7 * DAY - 1);
	assert_int_equal(drift.n, 1);
	assert_true(drift.entries[0].at_ms == T0);
	drift_age(&drift, T0 + 7 * DAY);
	assert_int_equal(drift.n, 0);
	assert_null(drift_write(&drift));
	arena_deinit(&arena);
}

static void what_a_later_version_or_nobody_wrote_is_none(void **state)
{
	static const char *const texts[] = { NULL,
					     "",
					     "[]",
					     "{}",
					     "[1]",
					     "[{\"kind\":\"moon\"}]",
					     "[{\"kind\":7}]",
					     "[{\"after\":[\"x\"]}]",
					     "[{\"kind\":\"own_name\"}]" };
	struct arena arena;
	struct drift drift;
	(void)state;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		drift_read(texts[i], &arena, &drift);
		assert_int_equal(drift.n, 0);
	}
	arena_deinit(&arena);
}

/* More than there is room for: nothing breaks, and what is kept can be read again. */
static void a_server_with_very_much_of_everything_has_its_limits(void **state)
{
	struct buffer many = { 0 };
	struct report reports[2];
	struct arena arena;
	struct drift drift;
	(void)state;

	arena_init(&arena);
	buffer_add_text(&many, ",\"adapters\":[");
	for (int i = 0; i < 64; i++)
		buffer_printf(
			&many,
			"%s{\"id\":\"%0500d\",\"enabled\":true,\"addresses\":[\"10.%d.0.1/24\"]}",
			i ? "," : "", i, i + 1);
	buffer_add_text(&many, "]");
	read_report(ADAPTERS(A), &arena, &reports[0]);
	read_report(many.bytes, &arena, &reports[1]);
	drift_read(NULL, &arena, &drift);
	drift_follow_report(&drift, &reports[0], &reports[1], T0);
	assert_int_equal(drift.n, DRIFT_MAX_ENTRIES);
	assert_null(drift_write(&drift));
	drift.n = 8;
	char *text = drift_write(&drift);
	drift_read(text, &arena, &drift);
	assert_int_equal(drift.n, 8);
	free(text);
	buffer_deinit(&many);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_an_adapter_that_becomes_active),
		cmocka_unit_test(takes_no_adapter_for_a_new_one_that_was_there),
		cmocka_unit_test(
			a_second_card_is_new_although_a_first_one_has_its_address_or_number),
		cmocka_unit_test(marks_another_binding_order),
		cmocka_unit_test(
			takes_no_binding_order_for_another_that_is_not_told_or_only_longer),
		cmocka_unit_test(marks_another_answer_for_the_own_name),
		cmocka_unit_test(
			takes_no_answer_for_another_that_is_turned_or_follows_the_adapters),
		cmocka_unit_test(marks_a_fixed_file_that_became_older),
		cmocka_unit_test(takes_no_file_for_an_older_one_that_is_newer_unfixed_or_not_told),
		cmocka_unit_test(forgets_what_is_usual_by_now),
		cmocka_unit_test(what_a_later_version_or_nobody_wrote_is_none),
		cmocka_unit_test(a_server_with_very_much_of_everything_has_its_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
