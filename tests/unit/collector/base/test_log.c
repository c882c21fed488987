#include "collector/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error is a file while a test runs. */
static FILE *captured;
static int kept;

static int capture(void **state)
{
	(void)state;
	captured = tmpfile();
	kept = dup(STDERR_FILENO);
	return captured && kept >= 0 && dup2(fileno(captured), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int let_go(void **state)
{
	(void)state;
	log_set(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	return dup2(kept, STDERR_FILENO) >= 0 && close(kept) == 0 && fclose(captured) == 0 ? 0 : -1;
}

static const char *written(void)
{
	static char text[3 * LOG_MAX_LINE];
	rewind(captured);
	text[fread(text, 1, sizeof text - 1, captured)] = '\0';
	return text;
}

static void a_line_of_text_says_when_and_how_bad(void **state)
{
	(void)state;
	log_warning("could not %s", "try");
	const char *line = written();
	assert_int_equal(line[4], '-');
	assert_string_equal(strchr(line, 'Z'), "Z warning: could not try\n");
}

static void the_journal_gets_the_level_and_no_time(void **state)
{
	(void)state;
	log_set(LOG_FORMAT_JOURNAL, LOG_LEVEL_DEBUG);
	log_error("e");
	log_debug("d");
	assert_string_equal(written(), "<3>e\n<7>d\n");
}

static void a_line_of_json_is_an_object(void **state)
{
	(void)state;
	log_set(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_info("the host \"%s\"", "A\\B");
	const char *line = written();
	assert_memory_equal(line, "{\"time\":\"20", 11);
	assert_string_equal(strstr(line, ",\"level\""),
			    ",\"level\":\"info\",\"message\":\"the host \\\"A\\\\B\\\"\"}\n");
}

static void what_is_below_the_level_is_left_out(void **state)
{
	(void)state;
	log_set(LOG_FORMAT_JOURNAL, LOG_LEVEL_WARNING);
	log_info("i");
	log_debug("d");
	log_warning("w");
	assert_string_equal(written(), "<4>w\n");
}

static void a_message_stays_one_line_and_ends_somewhere(void **state)
{
	char longer[2 * LOG_MAX_LINE];
	(void)state;
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	log_set(LOG_FORMAT_JOURNAL, LOG_LEVEL_INFO);
	log_info("two\nlines \033[31m");
	log_info("%s", longer);
	const char *text = written();
	assert_memory_equal(text, "<6>two?lines ?[31m\n<6>xxx", 25);
	assert_int_equal(strlen(text), strlen("<6>two?lines ?[31m\n<6>\n") + LOG_MAX_LINE - 1);
}

static void only_the_very_stream_that_is_named_is_the_journal(void **state)
{
	char name[64];
	struct stat now;
	(void)state;

	assert_int_equal(fstat(STDERR_FILENO, &now), 0);
	unsetenv("JOURNAL_STREAM");
	assert_false(log_goes_to_journal());
	snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)now.st_dev, (uintmax_t)now.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	assert_true(log_goes_to_journal());
	snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)now.st_dev, (uintmax_t)now.st_ino + 1);
	setenv("JOURNAL_STREAM", name, 1);
	assert_false(log_goes_to_journal());
	setenv("JOURNAL_STREAM", "nonsense", 1);
	assert_false(log_goes_to_journal());
	unsetenv("JOURNAL_STREAM");
}

static void levels_have_names(void **state)
{
	enum log_level level = LOG_LEVEL_INFO;
	(void)state;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_false(log_level_parse("Debug", &level));
	assert_false(log_level_parse("", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture, let_go)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURED(a_line_of_text_says_when_and_how_bad),
		CAPTURED(the_journal_gets_the_level_and_no_time),
		CAPTURED(a_line_of_json_is_an_object),
		CAPTURED(what_is_below_the_level_is_left_out),
		CAPTURED(a_message_stays_one_line_and_ends_somewhere),
		CAPTURED(only_the_very_stream_that_is_named_is_the_journal),
		cmocka_unit_test(levels_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
