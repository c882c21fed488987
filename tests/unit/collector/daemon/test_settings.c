#include "collector/daemon/options.h"
#include "collector/daemon/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/collector/daemon/options_fixture.h"
#include "tests/unit/rows.h"

/* The first fault ends with `text`; where it is of the file, it begins with the file's name. */
static void assert_fault(const char *text)
{
	assert_int_not_equal(fixture.faults.n, 0);
	size_t n = strlen(fixture.faults.texts[0]);
	if (n < strlen(text) || strcmp(fixture.faults.texts[0] + n - strlen(text), text) != 0)
		fail_msg("expected ...%s, got %s", text, fixture.faults.texts[0]);
}

static void there_are_defaults_for_everything(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read(NULL, NULL), STATUS_OK);
	assert_string_equal(fixture.options.store.directory, "/var/lib/mtawatch");
	assert_true(net_address_is_loopback(&fixture.options.listen));
	assert_false(fixture.options.allow_plain);
	assert_null(fixture.options.hook_command);
	assert_int_equal(fixture.options.log_level, LOG_LEVEL_INFO);
}

static void the_command_line_comes_before_the_file(void **state)
{
	(void)state;
	assert_int_equal(
		options_fixture_read("# a comment\n\n  data = /from/file \r\nlog-level=debug\n",
				     "--data", "/said", NULL),
		STATUS_OK);
	assert_string_equal(fixture.options.store.directory, "/said");
	assert_int_equal(fixture.options.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(fixture.options.config, fixture.file);
}

static void what_is_kept_has_limits(void **state)
{
	static const struct {
		const char *text;
		const char *fault; /* NULL: allowed */
	} cases[] = {
		{ "keep-reports = 1000000\n", NULL },
		{ "keep-reports = 1000001\n", "expected 1 to 1000000" },
		{ "keep-reports = 0\n", "expected 1 to 1000000" },
		{ "keep-changes = 1000000\n", NULL },
		{ "keep-changes = 1000001\n", "expected 1 to 1000000" },
		{ "keep-report-days = 36500\n", NULL },
		{ "keep-report-days = 36501\n", "expected 1 to 36500" },
		{ "keep-change-days = 36500\n", NULL },
		{ "keep-change-days = 36501\n", "expected 1 to 36500" },
		{ "keep-mb = 1000000000\n", NULL },
		{ "keep-mb = 1000000001\n", "expected 1 to 1000000000" },
	};
	(void)state;

	assert_int_equal(options_fixture_read(NULL, NULL), STATUS_OK);
	assert_memory_equal(&fixture.options.keep, &STORE_LIMITS_DEFAULT,
			    sizeof fixture.options.keep);
	for_each_row(i, cases) {
		enum status status = options_fixture_read(cases[i].text, NULL);
		assert_int_equal(status, cases[i].fault ? STATUS_INVALID : STATUS_OK);
		if (cases[i].fault)
			assert_fault(cases[i].fault);
	}
}

static void a_fault_names_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *fault;
	} cases[] = {
		{ "\nlisten\n", ", line 2: expected \"key = value\"" },
		{ "# x\n\nlog-levle = info\n",
		  ", line 3: there is no key \"log-levle\"; did you mean \"log-level\"?" },
		{ "nonsense = 1\n",
		  ", line 1: there is no key \"nonsense\"; see mtawatch-collector "
		  "serve --help" },
		{ "log-level = loud\n",
		  ", line 1: log-level \"loud\": expected error, warning, info or debug" },
		{ "allow-plain = true\n", ", line 1: allow-plain \"true\": expected yes or no" },
		{ "data =\n", ", line 1: data \"\": expected a directory" },
		{ "listen = host:1\n",
		  ", line 1: listen \"host:1\": expected ADDRESS:PORT, such as "
		  "127.0.0.1:8285 or [::1]:8285" },
	};
	(void)state;
	for_each_row(i, cases) {
		assert_int_equal(options_fixture_read(cases[i].text, NULL), STATUS_INVALID);
		assert_fault(cases[i].fault);
		assert_memory_equal(fixture.faults.texts[0], fixture.file, strlen(fixture.file));
	}
}

static void every_fault_is_told_at_once(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read("a\nlog-level = x\n", "--datta=1", "word", "--listen",
					      "q", NULL),
			 STATUS_INVALID);
	assert_int_equal(fixture.faults.n, 5);
	assert_string_equal(fixture.faults.texts[0],
			    "command line: there is no option \"datta\"; did you mean \"data\"?");
	assert_string_equal(fixture.faults.texts[1],
			    "\"word\" is no option; serve takes nothing else");
}

