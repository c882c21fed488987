#include "agent/uplink/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/mem.h"
#include "tests/unit/rows.h"

#define ANSWER(peers)                                                                              \
	"{\"accepted\":7,\"verdict\":\"exposed\",\"interval_s\":300,\"peers\":[" peers "]}"
#define PEER "{\"name\":\"EXCH2\",\"addresses\":[\"10.0.0.2\",\"127.0.0.1\"]}"

static struct answer answer;
static struct arena arena;
static const char *why;

static enum status read_answer(const char *text)
{
	why = NULL;
	return answer_read(text, strlen(text), &arena, &answer, &why);
}

static int empty_arena(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

static void an_answer_is_read_with_its_peers(void **state)
{
	(void)state;
	assert_int_equal(read_answer(ANSWER(PEER)), STATUS_OK);
	assert_int_equal(answer.accepted, 7);
	assert_int_equal(answer.verdict, VERDICT_EXPOSED);
	assert_int_equal(answer.interval_s, 300);
	assert_int_equal(answer.peers.n, 1);
	assert_string_equal(answer.peers.list[0].name, "EXCH2");
	assert_int_equal(answer.peers.list[0].n_addresses, 1);
	assert_int_equal(answer.peers.list[0].addresses[0], 0x0A000002);
}

static void what_is_not_strictly_json_is_no_answer(void **state)
{
	static const char *const texts[] = {
		"",
		"<html>407</html>",
		ANSWER(PEER) "x",
		"{\"accepted\":6,\"accepted\":7,\"verdict\":\"exposed\",\"interval_s\":300,"
		"\"peers\":[]}",
		ANSWER("{\"name\":\"EXCH\n2\",\"addresses\":[]}"),
		ANSWER("{\"name\":\"EXCH\\u00002\",\"addresses\":[]}"),
		ANSWER("{\"name\":\"\xFF\",\"addresses\":[]}"),
	};
	(void)state;
	for_each_row(i, texts) {
		assert_int_equal(read_answer(texts[i]), STATUS_MALFORMED);
		assert_non_null(why);
	}
}

static void members_of_a_wrong_value_are_refused(void **state)
{
	static const char *const texts[] = {
		"{\"accepted\":-1,\"verdict\":\"exposed\",\"interval_s\":300,\"peers\":[]}",
		"{\"accepted\":7,\"verdict\":\"exposed\",\"interval_s\":300.5,\"peers\":[]}",
		"{\"accepted\":7,\"verdict\":\"exposed\",\"interval_s\":86401,\"peers\":[]}",
		"{\"accepted\":7,\"verdict\":\"Exposed\",\"interval_s\":300,\"peers\":[]}",
		"{\"accepted\":7,\"verdict\":\"exposed\",\"interval_s\":300}",
		ANSWER("{\"name\":\"\",\"addresses\":[]}"),
		ANSWER("{\"name\":\"EXCH2\",\"addresses\":[\"fe80::1\"]}"),
		ANSWER("{\"name\":\"EXCH2\"}"),
	};
	(void)state;
	for_each_row(i, texts) {
		assert_int_equal(read_answer(texts[i]), STATUS_INVALID);
		assert_non_null(why);
	}
}

static void nesting_that_would_exhaust_the_stack_is_refused(void **state)
{
	const size_t n = ANSWER_MAX_BYTES;
	char *text = mem_alloc(n + 1);

	(void)state;
	memset(text, '[', n);
	assert_int_equal(read_answer(text), STATUS_MALFORMED);
	free(text);
}

/* The problem in an answer of that kind. */
static struct answer_problem problem_of(long status, const char *type, const char *text)
{
	struct send_result result = { .outcome = SEND_ANSWERED,
				      .http_status = status,
				      .size = strlen(text) };

	result.body = mem_strdup(text);
	(void)snprintf(result.content_type, sizeof result.content_type, "%s", type);
	struct answer_problem problem = answer_read_problem(&result, &arena);
	free(result.body);
	return problem;
}

static void a_problem_gives_its_detail_or_else_its_title(void **state)
{
	static const char type[] = "application/problem+json";
	static const char both[] =
		"{\"title\":\"Gone\",\"detail\":\"It was here.\",\"code\":\"gone\"}";

	(void)state;
	struct answer_problem problem = problem_of(410, type, both);
	assert_string_equal(problem.words, "HTTP status 410: It was here.");
	assert_string_equal(problem.code, "gone");
	problem = problem_of(410, "Application/Problem+JSON; charset=utf-8",
			     "{\"title\":\"Gone\",\"code\":\"gone\"}");
	assert_string_equal(problem.words, "HTTP status 410: Gone");
	assert_string_equal(problem.code, "gone");
}

static void what_a_proxy_says_is_not_the_collectors_word(void **state)
{
	static const struct {
		const char *type;
		const char *text;
	} rows[] = {
		{ "text/html", "<html>413 Request Entity Too Large</html>" },
		{ "text/html", "{\"code\":\"body_too_large\"}" },
		{ "application/json", "{\"code\":\"body_too_large\"}" },
		{ "application/problem+jsonp", "{\"code\":\"body_too_large\"}" },
		{ "application/problem+json", "{\"title\":\"Too large\",\"status\":413}" },
		{ "application/problem+json", "{\"code\":\"body_too_large\"}}" },
		{ "application/problem+json", "" },
		{ "", "" },
	};

	(void)state;
	for_each_row(i, rows) {
		struct answer_problem problem = problem_of(413, rows[i].type, rows[i].text);
		assert_null(problem.code);
		assert_false(answer_is_refusal(&problem));
		assert_non_null(strstr(problem.words,
				       "a proxy answered, not the collector: HTTP status 413"));
	}
}

static void only_codes_of_ours_are_final(void **state)
{
	static const char type[] = "application/problem+json";

	(void)state;
	struct answer_problem ours =
		problem_of(413, type, "{\"code\":\"body_too_large\",\"detail\":\"1 MiB\"}");
	struct answer_problem later = problem_of(503, type, "{\"code\":\"not_stored\"}");
	struct answer_problem others = problem_of(400, type, "{\"code\":\"WAF-4711\"}");
	assert_true(answer_is_refusal(&ours));
	assert_false(answer_is_refusal(&later));
	assert_false(answer_is_refusal(&others));
}

static void an_enrolment_gives_an_id_and_nothing_else_is_one(void **state)
{
	static const char good[] = "{\"id\":\"6F1C0000-0000-4000-8000-00000000000a\",\"more\":1}";
	static const char *const bad[] = {
		"", "{}", "{\"id\":7}", "{\"id\":\"\"}", "{\"id\":\"6f1c\"}", "[\"id\"]"
	};
	char id[UUID_TEXT_SIZE] = "kept";

	(void)state;
	for_each_row(i, bad) {
		assert_int_equal(answer_read_enrolment(bad[i], strlen(bad[i]), id),
				 STATUS_MALFORMED);
		assert_string_equal(id, "kept");
	}
	assert_int_equal(answer_read_enrolment(good, strlen(good), id), STATUS_OK);
	assert_string_equal(id, "6f1c0000-0000-4000-8000-00000000000a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_answer_is_read_with_its_peers, empty_arena),
		cmocka_unit_test_teardown(what_is_not_strictly_json_is_no_answer, empty_arena),
		cmocka_unit_test_teardown(members_of_a_wrong_value_are_refused, empty_arena),
		cmocka_unit_test_teardown(nesting_that_would_exhaust_the_stack_is_refused,
					  empty_arena),
		cmocka_unit_test_teardown(a_problem_gives_its_detail_or_else_its_title,
					  empty_arena),
		cmocka_unit_test_teardown(what_a_proxy_says_is_not_the_collectors_word,
					  empty_arena),
		cmocka_unit_test_teardown(only_codes_of_ours_are_final, empty_arena),
		cmocka_unit_test(an_enrolment_gives_an_id_and_nothing_else_is_one),
	};
	arena_init(&arena);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
