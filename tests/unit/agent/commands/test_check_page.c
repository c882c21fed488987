/* The page of `mtawatch-agent check` when what it tells of means harm to the terminal. */
#include "agent/commands/check_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "proto/report/json.h"
#include "tests/unit/rows.h"

/* An exposed server whose names are `%s`, which stands in JSON. */
static const char body[] =
	"{\"schema\":\"mtawatch.report/1\",\"agent\":{\"id\":\"i\",\"epoch\":\"e\",\"version\":"
	"\"1\",\"platform\":\"linux\"},\"sequence\":1,\"collected_at\":\"2026-11-22T10:45:23Z\","
	"\"interval_s\":300,\"host\":{\"name\":\"%s\",\"os\":\"%s\"},\"exchange\":{\"installed\":"
	"true,"
	"\"version\":\"5.5\",\"service_pack\":4,\"build\":\"5.5.2653.23\",\"organization\":\"%s\","
	"\"site\":\"%s\",\"server\":\"%s\",\"clustered\":false},\"adapters\":[{\"id\":\"A\","
	"\"enabled\":true,\"link\":\"up\",\"addresses\":[\"10.0.0.1/24\"]},{\"id\":\"%s\","
	"\"description\":\"%s\",\"enabled\":true,\"link\":\"up\",\"addresses\":[\"10.9.0.1/24\"]}],"
	"\"probes\":[{\"adapter\":\"A\",\"peer\":\"P%s\",\"from\":\"10.0.0.1\",\"to\":\"10.0.0.2\","
	"\"grade\":\"mta\",\"for_s\":3600},{\"adapter\":\"%s\",\"peer\":\"P%s\",\"from\":\"10.9.0."
	"1\","
	"\"to\":\"10.0.0.2\",\"grade\":\"none\",\"for_s\":3600,\"error\":\"timeout\"}],"
	"\"mta\":{\"service\":\"running\",\"start_type\":\"auto\"},\"files\":[{\"name\":"
	"\"Emsmta.exe\",\"state\":\"versioned\",\"version\":\"5.5.2653.23\"}],\"problems\":["
	"{\"fact\":\"mta.events\",\"code\":5,\"message\":\"%s\"}]}";

/* The page, to be freed. */
static char *print(const char *value, const struct check_page_style *style,
		   struct check_page_answer *answer)
{
	struct json_error error = { .pointer = "" };
	struct report report;
	struct arena arena;
	char *page = NULL;
	size_t size = 0;

	arena_init(&arena);
	const char *text = arena_printf(&arena, body, value, value, value, value, value, value,
					value, value, value, value, value);
	if (report_json_read(text, strlen(text), &arena, &report, &error) != STATUS_OK)
		fail_msg("%s: %s", error.pointer, error.detail);
	FILE *stream = open_memstream(&page, &size);
	assert_non_null(stream);
	assert_int_equal(check_page_print(stream, &report, style, answer), STATUS_OK);
	assert_int_equal(fclose(stream), 0);
	arena_deinit(&arena);
	return page;
}

/*
 * Nothing but printable characters and line ends; of UTF-8, no mark that turns or hides anything.
 */
static void assert_harmless(const char *page)
{
	static const char *const marks[] = {
		"\xe2\x80\xae" /* U+202E */, "\xe2\x80\x8f" /* U+200F */,
		"\xe2\x81\xa6" /* U+2066 */, "\xe2\x80\xa8" /* U+2028 */,
		"\xd8\x9c" /* U+061C */,     "\xe2\x80\x8b" /* U+200B */,
		"\xef\xbb\xbf" /* U+FEFF */, "\xc2\x9b" /* U+009B */
	};

	for (const char *c = page; *c; c++)
		assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7f));
	for_each_row(i, marks)
		assert_null(strstr(page, marks[i]));
}

static void hostile_values_are_text_on_the_page(void **state)
{
	static const struct {
		const char *value; /* in JSON */
		const char *shown;
	} cases[] = {
		{ "<script>alert(1)</script>", "<script>alert(1)</script>: exposed" },
		{ "a\\\"b'c", "a\"b'c: exposed" },
		{ "x\\u001b]0;owned\\u0007\\u001b[2J", "x?]0;owned??[2J: exposed" },
		{ "one\\r\\nexposed: clear\\n", "one??exposed: clear?: exposed" },
		{ "safe\\u202egnp\\u2066\\u200f\\u061c", "safe?gnp???: exposed" },
		{ "a\\u200bb\\ufeffc\\u2028d", "a?b?c?d: exposed" },
		{ "c1\\u009b31m\\u007f", "c1?31m?: exposed" },
		{ "%s%n%1$s", "%s%n%1$s: exposed" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct check_page_answer answer;
		char *page =
			print(cases[i].value, &(struct check_page_style){ .json = false }, &answer);
		assert_int_equal(answer.verdict, VERDICT_EXPOSED);
		assert_memory_equal(page, cases[i].shown, strlen(cases[i].shown));
		assert_harmless(page);
		assert_non_null(strstr(page, "\nWhy\n"));
		assert_non_null(strstr(page, "\nWhat could not be read\n"));
		free(page);
	}
}

static void names_of_a_kilobyte_are_shown(void **state)
{
	char name[REPORT_MAX_STRING]; /* a peer has one letter more */
	struct check_page_answer answer;
	(void)state;

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	char *page = print(name, &(struct check_page_style){ .json = false }, &answer);
	assert_memory_equal(page, name, sizeof name - 1);
	assert_harmless(page);
	free(page);
}

static void before_a_restart_it_is_one_sentence(void **state)
{
	static const char begins[] = "EXCH1: No, its MTA would not start again. Adapter EXCH1";
	struct check_page_answer answer;
	(void)state;

	char *page = print("EXCH1", &(struct check_page_style){ .before_restart = true }, &answer);
	assert_int_equal(answer.restart, RESTART_NO);
	assert_memory_equal(page, begins, sizeof begins - 1);
	assert_harmless(page);
	assert_null(strstr(page, "\n\n"));
	free(page);
}

static void json_keeps_the_values_as_they_are(void **state)
{
	struct check_page_answer answer;
	(void)state;

	char *page = print("x\\u001b[2J\\n", &(struct check_page_style){ .json = true }, &answer);
	assert_non_null(strstr(page, "\"server\":\"x\\u001b[2J\\n\""));
	assert_ptr_equal(strchr(page, '\n'), page + strlen(page) - 1);
	assert_null(strchr(page, '\033'));
	free(page);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_values_are_text_on_the_page),
		cmocka_unit_test(names_of_a_kilobyte_are_shown),
		cmocka_unit_test(before_a_restart_it_is_one_sentence),
		cmocka_unit_test(json_keeps_the_values_as_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
