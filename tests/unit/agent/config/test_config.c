#include "agent/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/commands/command_line.h"
#include "agent/config/registry.h"
#include "agent/platform/files.h"
#include "tests/fake_host.h"

#define PEERS_OF_POLICY CONFIG_POLICY_KEY "\\Peers"

/* A registry value of text; of a number. */
#define TEXT(key, name, value)                                                                     \
	{                                                                                          \
		key, name, { HOST_VALUE_STRING, value, 0, NULL, 0 }, STATUS_OK                     \
	}
#define NUMBER(key, name, value)                                                                   \
	{                                                                                          \
		key, name, { HOST_VALUE_NUMBER, NULL, value, NULL, 0 }, STATUS_OK                  \
	}

static struct arena arena;
static struct fake_host machine;
static struct command_line line;
static struct config *config;
static char path[] = "/tmp/test_config.XXXXXX";

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	machine = (struct fake_host){ 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	config_close(config);
	config = NULL;
	arena_deinit(&arena);
	return 0;
}

static void set_registry(const struct fake_value *values, size_t n)
{
	machine.values = values;
	machine.n_values = n;
}

static void write_file(const char *text)
{
	assert_int_equal(files_replace(path, text, strlen(text)), STATUS_OK);
}

/* `check`, or `run`, with the file `text` and up to one more option, on the machine. */
static void open_config(const char *command, const char *text, const char *option)
{
	const char *error = NULL;
	char *arguments[4] = { arena_strdup(&arena, command), "--config", path,
			       arena_strdup(&arena, option) };

	write_file(text);
	assert_int_equal(command_line_read(option ? 4 : 3, arguments, &arena, &line, &error),
			 STATUS_OK);
	assert_int_equal(config_open(&config, &line.options, line.config_file, &error), STATUS_OK);
	config_use_host(config, fake_host(&machine));
}

static const struct layer_choice *choice(const char *name)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	return &config_result(config)->choices[setting_find(name, strlen(name)) - all];
}

static void assert_from(const char *name, enum layer layer, const char *text)
{
	assert_string_equal(layer_name(choice(name)->layer), layer_name(layer));
	if (text)
		assert_string_equal(choice(name)->text, text);
	else
		assert_null(choice(name)->text);
}

static void each_place_goes_over_those_below_it(void **state)
{
	static const struct fake_value values[] = {
		TEXT(CONFIG_POLICY_KEY, NULL, NULL),
		NUMBER(CONFIG_POLICY_KEY, "IntervalSec", 60),
		TEXT(CONFIG_POLICY_KEY, "CollectorUrl", "https://policy"),
		NUMBER(CONFIG_INSTALLER_KEY, "IntervalSec", 70),
		TEXT(CONFIG_INSTALLER_KEY, "CollectorUrl", "https://installer"),
		TEXT(CONFIG_INSTALLER_KEY, "CaFile", "installer.pem"),
		TEXT(CONFIG_INSTALLER_KEY, "Proxy", ""),
		TEXT(CONFIG_INSTALLER_KEY, "ProbeLimitSec", "7"),
	};
	(void)state;

	set_registry(values, sizeof values / sizeof *values);
	open_config("run", "collector = http://file\nca-file = file.pem\nproxy = http://file\n",
		    "--interval=50");
	assert_from("interval", LAYER_COMMAND_LINE, "50");
	assert_from("collector", LAYER_POLICY, "https://policy");
	assert_from("ca-file", LAYER_INSTALLER, "installer.pem");
	assert_from("proxy", LAYER_FILE, "http://file"); /* an empty text says nothing */
	assert_from("probe-limit", LAYER_INSTALLER, "7");
	assert_from("log-max-kb", LAYER_DEFAULT, NULL);
	assert_string_equal(choice("collector")->where,
			    "HKLM\\Software\\Policies\\mtawatch\\CollectorUrl");
	assert_string_equal(choice("proxy")->where, arena_printf(&arena, "%s:3", path));
	assert_int_equal(config_options(config)->interval_s, 50);
	assert_int_equal(config_options(config)->probe_limit_s, 7);
	assert_int_equal(config_options(config)->log_max_kb, SETTING_LOG_KB);
}

