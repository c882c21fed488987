/* What another thread of the store reads for the loop. */
#include "collector/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/store/give_way.h"
#include "proto/base/mem.h"
#include "tests/unit/collector/store/store_fixture.h"

#define MAX_ANSWERS (STORE_MAX_ASKED + 8)

/* What is asked, and what came of it. */
struct question {
	uv_sem_t *gate;   /* it is read when this is posted; NULL: at once */
	uv_sem_t *begun;  /* posted before; NULL: nobody waits for that */
	int64_t sequence; /* the last of the agent "a" */
	uv_thread_t read_by;
	size_t n_answers;
	enum store_question kind;
	enum status status;
	int number;
	bool reads; /* of the store, too */
	bool gives_way;
	char error[STORE_ERROR_SIZE];
};

static int answered[MAX_ANSWERS]; /* numbers, in the order of the answers */
static size_t n_answered;

static enum status read_last(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	struct question *q = user;

	if (q->begun)
		uv_sem_post(q->begun);
	if (q->gate)
		uv_sem_wait(q->gate);
	if (q->gives_way)
		store_give_way(reader);
	q->read_by = uv_thread_self();
	return q->reads ? store_read_last_sequence(reader, "a", "e", &q->sequence, error)
			: STATUS_OK;
}

static void on_answer(void *user, enum status status, const char *error)
{
	struct question *q = user;

	q->status = status;
	q->n_answers++;
	snprintf(q->error, sizeof q->error, "%s", error);
	answered[n_answered++] = q->number;
}

static void ask(struct fixture *f, struct question *q)
{
	assert_int_equal(store_ask(f->store, q->kind, read_last, on_answer, q), STATUS_OK);
	assert_int_equal(q->n_answers, 0); /* never from the call */
}