static void more_faults_than_are_told_are_counted_no_further(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read(
				 "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\n", NULL),
			 STATUS_INVALID);
	assert_int_equal(fixture.faults.n, FAULTS_MAX);
}

static void a_key_that_stands_twice_is_a_fault(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read("data = /a\ndata = /b\n", NULL), STATUS_INVALID);
	assert_fault(", line 1");
	assert_int_equal(options_fixture_read("data = /a\n", "--data=/c", NULL), STATUS_OK);
}

static void what_an_option_lacks_is_said(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read(NULL, "--listen", NULL), STATUS_INVALID);
	assert_fault("--listen needs a value: --listen ADDRESS:PORT");
	assert_int_equal(options_fixture_read(NULL, "--config", NULL), STATUS_INVALID);
	assert_fault("--config needs a value: --config FILE");
	assert_int_equal(options_fixture_read(NULL, "--config", "/nonexistent/c", NULL),
			 STATUS_INVALID);
	assert_fault("could not open /nonexistent/c: No such file or directory");
}

static void an_address_that_others_reach_needs_a_word(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read("listen = 10.0.0.2:1\n", NULL), STATUS_INVALID);
	assert_non_null(strstr(fixture.faults.texts[0],
			       ", line 1: listen \"10.0.0.2:1\": it can be reached"));
	assert_int_equal(options_fixture_read("listen = 10.0.0.2:1\n", "--allow-plain", NULL),
			 STATUS_OK);
}

#define DATABASE "store = postgresql://db.example.com/mtawatch\n"

static void a_database_keeps_two_days_unless_it_is_told(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read(NULL, NULL), STATUS_OK);
	assert_null(fixture.options.store.address);
	assert_int_equal(fixture.options.keep.report_days, 30);
	assert_int_equal(options_fixture_read(DATABASE, NULL), STATUS_OK);
	assert_string_equal(fixture.options.store.address, "postgresql://db.example.com/mtawatch");
	assert_int_equal(fixture.options.keep.report_days, 2);
	assert_int_equal(options_fixture_read(DATABASE "keep-report-days = 7\n", NULL), STATUS_OK);
	assert_int_equal(fixture.options.keep.report_days, 7);
	assert_int_equal(options_fixture_read(DATABASE, "--store", "", NULL), STATUS_OK);
	assert_null(fixture.options.store.address); /* the embedded one after all */
}

static void an_address_of_a_database_is_looked_at(void **state)
{
	static const struct {
		const char *text;
		const char *fault; /* NULL: allowed */
	} cases[] = {
		{ "store = postgresql://a,b:5433/mtawatch?user=x&connect_timeout=3\n", NULL },
		{ "store = postgresql:///?service=mtawatch\n", NULL },
		{ "store = postgresql://a/m?sslmode=verify-full\n", NULL },
		{ "store = postgresql:///m?host=/run/postgresql&sslmode=disable\n", NULL },
		{ "store = postgresql://localhost/m?sslmode=disable\n", NULL },
		{ "store = postgresql://127.0.0.1,[::1]/m?sslmode=disable\n", NULL },
		{ "store = postgresql://a/m?sslmode=require&hostaddr=127.0.0.1\n", NULL },
		{ "store = postgresql://a/m?sslmode=require\nallow-plain = yes\n", NULL },
		{ "store = postgresql://a/m?sslmode=require\n",
		  "it leads to another machine, and with that sslmode" },
		{ "store = postgresql://localhost,a/m?sslmode=prefer\n",
		  "it leads to another machine, and with that sslmode" },
		{ "store = postgresql://localhost/m?sslmode=disable&hostaddr=10.0.0.1\n",
		  "it leads to another machine, and with that sslmode" },
		{ "store = mysql://a/m\n", "expected a database, postgresql://HOST/DATABASE" },
		{ "store = host=a\n", "expected a database, postgresql://HOST/DATABASE" },
		{ "store = postgresql://a/m?wrong=1\n", "expected postgresql://HOST/DATABASE, as" },
		{ "store = postgresql://u:hunter2@a/m\n", "postgresql://(hidden)@a/m\": expected" },
		{ "store = postgresql://u:hunter2@a/m\n", "expected one without a password" },
		{ "store = postgresql://a/m?password=hunter2&user=u\n",
		  "a/m?password=(hidden)&user=u\": expected one without a password" },
		{ "store = postgresql://a/m\nkeep-reports = 10\n",
		  "keep-reports \"10\": a database keeps whole days of reports" },
		{ "store = postgresql://a/m\nstore-password-file = /nowhere/p\n",
		  "store-password-file \"/nowhere/p\": expected a file that can be read" },
	};
	(void)state;

	for_each_row(i, cases) {
		enum status status = options_fixture_read(cases[i].text, NULL);
		assert_int_equal(status, cases[i].fault ? STATUS_INVALID : STATUS_OK);
		if (!cases[i].fault)
			continue;
		assert_int_equal(fixture.faults.n, 1);
		assert_non_null(strstr(fixture.faults.texts[0], cases[i].fault));
		assert_null(strstr(fixture.faults.texts[0], "hunter2"));
	}
}

