#include "agent/platform/log.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/platform/files.h"
#include "proto/base/arena.h"
#include "proto/base/timestamp.h"
#include "tests/unit/rows.h"

#define THREADS 4
#define LINES   200 /* of each thread */

static struct arena arena;
static char dir[] = "/tmp/test_log.XXXXXX";
static const char *path;
static const char *old;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	path = files_join(&arena, dir, "agent.log");
	old = files_join(&arena, dir, "agent.log.old");
	return 0;
}

static int end(void **state)
{
	(void)state;
	log_configure(LOG_LEVEL_INFO, NULL, 0);
	(void)files_remove(path);
	(void)files_remove(old);
	arena_deinit(&arena);
	return 0;
}

/* The whole file; "" where there is none. */
static const char *read_file(const char *name, size_t *n)
{
	char *text = NULL;

	*n = 0;
	if (files_read(name, 1 << 20, &text, n) != STATUS_OK)
		return "";
	const char *copy = arena_strndup(&arena, text, *n);
	free(text);
	return copy;
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
		n++;
	return n;
}

static void a_message_stands_in_the_file_with_time_and_level(void **state)
{
	size_t n = 0;
	(void)state;

	log_configure(LOG_LEVEL_WARNING, path, 64);
	log_info("not told");
	log_warning("name %s\n", "\033[31m");
	log_error("away");
	const char *text = read_file(path, &n);
	assert_int_equal(count(text, "\n"), 2);
	assert_string_equal(text + strlen("2026-11-22T10:45:23"), /* the rest tells the zone */
			    arena_printf(&arena, "Z warning: name ?[31m?\n%.19sZ error: away\n",
					 text + strcspn(text, "\n") + 1));
	assert_int_equal(text[10], 'T');
}

/* The line's time, without fractions; in a second that has just ended it may be that one's. */
static bool is_of(const char *line, int64_t second)
{
	char text[TIMESTAMP_TEXT_SIZE];

	return strncmp(line, timestamp_format(second * 1000, text), 19) == 0;
}

/* Where a zone has summer time, some hours come twice in local time, and some never. */
static void times_are_utc_whatever_the_zone(void **state)
{
	static const char *const zones[] = { "UTC0", "JST-9", "CET-1CEST,M3.5.0,M10.5.0/3" };
	size_t n = 0;
	(void)state;

	log_configure(LOG_LEVEL_INFO, path, 64);
	for_each_row(i, zones) {
		setenv("TZ", zones[i], 1);
		tzset();
		log_info("here");
		int64_t now_s = time(NULL);
		const char *line = read_file(path, &n);
		assert_true(is_of(line, now_s) || is_of(line, now_s - 1));
		(void)files_remove(path);
	}
	unsetenv("TZ");
	tzset();
}

/* The file never grows past its bound, and no line of the last two files is broken or missing. */
static void a_full_file_is_kept_as_old_and_a_new_one_begins(void **state)
{
	size_t n = 0;
	size_t n_old = 0;
	(void)state;

	log_configure(LOG_LEVEL_INFO, path, 1);
	for (int i = 0; i < 100; i++) {
		log_info("line %d", i);
		read_file(path, &n);
		assert_true(n > 0 && n <= 1024);
	}
	const char *text = read_file(path, &n);
	const char *before = read_file(old, &n_old);
	assert_true(n_old <= 1024 && n_old > 1024 - 64);
	size_t lines = count(text, "\n") + count(before, "\n");
	for (size_t i = 100 - lines; i < 100; i++)
		assert_int_equal(count(text, arena_printf(&arena, "line %zu\n", i)) +
					 count(before, arena_printf(&arena, "line %zu\n", i)),
				 1);
}

/* A limit of the process stands for the disk: the system cuts the write in the same way. */
static void a_full_disk_costs_messages_but_breaks_no_line(void **state)
{
	struct rlimit limit;
	size_t n = 0;
	(void)state;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	struct rlimit small = { 60, limit.rlim_max };
	log_configure(LOG_LEVEL_INFO, path, 64);
	log_info("first");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	log_info("a second one that is cut by the end of the disk");
	log_info("third");
	log_info("fourth is also too long for what is left there");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	log_info("last");
	const char *text = read_file(path, &n);
	assert_int_equal(count(text, "\n"), 3);
	assert_non_null(strstr(text, "info: first\n"));
	assert_non_null(strstr(text, "warning: 3 message(s) could not be written here: "));
	assert_non_null(strstr(text, "info: last\n"));
}

static void a_missing_directory_is_waited_for(void **state)
{
	const char *later = files_join(&arena, dir, "later");
	const char *file = files_join(&arena, later, "agent.log");
	size_t n = 0;
	(void)state;

	log_configure(LOG_LEVEL_INFO, file, 64);
	log_info("lost");
	assert_int_equal(files_make_dir(later), STATUS_OK);
	log_info("there");
	assert_non_null(strstr(read_file(file, &n), "warning: 1 message(s)"));
	assert_int_equal(files_remove(file), STATUS_OK);
	assert_int_equal(rmdir(later), 0);
}

static void *write_lines(void *arg)
{
	(void)arg;
	for (int i = 0; i < LINES; i++)
		log_info("line %d.", i);
	return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
	pthread_t threads[THREADS];
	size_t n = 0;
	(void)state;

	log_configure(LOG_LEVEL_INFO, path, 1024);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	const char *text = read_file(path, &n);
	assert_int_equal(count(text, ".\n"), THREADS * LINES);
	assert_int_equal(count(text, "\n"), THREADS * LINES);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_message_stands_in_the_file_with_time_and_level),
		TEST(times_are_utc_whatever_the_zone),
		TEST(a_full_file_is_kept_as_old_and_a_new_one_begins),
		TEST(a_full_disk_costs_messages_but_breaks_no_line),
		TEST(a_missing_directory_is_waited_for),
		TEST(lines_of_several_threads_do_not_mix),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