static void a_key_of_somebody_elses_counts_for_nothing(void **state)
{
	static const struct fake_value values[] = {
		TEXT(CONFIG_INSTALLER_KEY, "CollectorUrl", "https://installer"),
		TEXT(CONFIG_POLICY_KEY, "CollectorUrl", "https://policy"),
	};
	(void)state;

	set_registry(values, 2);
	machine.key_of_others = CONFIG_POLICY_KEY;
	open_config("run", "collector = http://file\n", NULL);
	assert_from("collector", LAYER_INSTALLER, "https://installer");
	machine.key_of_others = CONFIG_INSTALLER_KEY;
	assert_int_equal(config_refresh(config), SETTING_REPORTING);
	assert_from("collector", LAYER_POLICY, "https://policy");
	machine.key_of_others = NULL;
	assert_int_equal(config_refresh(config), 0);
}

static void peers_below_a_key_are_somebody_elses_by_themselves(void **state)
{
	static const struct fake_value values[] = {
		TEXT(CONFIG_POLICY_KEY, "CollectorUrl", "https://policy"),
		TEXT(CONFIG_POLICY_KEY "\\Peers", "Peer1", "EXCH2=10.0.0.2"),
	};
	(void)state;

	set_registry(values, 2);
	open_config("run", "", NULL);
	assert_int_equal(config_options(config)->peers.n, 1);
	machine.key_of_others = CONFIG_POLICY_KEY "\\Peers";
	(void)config_refresh(config);
	assert_int_equal(config_options(config)->peers.n, 0);
	assert_from("collector", LAYER_POLICY, "https://policy");
	machine.key_of_others = NULL;
}

static void a_policy_counts_from_the_next_reading_and_no_more_when_it_is_lifted(void **state)
{
	static const struct fake_value values[] = {
		NUMBER(CONFIG_INSTALLER_KEY, "IntervalSec", 70),
		NUMBER(CONFIG_POLICY_KEY, "IntervalSec", 60),
		TEXT(CONFIG_POLICY_KEY, "LogLevel", "error"),
	};
	(void)state;

	set_registry(values, 1);
	open_config("run", "", NULL);
	const struct options *options = config_options(config);
	assert_int_equal(options->interval_s, 70);
	assert_int_equal(config_refresh(config), 0);

	set_registry(values, 3);
	assert_int_equal(config_refresh(config), SETTING_PROBING | SETTING_KEEPING);
	assert_int_equal(options->interval_s, 60);
	assert_int_equal(options->log_level, LOG_LEVEL_ERROR);
	assert_int_equal(config_refresh(config), 0);

	set_registry(values, 1);
	assert_int_not_equal(config_refresh(config), 0);
	assert_int_equal(options->interval_s, 70);
	assert_int_equal(options->log_level, LOG_LEVEL_INFO);
}

static void what_is_not_valid_any_more_stays_as_it_was(void **state)
{
	static const struct fake_value good[] = {
		TEXT(CONFIG_POLICY_KEY, "CollectorUrl", "https://good, https://next"),
		TEXT(CONFIG_INSTALLER_KEY, "CollectorUrl", "https://installer"),
	};
	static const struct fake_value bad[] = {
		TEXT(CONFIG_POLICY_KEY, "CollectorUrl", "ftp://bad"),
		TEXT(CONFIG_INSTALLER_KEY, "CollectorUrl", "https://installer"),
	};
	(void)state;

	set_registry(good, 2);
	open_config("run", "", NULL);
	set_registry(bad, 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(config_refresh(config), 0);
		assert_string_equal(config_options(config)->collectors.list[0], "https://good");
		assert_string_equal(config_options(config)->collectors.list[1], "https://next");
		assert_int_equal(config_options(config)->collectors.n, 2);
		assert_true(choice("collector")->kept);
	}
	config_close(config);
	open_config("run", "", NULL); /* nothing to keep: the next place counts */
	assert_from("collector", LAYER_INSTALLER, "https://installer");
}

static void a_value_that_cannot_be_read_or_is_out_of_bounds_does_not_count(void **state)
{
	static const struct fake_value values[] = {
		{ CONFIG_POLICY_KEY, "IntervalSec", { 0 }, STATUS_DENIED },
		NUMBER(CONFIG_POLICY_KEY, "ProbeLimitSec", 61),
		{ CONFIG_POLICY_KEY, "CaFile", { HOST_VALUE_LIST, NULL, 0, NULL, 0 }, STATUS_OK },
		NUMBER(CONFIG_POLICY_KEY, "LogMaxKb", 0xffffffffu),
	};
	size_t n_invalid = 0;
	(void)state;

	set_registry(values, sizeof values / sizeof *values);
	open_config("run", "interval = 40\n", NULL);
	assert_from("interval", LAYER_FILE, "40");
	assert_from("probe-limit", LAYER_DEFAULT, NULL);
	assert_from("ca-file", LAYER_DEFAULT, NULL);
	assert_from("log-max-kb", LAYER_DEFAULT, NULL);
	for (const struct layer_value *v = config_layers(config)->first; v; v = v->next) {
		n_invalid += v->use == LAYER_INVALID;
		assert_true(v->use != LAYER_INVALID || v->wrong);
	}
	assert_int_equal(n_invalid, 4);
}

