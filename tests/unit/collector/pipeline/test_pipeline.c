/* Reading all that is stored, which takes long, beside the loop (collector/pipeline/pipeline.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "collector/model/snapshot.h"
#include "collector/pipeline/pipeline.h"
#include "proto/json/error.h"
#include "tests/unit/collector/store/store_fixture.h"

#define NOW_MS INT64_C(1795344323000)
#define TURNS  20

static const char report[] =
	"{\"schema\":\"mtawatch.report/1\",\"agent\":{\"id\":\"a\",\"epoch\":\"e\",\"version\":"
	"\"1.0.0\",\"platform\":\"linux\"},\"sequence\":1,\"collected_at\":\"2026-11-22T10:45:"
	"23Z\","
	"\"interval_s\":300,\"host\":{\"name\":\"EXCH1\",\"os\":\"Windows NT 4.0\"}}";

struct bench {
	struct fixture store;
	struct pipeline *pipeline;
	size_t n_opened;
	size_t n_stored;
	uv_sem_t go_on; /* what holds the reading thread up */
};

static int64_t now_ms(void)
{
	return NOW_MS;
}

static struct pipeline_options options_of(struct bench *b)
{
	return (struct pipeline_options){ .loop = &b->store.loop,
					  .store = b->store.store,
					  .now_ms = now_ms };
}

static void on_opened(void *user)
{
	struct bench *b = user;
	b->n_opened++;
}

static void on_stored(void *user, bool durable)
{
	struct bench *b = user;

	assert_true(durable);
	b->n_stored++;
}

static void open_pipeline(struct bench *b)
{
	struct pipeline_options options = options_of(b);
	char error[STORE_ERROR_SIZE];

	assert_int_equal(pipeline_open(&b->pipeline, &options, error), STATUS_OK);
	assert_true(pipeline_is_ready(b->pipeline));
}

static void store_report(struct bench *b)
{
	const struct fleet_earlier none = { .is = FLEET_EARLIER_NONE };
	char error[FLEET_ERROR_SIZE];
	struct json_error why;
	struct snapshot *snapshot;
	struct changes *changes;
	enum fleet_taken taken;

	assert_int_equal(snapshot_read(report, strlen(report), NOW_MS, 0, &snapshot, &why),
			 STATUS_OK);
	assert_int_equal(fleet_take(pipeline_fleet(b->pipeline), snapshot, &none, report,
				    strlen(report), NOW_MS, &changes, &taken, error),
			 STATUS_OK);
	snapshot_unref(snapshot);
	assert_int_equal(pipeline_submit(b->pipeline, changes, on_stored, b), STATUS_OK);
	while (b->n_stored == 0)
		uv_run(&b->store.loop, UV_RUN_ONCE);
}

static void close_pipeline(struct bench *b)
{
	pipeline_stop(b->pipeline);
	fixture_close(&b->store);
	pipeline_free(b->pipeline);
}

/* A store with one server. */
static void set_up(struct bench *b)
{
	*b = (struct bench){ .pipeline = NULL };
	fixture_set_up(&b->store);
	fixture_open(&b->store);
	open_pipeline(b);
	store_report(b);
	assert_int_equal(uv_sem_init(&b->go_on, 0), 0);
}

static void tear_down(struct bench *b)
{
	close_pipeline(b);
	uv_sem_destroy(&b->go_on);
	fixture_tear_down(&b->store);
}

static enum status wait_for_sign(const struct store_connection *reader, void *user,
				 char error[STORE_ERROR_SIZE])
{
	struct bench *b = user;
	(void)reader;
	(void)error;

	uv_sem_wait(&b->go_on);
	return STATUS_OK;
}

static void ignore_answer(void *user, enum status status, const char *error)
{
	(void)user;
	(void)status;
	(void)error;
}

/* As long as nobody lets it go on the reading thread reads nothing. */
static void hold_reading_up(struct bench *b)
{
	assert_int_equal(store_ask(b->store.store, STORE_LOOK_UP, wait_for_sign, ignore_answer, b),
			 STATUS_OK);
}

static void turn(struct bench *b)
{
	for (size_t i = 0; i < TURNS; i++) {
		uv_run(&b->store.loop, UV_RUN_NOWAIT);
		assert_false(pipeline_is_ready(b->pipeline));
	}
}

static void wait_until_ready(struct bench *b)
{
	while (!pipeline_is_ready(b->pipeline))
		uv_run(&b->store.loop, UV_RUN_ONCE);
	assert_false(pipeline_is_reading(b->pipeline));
	assert_non_null(fleet_find(pipeline_fleet(b->pipeline), "exch1"));
}

static void begin(struct bench *b)
{
	struct pipeline_options options = options_of(b);
	b->pipeline = pipeline_begin(&options, on_opened, b);
}

static void the_loop_goes_on_while_a_fleet_is_read(void **state)
{
	struct bench b;
	(void)state;

	set_up(&b);
	close_pipeline(&b);
	fixture_open(&b.store);
	hold_reading_up(&b);
	begin(&b);
	turn(&b);
	assert_true(pipeline_is_reading(b.pipeline));
	assert_int_equal(b.n_opened, 0);
	uv_sem_post(&b.go_on);
	wait_until_ready(&b);
	assert_int_equal(b.n_opened, 1);
	tear_down(&b);
}

static void what_was_published_is_seen_while_it_is_read_anew(void **state)
{
	struct bench b;
	(void)state;

	set_up(&b);
	hold_reading_up(&b);
	pipeline_fail(b.pipeline, "a commit failed");
	while (!pipeline_is_reading(b.pipeline)) {
		assert_false(pipeline_is_ready(b.pipeline));
		uv_run(&b.store.loop, UV_RUN_ONCE);
	}
	turn(&b);
	assert_non_null(fleet_find(pipeline_fleet(b.pipeline), "exch1"));
	uv_sem_post(&b.go_on);
	wait_until_ready(&b);
	tear_down(&b);
}

static void what_is_read_when_the_end_comes_is_left(void **state)
{
	struct bench b;
	(void)state;

	set_up(&b);
	close_pipeline(&b);
	fixture_open(&b.store);
	hold_reading_up(&b);
	begin(&b);
	pipeline_stop(b.pipeline);
	uv_sem_post(&b.go_on);
	fixture_close(&b.store);
	assert_int_equal(b.n_opened, 0);
	pipeline_free(b.pipeline);
	uv_sem_destroy(&b.go_on);
	fixture_tear_down(&b.store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loop_goes_on_while_a_fleet_is_read),
		cmocka_unit_test(what_was_published_is_seen_while_it_is_read_anew),
		cmocka_unit_test(what_is_read_when_the_end_comes_is_left),
	};

	return fixture_run(tests);
}