static void a_file_at_the_limit_is_read_and_past_it_is_not(void **state)
{
	char *text = test_malloc(OPTIONS_MAX_FILE_BYTES + 2);
	(void)state;
	memset(text, '#', OPTIONS_MAX_FILE_BYTES + 1);
	text[OPTIONS_MAX_FILE_BYTES] = '\0';
	assert_int_equal(options_fixture_read(text, NULL), STATUS_OK);
	text[OPTIONS_MAX_FILE_BYTES] = '#';
	text[OPTIONS_MAX_FILE_BYTES + 1] = '\0';
	assert_int_equal(options_fixture_read(text, NULL), STATUS_INVALID);
	assert_fault(" has more than 65536 bytes");
	test_free(text);
}

static void what_is_printed_can_be_read_again(void **state)
{
	struct buffer printed;
	(void)state;
	buffer_init(&printed);
	assert_int_equal(options_fixture_read("log-level = error\n", "--data", "/d", NULL),
			 STATUS_OK);
	options_print(&fixture.options, &printed);
	assert_non_null(strstr(printed.bytes, "# (command line)\ndata = /d\n"));
	assert_non_null(strstr(printed.bytes, ", line 1)\nlog-level = error\n"));
	assert_non_null(strstr(printed.bytes, "\n#hook-command = \n"));
	assert_int_equal(options_fixture_read(printed.bytes, NULL), STATUS_OK);
	assert_string_equal(fixture.options.store.directory, "/d");
	assert_int_equal(fixture.options.log_level, LOG_LEVEL_ERROR);
	buffer_deinit(&printed);
}

static void a_comparison_says_what_waits_for_a_restart(void **state)
{
	struct options before;
	struct buffer text;
	(void)state;
	buffer_init(&text);
	assert_int_equal(options_fixture_read(NULL, NULL), STATUS_OK);
	before = fixture.options;
	assert_int_equal(options_compare(&before, &fixture.options, &text), 0);
	assert_int_equal(
		options_fixture_read("log-level = debug\ndata = /d\nhook-command = /h\n", NULL),
		STATUS_OK);
	assert_int_equal(options_compare(&before, &fixture.options, &text), 3);
	assert_string_equal(text.bytes, "data is /d from the next start on\n"
					"hook-command is /h\n"
					"log-level is debug\n");
	buffer_deinit(&text);
}

static void the_help_names_every_setting(void **state)
{
	struct buffer help;
	char name[64];
	(void)state;
	buffer_init(&help);
	options_help(&help);
	for (size_t i = 0; i < settings_n; i++) {
		snprintf(name, sizeof name, "  --%s", settings[i].value.name);
		assert_non_null(strstr(help.bytes, name));
	}
	buffer_deinit(&help);
}

struct hook {
	const char *type;
	unsigned n_sites;
};

static const char *read_type(const struct value_target *to, const char *value)
{
	((struct hook *)to->member)->type = value;
	return strcmp(value, "webhook") == 0 ? NULL : "webhook";
}

static const char *add_site(const struct value_target *to, const char *value)
{
	(void)value;
	((struct hook *)to->member)->n_sites++;
	return NULL;
}

static const struct section_key hook_keys[] = { { VALUE("type", read_type, 0), true, false },
						{ VALUE("site", add_site, 0), false, true } };

static void sections_follow_the_settings(void **state)
{
	(void)state;
	assert_int_equal(options_fixture_read("data = /d\n[hook one]\n# x\ntype = command\n"
					      "command = /bin/true\n",
					      NULL),
			 STATUS_OK);
	const struct section *s = fixture.options.sections.first;
	assert_string_equal(s->name, "one");
	assert_string_equal(s->first->next->key, "command");
	assert_string_equal(s->first->next->value, "/bin/true");
}

/* Headings, and "key=value" lines below them. */
static struct sections make_sections(const char *const *lines, size_t n)
{
	struct sections sections = { NULL, NULL };

	fixture.faults.n = 0;
	for (size_t i = 0; i < n; i++) {
		char *line = arena_strdup(&fixture.arena, lines[i]);
		const char *place =
			arena_printf(&fixture.arena, "%s, line %zu", fixture.file, i + 1);
		if (*line == '[') {
			sections_begin(&sections, line, place, &fixture.arena, &fixture.faults);
			continue;
		}
		const char *key = strsep(&line, "=");
		sections_add(&sections, key, line, place, &fixture.arena);
	}
	return sections;
}