static void peers_of_the_command_line_come_in_addition_to_the_highest_place(void **state)
{
	static const struct fake_value values[] = {
		TEXT(PEERS_OF_POLICY, "Peer1", "A=10.0.0.1"),
		TEXT(PEERS_OF_POLICY, "Peer3", "nonsense"),
		TEXT(PEERS_OF_POLICY, "Peer64", "B=10.0.0.2;C=10.0.0.3"),
		TEXT(PEERS_OF_POLICY, "Peer65", "X=10.0.0.9"),
		TEXT(CONFIG_INSTALLER_KEY "\\Peers", "Peer1", "D=10.0.0.4"),
	};
	(void)state;

	set_registry(values, sizeof values / sizeof *values);
	open_config("check", "peer = E=10.0.0.5\n", "--peer=F=10.0.0.6");
	const struct peers *peers = &config_options(config)->peers;
	assert_int_equal(peers->n, 4);
	assert_string_equal(peers->list[0].name, "A");
	assert_string_equal(peers->list[3].name, "F");
	assert_from("peer", LAYER_COMMAND_LINE, "A=10.0.0.1;B=10.0.0.2;C=10.0.0.3;F=10.0.0.6");
}

/* As the installer writes its property PEERS. */
static void peers_may_stand_in_one_value(void **state)
{
	static const struct fake_value values[] = {
		TEXT(CONFIG_INSTALLER_KEY, "Peers", "A=10.0.0.1;B=10.0.0.2"),
		TEXT(CONFIG_INSTALLER_KEY "\\Peers", "Peer1", "C=10.0.0.3"),
	};
	(void)state;

	set_registry(values, 2);
	open_config("check", "", NULL);
	assert_from("peer", LAYER_INSTALLER, "A=10.0.0.1;B=10.0.0.2;C=10.0.0.3");
}

static void a_file_that_is_broken_while_the_agent_runs_stays_as_it_was(void **state)
{
	(void)state;
	open_config("run", "interval = 40\n", NULL);
	write_file("interval = forty\n");
	assert_int_equal(config_refresh(config), 0);
	assert_int_equal(config_options(config)->interval_s, 40);
	write_file("interval = 41\n");
	assert_int_not_equal(config_refresh(config), 0);
	assert_int_equal(config_options(config)->interval_s, 41);
	assert_int_equal(files_remove(path), STATUS_OK);
	assert_int_not_equal(config_refresh(config), 0);
	assert_int_equal(config_options(config)->interval_s, 0);
}

/* The registry of another machine's disk says nothing about the program that reads the disk. */
static void the_registry_of_a_foreign_disk_does_not_count(void **state)
{
	static const struct fake_value values[] = {
		NUMBER(CONFIG_POLICY_KEY, "IntervalSec", 60),
	};
	(void)state;

	set_registry(values, 1);
	open_config("check", "windows-root = /mnt\ndisk-only = yes\n", NULL);
	assert_int_equal(config_options(config)->interval_s, 0);
}

static int make_file(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return files_remove(path) == STATUS_OK ? 0 : -1;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(each_place_goes_over_those_below_it),
		TEST(a_key_of_somebody_elses_counts_for_nothing),
		TEST(peers_below_a_key_are_somebody_elses_by_themselves),
		TEST(a_policy_counts_from_the_next_reading_and_no_more_when_it_is_lifted),
		TEST(what_is_not_valid_any_more_stays_as_it_was),
		TEST(a_value_that_cannot_be_read_or_is_out_of_bounds_does_not_count),
		TEST(peers_of_the_command_line_come_in_addition_to_the_highest_place),
		TEST(peers_may_stand_in_one_value),
		TEST(a_file_that_is_broken_while_the_agent_runs_stays_as_it_was),
		TEST(the_registry_of_a_foreign_disk_does_not_count),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
