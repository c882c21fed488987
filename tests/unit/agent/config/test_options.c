#include "agent/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include "agent/commands/command_line.h"
#include "agent/config/file.h"
#include "agent/platform/files.h"
#include "tests/unit/rows.h"

#define MAX_ARGUMENTS 24

#define PIN_A "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define PIN_B "sha256//LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564="

static struct arena arena;
static struct command_line line;
static struct config *config;
static struct options options; /* in force */
static const char *error;
static char path[] = "/tmp/test_options.XXXXXX";

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	error = NULL;
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

/* Reads a command line, cut at spaces, and the file that it names. */
static enum status read_line(const char *text)
{
	char *arguments[MAX_ARGUMENTS];
	int n = 0;
	char *rest = arena_strdup(&arena, text);

	for (char *word = strtok(rest, " "); word; word = strtok(NULL, " "))
		arguments[n++] = word;
	config_close(config);
	config = NULL;
	enum status status = command_line_read(n, arguments, &arena, &line, &error);
	if (status == STATUS_OK)
		status = config_open(&config, &line.options, line.config_file, &error);
	if (status == STATUS_OK)
		options = *config_options(config);
	return status;
}

static void write_file(const char *text)
{
	assert_int_equal(files_replace(path, text, strlen(text)), STATUS_OK);
}

static enum status read_with_file(const char *text)
{
	write_file(text);
	return read_line(arena_printf(&arena, "check --config %s", path));
}

static void a_command_line_says_everything(void **state)
{
	(void)state;
	assert_int_equal(read_line("run --collector https://c.example --peer A=10.0.0.6,10.0.0.7 "
				   "--peer=B=10.0.0.8 --interval 60 --probe-limit=5 --once"),
			 STATUS_OK);
	assert_ptr_equal(line.command, command_find("run"));
	assert_string_equal(options.collectors.list[0], "https://c.example");
	assert_int_equal(options.peers.n, 2);
	assert_string_equal(options.peers.list[0].name, "A");
	assert_int_equal(options.peers.list[0].n_addresses, 2);
	assert_int_equal(options.peers.list[1].addresses[0], 0x0a000008);
	assert_int_equal(options.interval_s, 60);
	assert_int_equal(options.probe_limit_s, 5);
	assert_true(options.once);
	assert_false(options.disk_only);
}

static void a_file_says_the_same_and_the_command_line_goes_over_it(void **state)
{
	(void)state;
	write_file("\xef\xbb\xbf# the agent of EXCH1\r\n"
		   "\n"
		   "collector = http://127.0.0.1:8470\r\n"
		   "  peer=EXCH2=10.0.0.6\n"
		   "; another\n"
		   "interval = 30\n"
		   "windows-root = /srv/dead server\n"
		   "disk-only = yes");
	assert_int_equal(read_line(arena_printf(&arena, "run --interval 20 --config=%s", path)),
			 STATUS_OK);
	assert_string_equal(options.collectors.list[0], "http://127.0.0.1:8470");
	assert_int_equal(options.peers.n, 1);
	assert_string_equal(options.image_root, "/srv/dead server");
	assert_true(options.disk_only);
	assert_int_equal(options.interval_s, 20);
}

static void a_mistake_in_a_file_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{ "\ninterval = 0\n", ":2: interval = 0: expected a whole number" },
		{ "peers = A=10.0.0.6\n", ":1: unknown key peers" },
		{ "once = yes\n", ":1: unknown key once" },
		{ "#\n#\ncollector\n", ":3: expected KEY = VALUE" },
		{ "collector = ftp://c\n", ":1: collector = ftp://c: expected an http://" },
		{ "disk-only = maybe\n", ":1: disk-only = maybe: expected yes or no" },
		{ "peer = A=10.0.0.6,\n", ":1: peer = A=10.0.0.6,: expected NAME=ADDRESS" },
	};
	(void)state;

	for_each_row(i, cases) {
		assert_int_equal(read_with_file(cases[i].text), STATUS_INVALID);
		assert_int_equal(strncmp(error, path, strlen(path)), 0);
		assert_int_equal(
			strncmp(error + strlen(path), cases[i].says, strlen(cases[i].says)), 0);
	}
}