static void a_section_is_read_by_the_keys_of_its_kind(void **state)
{
	static const char *const lines[] = { "[ hook  one ]", "type=webhook", "site=A",
					     "site=B",        "[alerts]",     "[hook two]" };
	struct hook hook = { 0 };
	(void)state;

	const struct section *s = make_sections(lines, 6).first;
	assert_string_equal(s->kind, "hook");
	assert_string_equal(s->name, "one");
	section_read(s, hook_keys, 2, &hook, &fixture.arena, &fixture.faults);
	assert_int_equal(fixture.faults.n, 0);
	assert_string_equal(hook.type, "webhook");
	assert_int_equal(hook.n_sites, 2);
	assert_string_equal(s->next->kind, "alerts");
	assert_string_equal(s->next->name, "");
	assert_string_equal(s->next->next->name, "two");
	assert_null(s->next->next->next);
}

static void what_is_wrong_with_a_section_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *fault;
	} cases[] = {
		{ "[hook\n", ", line 1: expected [KIND] or [KIND NAME]" },
		{ "[hok a]\n",
		  ", line 1: there is no kind of section \"hok\"; did you mean \"hook\"?" },
		{ "[zzzzzzz]\n",
		  ", line 1: there is no kind of section \"zzzzzzz\"; there are alerts, "
		  "hook and maintenance" },
		{ "[hook]\n",
		  ", line 1: a section [hook NAME] needs a name of 1 to 63 letters, digits, "
		  "'-', '_' or '.'" },
		{ "[hook a b]\n",
		  ", line 1: a section [hook NAME] needs a name of 1 to 63 letters, "
		  "digits, '-', '_' or '.'" },
		{ "[alerts x]\n", ", line 1: a section [alerts] has no name" },
		{ "[alerts]\nnonsense\n", ", line 2: expected \"key = value\"" },
	};
	(void)state;
	for_each_row(i, cases) {
		assert_int_equal(options_fixture_read(cases[i].text, NULL), STATUS_INVALID);
		assert_fault(cases[i].fault);
	}
	assert_int_equal(options_fixture_read("[hook a]\n[hook b]\n[hook a]\n", NULL),
			 STATUS_INVALID);
	assert_fault(", line 1");
}

static void what_is_wrong_in_a_section_is_told_with_its_line(void **state)
{
	static const struct {
		const char *lines[3];
		const char *fault;
	} cases[] = {
		{ { "[hook a]", "tpye=webhook", "type=webhook" },
		  ", line 2: there is no key of [hook] \"tpye\"; did you mean \"type\"?" },
		{ { "[hook a]", "type=mail", "site=A" },
		  ", line 2: type \"mail\": expected webhook" },
		{ { "[hook a]", "site=A", "site=B" }, ", line 1: [hook a] lacks the key type" },
		{ { "[hook a]", "type=webhook", "type=webhook" }, ", line 2" },
	};
	(void)state;
	for_each_row(i, cases) {
		struct hook hook = { 0 };
		struct sections sections = make_sections(cases[i].lines, 3);
		section_read(sections.first, hook_keys, 2, &hook, &fixture.arena, &fixture.faults);
		assert_int_equal(fixture.faults.n, 1);
		assert_fault(cases[i].fault);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(there_are_defaults_for_everything),
		WITH_FILE(the_command_line_comes_before_the_file),
		WITH_FILE(what_is_kept_has_limits),
		WITH_FILE(a_fault_names_its_line),
		WITH_FILE(every_fault_is_told_at_once),
		WITH_FILE(more_faults_than_are_told_are_counted_no_further),
		WITH_FILE(a_key_that_stands_twice_is_a_fault),
		WITH_FILE(what_an_option_lacks_is_said),
		WITH_FILE(an_address_that_others_reach_needs_a_word),
		WITH_FILE(a_database_keeps_two_days_unless_it_is_told),
		WITH_FILE(an_address_of_a_database_is_looked_at),
		WITH_FILE(a_file_at_the_limit_is_read_and_past_it_is_not),
		WITH_FILE(what_is_printed_can_be_read_again),
		WITH_FILE(a_comparison_says_what_waits_for_a_restart),
		WITH_FILE(sections_follow_the_settings),
		WITH_FILE(a_section_is_read_by_the_keys_of_its_kind),
		WITH_FILE(what_is_wrong_with_a_section_is_told_with_its_line),
		WITH_FILE(what_is_wrong_in_a_section_is_told_with_its_line),
		cmocka_unit_test(the_help_names_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