static void run_until(struct fixture *f, size_t n)
{
	while (n_answered < n)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void open_store(struct fixture *f)
{
	n_answered = 0;
	fixture_set_up(f);
	fixture_open(f);
}

static void close_store(struct fixture *f)
{
	fixture_close(f);
	fixture_tear_down(f);
}

static void reads_on_another_thread_what_was_committed_before(void **state)
{
	struct question q = { .reads = true };
	uv_thread_t own = uv_thread_self();
	struct fixture f;
	(void)state;

	open_store(&f);
	for (int64_t sequence = 1; sequence <= 3; sequence++) {
		fixture_report(&f, "a", sequence, 1000 * sequence, "body");
		q.n_answers = 0;
		ask(&f, &q);
		run_until(&f, (size_t)sequence);
		assert_int_equal(q.status, STATUS_OK);
		assert_int_equal(q.sequence, sequence);
		assert_false(uv_thread_equal(&own, &q.read_by));
	}
	close_store(&f);
}

static void answers_in_the_order_of_the_questions(void **state)
{
	struct question questions[100] = { { 0 } };
	struct fixture f;
	(void)state;

	open_store(&f);
	for (int i = 0; i < 100; i++) {
		questions[i].number = i;
		questions[i].reads = i % 3 == 0;
		ask(&f, &questions[i]);
	}
	run_until(&f, 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(answered[i], i);
		assert_int_equal(questions[i].status,
				 questions[i].reads ? STATUS_NOT_FOUND : STATUS_OK);
	}
	close_store(&f);
}

static void look_ups_go_before_the_pages_that_wait(void **state)
{
	static const int order[] = { 0, 4, 5, 1, 2, 3 };
	struct question questions[6] = { { 0 } };
	uv_sem_t gate, begun;
	struct fixture f;
	(void)state;

	open_store(&f);
	uv_sem_init(&gate, 0);
	uv_sem_init(&begun, 0);
	questions[0] = (struct question){ .gate = &gate, .begun = &begun };
	for (int i = 0; i < 6; i++) {
		questions[i].number = i;
		questions[i].kind = i < 4 ? STORE_PAGE : STORE_LOOK_UP;
		ask(&f, &questions[i]);
		if (i == 0)
			uv_sem_wait(&begun);
	}
	assert_int_equal(store_asking(f.store), 6);
	uv_sem_post(&gate);
	run_until(&f, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(answered[i], order[i]);
	assert_int_equal(store_asking(f.store), 0);
	close_store(&f);
	uv_sem_destroy(&gate);
	uv_sem_destroy(&begun);
}

static void holds_up_neither_the_loop_nor_commits(void **state)
{
	uv_sem_t gate, begun;
	struct question q = { .gate = &gate, .begun = &begun, .reads = true };
	struct fixture f;
	(void)state;

	open_store(&f);
	uv_sem_init(&gate, 0);
	uv_sem_init(&begun, 0);
	ask(&f, &q);
	uv_sem_wait(&begun);
	fixture_report(&f, "a", 1, 1000, "body"); /* runs the loop until it is committed */
	assert_int_equal(f.done, 1);
	assert_int_equal(q.n_answers, 0);
	uv_sem_post(&gate);
	run_until(&f, 1);
	assert_int_equal(q.status, STATUS_OK);
	close_store(&f);
	uv_sem_destroy(&gate);
	uv_sem_destroy(&begun);
}

static void what_takes_long_gives_way_to_what_was_asked_meanwhile(void **state)
{
	static const int wanted[] = { 3, 1, 2, 0, 4 };
	struct question questions[5] = { { .gives_way = true }, { .reads = true } };
	struct fixture f;
	uv_sem_t gate;
	uv_sem_t begun;
	(void)state;

	open_store(&f);
	fixture_report(&f, "a", 7, 1000, "body");
	uv_sem_init(&gate, 0);
	uv_sem_init(&begun, 0);
	questions[0].gate = &gate;
	questions[0].begun = &begun;
	questions[3].kind = STORE_LOOK_UP;
	for (int i = 0; i < 4; i++) {
		questions[i].number = i;
		ask(&f, &questions[i]);
		if (i == 0)
			uv_sem_wait(&begun);
	}
	uv_sem_post(&gate);
	run_until(&f, 4);
	questions[4].number = 4;
	ask(&f, &questions[4]);
	run_until(&f, 5);
	assert_memory_equal(answered, wanted, sizeof wanted);
	assert_int_equal(questions[1].sequence, 7);
	close_store(&f);
	uv_sem_destroy(&gate);
	uv_sem_destroy(&begun);
}

static void tells_why_it_could_not_read_and_goes_on(void **state)
{
	struct question bad = { .number = 1, .reads = true };
	struct question good = { .number = 2 };
	struct fixture f;
	(void)state;

	open_store(&f);
	fixture_report(&f, "a", 1, 1000, "body");
	fixture_execute(&f, "ALTER TABLE stream RENAME TO elsewhere");
	ask(&f, &bad);
	ask(&f, &good);
	run_until(&f, 2);
	assert_int_equal(bad.status, STATUS_SYSTEM);
	assert_non_null(strstr(bad.error, "stream"));
	assert_int_equal(good.status, STATUS_OK);
	fixture_execute(&f, "ALTER TABLE elsewhere RENAME TO stream");
	fixture_report(&f, "a", 2, 2000, "body"); /* a failed read fails no commit */
	assert_int_equal(f.done, 2);
	bad.n_answers = 0;
	ask(&f, &bad);
	run_until(&f, 3);
	assert_int_equal(bad.status, STATUS_OK);
	assert_int_equal(bad.sequence, 2);
	close_store(&f);
}

static void takes_no_more_than_it_may(void **state)
{
	static struct question questions[STORE_MAX_ASKED + 1];
	uv_sem_t gate;
	struct fixture f;
	(void)state;

	open_store(&f);
	uv_sem_init(&gate, 0);
	memset(questions, 0, sizeof questions);
	questions[0].gate = &gate;
	for (size_t i = 0; i < STORE_MAX_ASKED; i++)
		ask(&f, &questions[i]);
	assert_int_equal(
		store_ask(f.store, STORE_PAGE, read_last, on_answer, &questions[STORE_MAX_ASKED]),
		STATUS_FULL);
	uv_sem_post(&gate);
	run_until(&f, STORE_MAX_ASKED);
	ask(&f, &questions[STORE_MAX_ASKED]);
	run_until(&f, STORE_MAX_ASKED + 1);
	for (size_t i = 0; i <= STORE_MAX_ASKED; i++)
		assert_int_equal(questions[i].n_answers, 1);
	close_store(&f);
	uv_sem_destroy(&gate);
}

static void at_the_end_what_is_not_being_read_is_refused(void **state)
{
	struct question questions[50] = { { 0 } };
	uv_sem_t gate, begun;
	struct fixture f;
	(void)state;

	open_store(&f);
	uv_sem_init(&gate, 0);
	uv_sem_init(&begun, 0);
	questions[0] = (struct question){ .gate = &gate, .begun = &begun, .reads = true };
	for (int i = 0; i < 50; i++) {
		questions[i].number = i;
		ask(&f, &questions[i]);
	}
	uv_sem_wait(&begun);
	store_close(f.store, NULL, NULL);
	uv_sem_post(&gate);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(n_answered, 50);
	assert_int_equal(questions[0].status, STATUS_NOT_FOUND);
	for (int i = 1; i < 50; i++) {
		assert_int_equal(questions[i].n_answers, 1);
		assert_int_equal(questions[i].status, STATUS_REFUSED);
		assert_string_equal(questions[i].error, "");
	}
	fixture_tear_down(&f);
	uv_sem_destroy(&gate);
	uv_sem_destroy(&begun);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_on_another_thread_what_was_committed_before),
		cmocka_unit_test(answers_in_the_order_of_the_questions),
		cmocka_unit_test(look_ups_go_before_the_pages_that_wait),
		cmocka_unit_test(holds_up_neither_the_loop_nor_commits),
		cmocka_unit_test(what_takes_long_gives_way_to_what_was_asked_meanwhile),
		cmocka_unit_test(tells_why_it_could_not_read_and_goes_on),
		cmocka_unit_test(takes_no_more_than_it_may),
		cmocka_unit_test(at_the_end_what_is_not_being_read_is_refused),
	};

	return fixture_run(tests);
}