static void a_mistake_on_the_command_line_is_named(void **state)
{
	static const struct {
		const char *line;
		const char *says;
	} cases[] = {
		{ "", "no command" },
		{ "watch", "unknown command watch" },
		{ "--json check", "expected a command before --json" },
		{ "check --verbose", "unknown option --verbose" },
		{ "check --peer", "--peer needs a value" },
		{ "check --peer A=127.0.0.1", "--peer A=127.0.0.1: expected NAME=ADDRESS" },
		{ "check --peer A=10.0.0.256", "--peer A=10.0.0.256: expected NAME=ADDRESS" },
		{ "check --peer =10.0.0.6", "--peer =10.0.0.6: expected NAME=ADDRESS" },
		{ "check --interval 5m", "--interval 5m: expected a whole number" },
		{ "check --interval 86401", "--interval 86401: expected a whole number" },
		{ "check --probe-limit 61", "--probe-limit 61: expected a whole number" },
		{ "check --once", "--once is no option of check" },
		{ "report --json", "--json is no option of report" },
		{ "check EXCH2", "unexpected argument EXCH2" },
		{ "check --disk-only", "--disk-only needs --windows-root" },
		{ "run --collector http:///x", "--collector http:///x: expected an http://" },
		{ "check --collector http://c", "--collector is no option of check" },
		{ "run --collector https://u:p@c", "--collector: expected an http://" },
		{ "run --collector https://a,https://u:p@c", "--collector: expected an http://" },
		{ "run --collector https://u,s:p@c", "--collector: expected an http://" },
		{ "run --collector https://a,", "--collector https://a,: expected an http://" },
		{ "run --collector https://a,ftp://b", "--collector https://a,ftp://b: expected" },
		{ "run --proxy https://proxy", "--proxy https://proxy: expected http://HOST:PORT" },
		{ "run --proxy-user a:b",
		  "--proxy-user a:b: expected a user's name, without a colon" },
		{ "run --proxy http://u:p@proxy:1", "--proxy: expected http://HOST:PORT" },
		{ "run --pin sha256//AAAA", "--pin sha256//AAAA: expected one or two of" },
		{ "run --pin " PIN_A "," PIN_B "," PIN_A, "--pin " },
		{ "run --pin " PIN_A ",", "--pin " },
		{ "run --log-level debug", "--log-level debug: expected error, warning" },
		{ "run --log-max-kb 63", "--log-max-kb 63: expected a whole number from 64" },
		{ "run --log-max-kb 1048577", "--log-max-kb 1048577: expected a whole" },
		{ "check --peer A=10.0.0.6;", "--peer A=10.0.0.6;: expected NAME=ADDRESS" },
		{ "check --config", "--config needs a value" },
		{ "check --config /nowhere/x", "could not read /nowhere/x: it does not exist" },
	};
	(void)state;

	for_each_row(i, cases) {
		assert_int_not_equal(read_line(cases[i].line), STATUS_OK);
		if (strncmp(error, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("%s says: %s", cases[i].line, error);
	}
}

static void help_is_given_whatever_else_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(read_line("check --verbose --help"), STATUS_OK);
	assert_true(line.help);
	assert_ptr_equal(line.command, command_find("check"));
	assert_int_equal(read_line("-h"), STATUS_OK);
	assert_null(line.command);
	assert_int_equal(read_line("--version"), STATUS_OK);
	assert_true(line.version);
}

static void the_way_to_the_collector_can_be_set(void **state)
{
	(void)state;
	assert_int_equal(read_line("run --collector https://c.example --proxy http://proxy:3128 "
				   "--collector-fallback https://d.example:8443/x --ca-file ca.pem "
				   "--client-cert cert.pem --client-key key.pem --pin " PIN_A
				   "," PIN_B " "
				   "--enroll-secret-file secret.txt"),
			 STATUS_OK);
	assert_int_equal(options.collectors.n, 2);
	assert_string_equal(options.collectors.list[1], "https://d.example:8443/x");
	assert_string_equal(options.proxy, "http://proxy:3128");
	assert_string_equal(options.ca_file, "ca.pem");
	assert_string_equal(options.client_cert, "cert.pem");
	assert_string_equal(options.client_key, "key.pem");
	assert_string_equal(options.enroll_secret_file, "secret.txt");
	assert_int_equal(options.pins.n, 2);
	assert_string_equal(options.pins.list[0], PIN_A);
	assert_string_equal(options.pins.list[1], PIN_B);
}

static void expect_collectors(const char *text)
{
	assert_string_equal(option_urls_text(&options.collectors, &arena), text);
}

static void several_collectors_may_be_named(void **state)
{
	(void)state;
	assert_int_equal(read_with_file("collector = https://a , https://b\n"
					"collector-fallback = https://d,https://e\n"
					"collector = https://c\n"),
			 STATUS_OK);
	expect_collectors("https://a, https://b, https://c, https://d, https://e");
	assert_int_equal(read_line("run --collector https://a --collector https://b,https://c"),
			 STATUS_OK);
	expect_collectors("https://a, https://b, https://c");
	assert_int_equal(read_line("run --collector-fallback https://d"), STATUS_OK);
	expect_collectors("https://d");
	assert_int_equal(read_line("run"), STATUS_OK);
	assert_int_equal(options.collectors.n, 0);
}

static void a_higher_place_names_all_collectors(void **state)
{
	(void)state;
	write_file(
		"collector = https://a\ncollector = https://b\ncollector-fallback = https://d\n");
	assert_int_equal(
		read_line(arena_printf(&arena, "run --collector https://c --config=%s", path)),
		STATUS_OK);
	expect_collectors("https://c, https://d");
}

static void eight_collectors_may_be_named(void **state)
{
	const char *text = "collector = https://c1\n";
	(void)state;

	for (int i = 2; i <= SETTING_MAX_URLS; i++)
		text = arena_printf(&arena, "%scollector = https://c%d\n", text, i);
	assert_int_equal(read_with_file(text), STATUS_OK);
	assert_int_equal(options.collectors.n, SETTING_MAX_URLS);
	assert_string_equal(options.collectors.list[7], "https://c8");
	text = arena_printf(&arena, "%scollector-fallback = https://c9\n", text);
	assert_int_equal(read_with_file(text), STATUS_INVALID);
	assert_non_null(strstr(error, ":9: collector-fallback = https://c9: expected an http://"));
}

static void messages_have_a_file_a_level_and_a_bound(void **state)
{
	(void)state;
	assert_int_equal(read_line("run"), STATUS_OK);
	assert_null(options.log_file);
	assert_int_equal(options.log_level, LOG_LEVEL_INFO);
	assert_int_equal(options.log_max_kb, SETTING_LOG_KB);
	assert_int_equal(read_line("run --log-file agent.log --log-level Warning --log-max-kb 64"),
			 STATUS_OK);
	assert_string_equal(options.log_file, "agent.log");
	assert_int_equal(options.log_level, LOG_LEVEL_WARNING);
	assert_int_equal(options.log_max_kb, 64);
}

static void several_peers_may_stand_in_one_value(void **state)
{
	(void)state;
	assert_int_equal(read_line("check --peer A=10.0.0.6;B=10.0.0.7,10.0.0.8"), STATUS_OK);
	assert_int_equal(options.peers.n, 2);
	assert_int_equal(options.peers.list[1].n_addresses, 2);
}

/* A text of `n` umlauts is as long as an ASCII one of `n` characters, as Windows counts. */
static void a_text_is_as_long_as_windows_counts_it(void **state)
{
	const struct setting *setting = setting_find("ca-file", strlen("ca-file"));
	char text[2 * (SETTING_MAX_TEXT + 1) + 1];
	(void)state;

	for (size_t i = 0; i <= SETTING_MAX_TEXT; i++)
		memcpy(text + 2 * i, "\xc3\xbc", 3);
	assert_non_null(setting_apply(setting, text, &arena, &options));
	text[sizeof text - 3] = '\0';
	assert_null(setting_apply(setting, text, &arena, &options));
	assert_string_equal(options.ca_file, text);
}

static void a_file_may_be_as_long_as_its_limit(void **state)
{
	char *text = arena_alloc(&arena, CONFIG_FILE_MAX + 2);
	(void)state;

	memset(text, '#', CONFIG_FILE_MAX + 1);
	text[CONFIG_FILE_MAX] = '\0';
	assert_int_equal(read_with_file(text), STATUS_OK);
	text[CONFIG_FILE_MAX] = '#';
	text[CONFIG_FILE_MAX + 1] = '\0';
	assert_int_equal(read_with_file(text), STATUS_LIMIT);
	assert_int_equal(strncmp(error, "could not read /tmp/", 20), 0);
}

static void sixty_four_peers_may_be_named(void **state)
{
	const char *text = "";
	(void)state;

	for (int i = 1; i <= PEERS_MAX_CONFIGURED; i++)
		text = arena_printf(&arena, "%speer = P%d=10.0.0.%d\n", text, i, i);
	assert_int_equal(read_with_file(text), STATUS_OK);
	assert_int_equal(options.peers.n, PEERS_MAX_CONFIGURED);
	assert_int_equal(read_with_file(arena_printf(&arena, "%speer = X=10.0.1.1\n", text)),
			 STATUS_INVALID);
	assert_non_null(strstr(error, ":65: peer = X=10.0.1.1: expected one of at most 64 peers"));
}

static void a_peer_with_a_known_name_or_address_is_the_same_peer(void **state)
{
	(void)state;
	assert_int_equal(read_line("check --peer EXCH2=10.0.0.6 --peer exch2=10.0.0.7 "
				   "--peer ALIAS=10.0.0.7,10.0.0.8"),
			 STATUS_OK);
	assert_int_equal(options.peers.n, 1);
	assert_string_equal(options.peers.list[0].name, "EXCH2");
	assert_int_equal(options.peers.list[0].n_addresses, 3);
}

static void networks_of_dealt_peers_may_be_named(void **state)
{
	const char *text = "run --allow-peers 10.0.0.1";
	(void)state;

	assert_int_equal(read_with_file("allow-peers = 131.107.0.0/16 , 192.0.2.7\n"), STATUS_OK);
	assert_int_equal(options.allow_peers.n, 2);
	assert_int_equal(options.allow_peers.list[0].length, 16);
	assert_int_equal(options.allow_peers.list[1].address, 0xc0000207);
	assert_int_equal(options.allow_peers.list[1].length, 32);
	for (int i = 1; i < PEERS_MAX_NETWORKS; i++)
		text = arena_printf(&arena, "%s,10.0.%d.0/24", text, i);
	assert_int_equal(read_line(text), STATUS_OK);
	assert_int_equal(read_line(arena_printf(&arena, "%s,10.1.0.0/24", text)), STATUS_INVALID);
	assert_int_equal(read_line("run --allow-peers 10.0.0.0/33"), STATUS_INVALID);
	assert_int_equal(read_line("run --allow-peers 10.0.0.1,"), STATUS_INVALID);
	assert_int_equal(read_with_file("allow-peers = 10.0.0.1 10.0.0.2\n"), STATUS_INVALID);
	assert_non_null(strstr(error, "expected at most 32 IPv4 addresses or networks"));
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
	return unlink(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_command_line_says_everything),
		TEST(a_file_says_the_same_and_the_command_line_goes_over_it),
		TEST(a_mistake_in_a_file_is_named_with_its_line),
		TEST(a_mistake_on_the_command_line_is_named),
		TEST(help_is_given_whatever_else_is_wrong),
		TEST(the_way_to_the_collector_can_be_set),
		TEST(several_collectors_may_be_named),
		TEST(a_higher_place_names_all_collectors),
		TEST(eight_collectors_may_be_named),
		TEST(messages_have_a_file_a_level_and_a_bound),
		TEST(several_peers_may_stand_in_one_value),
		TEST(a_text_is_as_long_as_windows_counts_it),
		TEST(a_file_may_be_as_long_as_its_limit),
		TEST(sixty_four_peers_may_be_named),
		TEST(a_peer_with_a_known_name_or_address_is_the_same_peer),
		TEST(networks_of_dealt_peers_may_be_named),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
