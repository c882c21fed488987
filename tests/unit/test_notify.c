#include "collector/notify.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fleet_fixture.h"
#include "proto/mem.h"

#define T0        INT64_C(1795344323000)
#define OUT_SIZE  ((size_t)64 * 1024)
#define LONG_JSON ((size_t)300 * 1024) /* more than a pipe holds */

struct hooked {
	char directory[64];
	char script[128];
	uv_loop_t loop;
	struct store *store;
	struct notify *notify;
	struct fixture fixture; /* makes the views */
	int64_t now_ms;
};

static int64_t fixed_now(void)
{
	return T0 + 5000;
}

static void write_script(struct hooked *h, const char *commands)
{
	FILE *file = fopen(h->script, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", commands);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(h->script, 0700), 0);
}

/* What the hook wrote to the file "out" beside it. To be passed to free(). */
static char *read_out(const struct hooked *h)
{
	char path[160];
	char *text = mem_alloc(OUT_SIZE);
	snprintf(path, sizeof path, "%s/out", h->directory);
	FILE *file = fopen(path, "r");
	if (file) {
		assert_true(fread(text, 1, OUT_SIZE - 1, file) < OUT_SIZE - 1);
		fclose(file);
	}
	return text;
}

static void begin(struct hooked *h)
{
	char error[STORE_ERROR_SIZE];
	assert_int_equal(store_open(&h->store, h->directory, &h->loop, error), STATUS_OK);
	struct notify_options options = {
		.loop = &h->loop,
		.store = h->store,
		.hook = { .command = h->script },
		.now_ms = fixed_now,
	};
	h->notify = notify_new(&options);
	assert_int_equal(notify_load(h->notify, error), STATUS_OK);
}

static void close_store(void *user)
{
	struct hooked *h = user;
	store_close(h->store, NULL, NULL);
}

static void end(struct hooked *h)
{
	notify_close(h->notify, close_store, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
}

static void set_up(struct hooked *h)
{
	signal(SIGPIPE, SIG_IGN);
	memset(h, 0, sizeof *h);
	h->now_ms = T0;
	snprintf(h->directory, sizeof h->directory, "/tmp/mtawatch-test-notify.XXXXXX");
	assert_non_null(mkdtemp(h->directory));
	snprintf(h->script, sizeof h->script, "%s/hook", h->directory);
	assert_int_equal(uv_loop_init(&h->loop), 0);
	fixture_init(&h->fixture);
	write_script(h, "cat >> ${0%hook}out");
	begin(h);
}

static void tear_down(struct hooked *h)
{
	char command[128];
	end(h);
	fixture_deinit(&h->fixture);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	snprintf(command, sizeof command, "rm -r %s", h->directory);
	assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
}

static const char exposed[] = "S2:mta/none";
static const char clear[] = "S2:mta/mta";
static const char unknown[] = "S2:none/none";

/* The server's next report, and the view of it published. */
static void publish(struct hooked *h, const char *name, const char *rows)
{
	struct fixture_words words = { .name = name, .rows = rows };
	h->now_ms += 1000;
	fixture_report(&h->fixture, &words, h->now_ms, h->now_ms);
	notify_view(h->notify, fleet_find(h->fixture.fleet, name));
}

static void on_patience_over(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("waited too long");
}

static void wait_until_told(struct hooked *h)
{
	uv_timer_t patience;
	uv_timer_init(&h->loop, &patience);
	uv_timer_start(&patience, on_patience_over, 20000, 0);
	while (notify_due(h->notify) > 0)
		uv_run(&h->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&patience, NULL);
	uv_run(&h->loop, UV_RUN_NOWAIT);
}

static void expect_lines(const struct hooked *h, const char *const *beginnings,
			 const char *const *ends, size_t n)
{
	char *out = read_out(h);
	char *rest = out;
	for (size_t i = 0; i < n; i++) {
		char *line = strtok_r(rest, "\n", &rest);
		assert_non_null(line);
		assert_memory_equal(line, beginnings[i], strlen(beginnings[i]));
		assert_true(strlen(line) > strlen(ends[i]));
		assert_string_equal(line + strlen(line) - strlen(ends[i]), ends[i]);
	}
	assert_null(strtok_r(rest, "\n", &rest));
	free(out);
}

static void tells_that_a_server_becomes_exposed_and_that_it_recovers(void **state)
{
	static const char *const beginnings[] = {
		"{\"id\":\"s1.1\",\"event\":\"fired\",\"server\":{\"server\":\"S1\"",
		"{\"id\":\"s1.2\",\"event\":\"resolved\",\"server\":{\"server\":\"S1\"",
	};
	static const char *const ends[] = { "\"previous_verdict\":\"clear\"}",
					    "\"previous_verdict\":\"exposed\"}" };
	struct hooked h;
	(void)state;

	set_up(&h);
	publish(&h, "S1", clear);
	assert_int_equal(notify_due(h.notify), 0);
	publish(&h, "S1", exposed);
	wait_until_told(&h);
	publish(&h, "S1", exposed); /* no news */
	assert_int_equal(notify_due(h.notify), 0);
	publish(&h, "S1", clear);
	wait_until_told(&h);
	expect_lines(&h, beginnings, ends, 2);
	tear_down(&h);
}

static void unknown_is_no_recovery(void **state)
{
	struct hooked h;
	(void)state;

	set_up(&h);
	publish(&h, "S1", unknown);
	assert_int_equal(notify_due(h.notify), 0);
	publish(&h, "S1", exposed);
	wait_until_told(&h);
	publish(&h, "S1", unknown);
	assert_int_equal(notify_due(h.notify), 0);
	publish(&h, "S1", exposed);
	assert_int_equal(notify_due(h.notify), 0);
	publish(&h, "S1", clear);
	assert_int_equal(notify_due(h.notify), 1);
	wait_until_told(&h);
	tear_down(&h);
}

static void every_server_is_told_of_in_turn(void **state)
{
	static const char *const beginnings[] = { "{\"id\":\"s1.1\"", "{\"id\":\"s3.1\"",
						  "{\"id\":\"s4.1\"" };
	static const char *const ends[] = { "\"previous_verdict\":null}",
					    "\"previous_verdict\":null}",
					    "\"previous_verdict\":null}" };
	struct hooked h;
	(void)state;

	set_up(&h);
	publish(&h, "S1", exposed);
	publish(&h, "S3", exposed);
	publish(&h, "S4", exposed);
	publish(&h, "S5", exposed);
	publish(&h, "S5", clear); /* undone before its turn came */
	wait_until_told(&h);
	expect_lines(&h, beginnings, ends, 3);
	tear_down(&h);
}

static void a_hook_that_fails_is_run_again_with_the_same_id(void **state)
{
	static const char *const beginnings[] = { "{\"id\":\"s1.1\"", "{\"id\":\"s1.1\"" };
	static const char *const ends[] = { "\"previous_verdict\":null}",
					    "\"previous_verdict\":null}" };
	struct hooked h;
	(void)state;

	set_up(&h);
	write_script(&h, "d=${0%hook}; cat >> ${d}out\n"
			 "[ -e ${d}again ] || { : > ${d}again; echo not yet >&2; exit 3; }");
	publish(&h, "S1", exposed);
	wait_until_told(&h);
	expect_lines(&h, beginnings, ends, 2);
	tear_down(&h);
}

static void a_restart_tells_what_was_not_told_and_nothing_twice(void **state)
{
	static const char *const beginnings[] = { "{\"id\":\"s1.1\"", "{\"id\":\"s3.1\"",
						  "{\"id\":\"s1.2\",\"event\":\"resolved\"" };
	static const char *const ends[] = { "null}", "null}", "\"previous_verdict\":\"exposed\"}" };
	struct hooked h;
	(void)state;

	set_up(&h);
	publish(&h, "S1", exposed);
	wait_until_told(&h);
	write_script(&h, "sleep 60"); /* is killed by the end */
	publish(&h, "S3", exposed);
	end(&h);
	write_script(&h, "cat >> ${0%hook}out");
	begin(&h);
	notify_view(h.notify, fleet_find(h.fixture.fleet, "S1"));
	assert_int_equal(notify_due(h.notify), 0);
	notify_view(h.notify, fleet_find(h.fixture.fleet, "S3"));
	wait_until_told(&h);
	end(&h);
	begin(&h);
	publish(&h, "S1", clear);
	wait_until_told(&h);
	expect_lines(&h, beginnings, ends, 3);
	tear_down(&h);
}

/* A run of the command alone. */
struct run {
	bool over;
	enum status status;
	char message[HOOK_COMMAND_MESSAGE_SIZE];
};

static void on_run(void *user, enum status status, const char *message)
{
	struct run *run = user;
	assert_false(run->over);
	run->over = true;
	run->status = status;
	snprintf(run->message, sizeof run->message, "%s", message);
}

static struct run run_command(struct hooked *h, const char *command, int64_t limit_ms,
			      const char *json)
{
	struct hook_command_options options = { command, limit_ms };
	struct run run = { .over = false };

	hook_command_run(&h->loop, &options, json, on_run, &run);
	assert_false(run.over);
	while (!run.over)
		uv_run(&h->loop, UV_RUN_ONCE);
	return run;
}

static void says_how_the_program_ended(void **state)
{
	static const struct {
		const char *script;
		enum status status;
		const char *says;
	} cases[] = {
		{ "cat > /dev/null", STATUS_OK, "exit status 0" },
		{ "exit 0", STATUS_OK, "exit status 0" }, /* reads nothing */
		{ "echo out; echo err >&2; exit 7", STATUS_REFUSED, "exit status 7: " },
		{ "kill -9 $$", STATUS_REFUSED, "signal 9" },
		{ "sleep 60; exit 0", STATUS_TIMED_OUT, "too long" },
		{ "echo before; sleep 60", STATUS_TIMED_OUT, "too long: before" },
		{ "sleep 60 & exit 0", STATUS_OK, "exit status 0" }, /* keeps our pipes open */
	};
	char *json = mem_alloc(LONG_JSON);
	struct hooked h;
	(void)state;

	memset(json, 'x', LONG_JSON - 1);
	set_up(&h);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_script(&h, cases[i].script);
		struct run run = run_command(&h, h.script, 500, json);
		if (run.status != cases[i].status || !strstr(run.message, cases[i].says))
			fail_msg("%s: %d %s", cases[i].script, (int)run.status, run.message);
	}
	free(json);
	tear_down(&h);
}

static void says_what_cannot_be_started(void **state)
{
	struct hooked h;
	(void)state;

	set_up(&h);
	struct run run = run_command(&h, "/nonexistent/hook", 0, "{}");
	assert_int_equal(run.status, STATUS_NOT_FOUND);
	assert_non_null(strstr(run.message, "could not start '/nonexistent/hook'"));
	run = run_command(&h, h.directory, 0, "{}");
	assert_int_equal(run.status, STATUS_DENIED);
	tear_down(&h);
}

static void passes_no_environment_on_and_keeps_little_output(void **state)
{
	struct hooked h;
	(void)state;

	set_up(&h);
	assert_int_equal(setenv("MTAWATCH_SECRET", "secret", 1), 0);
	write_script(&h, "env; pwd; exit 1");
	struct run run = run_command(&h, h.script, 0, "{}");
	assert_null(strstr(run.message, "secret"));
	assert_non_null(strstr(run.message, "PATH="));
	write_script(&h, "head -c 100000 /dev/zero | tr '\\0' =; exit 1");
	run = run_command(&h, h.script, 0, "{}");
	assert_int_equal(run.status, STATUS_REFUSED);
	assert_true(strlen(strstr(run.message, "====")) <= HOOK_COMMAND_MAX_OUTPUT);
	assert_int_equal(unsetenv("MTAWATCH_SECRET"), 0);
	tear_down(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_that_a_server_becomes_exposed_and_that_it_recovers),
		cmocka_unit_test(unknown_is_no_recovery),
		cmocka_unit_test(every_server_is_told_of_in_turn),
		cmocka_unit_test(a_hook_that_fails_is_run_again_with_the_same_id),
		cmocka_unit_test(a_restart_tells_what_was_not_told_and_nothing_twice),
		cmocka_unit_test(says_how_the_program_ended),
		cmocka_unit_test(says_what_cannot_be_started),
		cmocka_unit_test(passes_no_environment_on_and_keeps_little_output),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
