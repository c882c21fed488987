#include "agent/uplink/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/mem.h"

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
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
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
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
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

static void a_problem_gives_its_detail_or_else_its_title(void **state)
{
	static const char both[] =
		"{\"title\":\"Gone\",\"detail\":\"It was here.\",\"code\":\"gone\"}";
	static const char title[] = "{\"title\":\"Gone\"}";
	static const char none[] = "{\"title\":\"Gone\"}}";

	(void)state;
	struct answer_problem problem = answer_read_problem(both, strlen(both), &arena);
	assert_string_equal(problem.words, "It was here.");
	assert_string_equal(problem.code, "gone");
	problem = answer_read_problem(title, strlen(title), &arena);
	assert_string_equal(problem.words, "Gone");
	assert_null(problem.code);
	problem = answer_read_problem(none, strlen(none), &arena);
	assert_null(problem.words);
}

static void an_enrolment_gives_an_id_and_nothing_else_is_one(void **state)
{
	static const char good[] = "{\"id\":\"6F1C0000-0000-4000-8000-00000000000a\",\"more\":1}";
	static const char *const bad[] = {
		"", "{}", "{\"id\":7}", "{\"id\":\"\"}", "{\"id\":\"6f1c\"}", "[\"id\"]"
	};
	char id[UUID_TEXT_SIZE] = "kept";

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
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
		cmocka_unit_test(an_enrolment_gives_an_id_and_nothing_else_is_one),
	};
	arena_init(&arena);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
