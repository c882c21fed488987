#include "collector/hooks/settings.h"

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

#include "collector/base/pattern.h"
#include "collector/config/duration.h"
#include "collector/config/secret_file.h"
#include "collector/daemon/options.h"
#include "collector/transfer/mail_address.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"

static struct arena arena;
static struct options options;
static struct faults faults;
static char folder[] = "/tmp/mtawatch-hooks-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	strcpy(strrchr(folder, '-') + 1, "XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static char *path_of(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name);
}

static char *write_file(const char *name, const char *text, mode_t mode)
{
	char *path = path_of(name);
	FILE *out = fopen(path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "conf", "secret", "password" };
	(void)state;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(path_of(names[i])); /* those that are there */
	arena_deinit(&arena);
	return rmdir(folder);
}

/* Reads a file with these lines; '%s' in them is the folder. */
static const struct hook_settings *read_lines(const char *format)
{
	char *arguments[] = { (char *)(uintptr_t) "--config", NULL };
	char *text = arena_strdup(&arena, "");

	for (const char *at = format; *at; at++) {
		if (strncmp(at, "%s", 2) == 0)
			text = arena_printf(&arena, "%s%s", text, folder), at++;
		else
			text = arena_printf(&arena, "%s%c", text, *at);
	}
	arguments[1] = write_file("conf", text, 0600);
	options.hooks = NULL;
	enum status status = options_read(&options, 2, arguments, &arena, &faults);
	assert_int_equal(status, faults.n ? STATUS_INVALID : STATUS_OK);
	return options.hooks;
}

/* The lines have one fault, at `line`, that says `text`. */
static void assert_fault(const char *lines, int line, const char *text)
{
	read_lines(lines);
	assert_int_equal(faults.n, 1);
	const char *place = arena_printf(&arena, "%s/conf, line %d: ", folder, line);
	if (strncmp(faults.texts[0], place, strlen(place)) != 0 || !strstr(faults.texts[0], text))
		fail_msg("%s", faults.texts[0]);
}

static void every_type_has_its_keys(void **state)
{
	(void)state;
	write_file("secret", SECRET, 0640);
	write_file("password", "s3cret \n", 0400);
	const struct hook_settings *hook = read_lines(
		"[hook ops]\ntype = webhook\nurl = https://h.example/a\nsecret-file = %s/secret\n"
		"github-signature = yes\nsites = ACME/HQ, ACME/B*\nconditions = failing, silent\n"
		"send-resolved = no\ntime-limit = 5s\nproxy = http://proxy:3128\n"
		"[hook am]\ntype = alertmanager\nurl = http://a:9093\nurl = http://b:9093\n"
		"[hook pager]\ntype = command\ncommand = /bin/true\n"
		"[hook mail]\ntype = email\nsmtp = smtp://relay:587\nfrom = mtawatch@example.com\n"
		"to = a@example.com, b@example.com\nto = c@example.com\nuser = u\n"
		"password-file = %s/password\n"
		"[hook alive]\ntype = heartbeat\nurl = https://h.example/b\ninterval = 30s\n"
		"method = GET\n");
	assert_int_equal(faults.n, 0);
	assert_string_equal(hook->name, "ops");
	assert_int_equal(hook->type, HOOK_TYPE_WEBHOOK);
	assert_int_equal(hook->n_secrets, 1);
	assert_int_equal(hook->secrets[0].n, 24);
	assert_true(hook->github);
	assert_int_equal(hook->limit_ms, 5000);
	assert_false(hook->route.send_resolved);
	assert_int_equal(hook->route.conditions,
			 CONDITION_BIT(CONDITION_FAILING) | CONDITION_BIT(CONDITION_SILENT) |
				 CONDITION_BIT(CONDITION_SURROUNDINGS)); /* many that are silent */
	assert_int_equal(hook->route.n_sites, 2);
	hook = hook->next;
	assert_int_equal(hook->n_urls, 2);
	assert_int_equal(hook->route.conditions, CONDITION_ALL);
	hook = hook->next;
	assert_string_equal(hook->command, "/bin/true");
	assert_int_equal(hook->limit_ms, 30000);
	hook = hook->next;
	assert_int_equal(hook->n_to, 3);
	assert_string_equal(hook->to[2], "c@example.com");
	assert_string_equal(hook->password, "s3cret ");
	assert_int_equal(hook->starttls, TRANSFER_STARTTLS_REQUIRED);
	hook = hook->next;
	assert_true(hook->get);
	assert_int_equal(hook->interval_ms, 30000);
	assert_null(hook->next);
}

static void the_plain_setting_is_a_hook_too(void **state)
{
	(void)state;
	const struct hook_settings *hook = read_lines("hook-command = /bin/true\n");
	assert_string_equal(hook->name, "command");
	assert_int_equal(hook->type, HOOK_TYPE_COMMAND);
	assert_fault("hook-command = /bin/true\n[hook command]\ntype = command\n"
		     "command = /bin/true\n",
		     2, "say it once");
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	(void)state;
	assert_fault("[hook a]\nurl = http://x\n", 1, "needs a type");
	assert_fault("[hook a]\ntype = webhok\n", 1, "needs a type");
	assert_fault("[hook a]\ntype = webhook\n", 1, "lacks the key url");
	assert_fault("[hook a]\ntype = webhook\nurl = ftp://x\n", 3, "https://");
	assert_fault("[hook a]\ntype = webhook\nurl = https://\n", 3, "https://");
	assert_fault("[hook a]\ntype = webhook\nurl = https://u:p@x/\n", 3, "without a user");
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\nto = a@b\n", 4,
		     "no key of [hook] \"to\"");
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\nsites = HQ\n", 4,
		     "ORGANIZATION/SITE");
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\nconditions = bad\n", 4, "at_risk");
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\ntime-limit = 0s\n", 4, "1s to");
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\nca-file = %s/no\n", 4,
		     "No such file");
	assert_fault("[hook a]\ntype = command\ncommand = true\n", 3, "whole path");
	assert_fault("[hook a]\ntype = command\ncommand = /dev/null\n", 3, "can be run");
	assert_fault("[hook a]\ntype = email\nsmtp = relay\nfrom = a@b\nto = c@d\n", 3, "smtp://");
	assert_fault("[hook a]\ntype = email\nsmtp = smtp://r\nfrom = a@b\nto = c@d>\n", 5,
		     "postmaster@");
}

static void what_does_not_go_together_is_told(void **state)
{
	(void)state;
	write_file("password", "s3cret", 0600);
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\nuser = u\n", 1, "password-file");
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\ngithub-signature = yes\n", 1,
		     "secret-file");
	assert_fault("[hook a]\ntype = webhook\nurl = http://127.0.0.1.evil/\ntoken-file = "
		     "%s/password\n",
		     1, "others can read");
	assert_fault("[hook a]\ntype = email\nsmtp = smtp://r\nfrom = a@b\nto = c@d\nuser = u\n"
		     "password-file = %s/password\nstarttls = offered\n",
		     1, "others can read");
	read_lines("[hook a]\ntype = webhook\nurl = http://127.0.0.1:80/\ntoken-file = "
		   "%s/password\n");
	assert_int_equal(faults.n, 0);
}

static void only_so_many_hooks(void **state)
{
	char *text = arena_strdup(&arena, "");
	(void)state;

	for (int i = 0; i < HOOK_MAX_HOOKS; i++)
		text = arena_printf(&arena, "%s[hook h%d]\ntype = command\ncommand = /bin/true\n",
				    text, i);
	read_lines(text);
	assert_int_equal(faults.n, 0);
	text = arena_printf(&arena, "%s[hook last]\ntype = command\ncommand = /bin/true\n", text);
	assert_fault(text, HOOK_MAX_HOOKS * 3 + 1, "at most 32 hooks");
}

static void assert_no_secret(const char *text, mode_t mode, const char *wanted)
{
	const char *why = NULL;
	char *path = write_file("secret", text, mode);

	assert_null(secret_file_read(path, &arena, &why));
	if (!strstr(why, wanted))
		fail_msg("%s", why);
	unlink(path);
}

static void secrets_come_from_files_that_others_cannot_read(void **state)
{
	char longest[SECRET_FILE_MAX_BYTES + 2] = { 0 };
	const char *why = NULL;
	(void)state;

	assert_no_secret("x", 0644, "chmod");
	assert_no_secret("x", 0620, "chmod");
	assert_no_secret("", 0600, "empty");
	assert_no_secret("\nx", 0600, "empty");
	assert_no_secret("a\nb", 0600, "only line");
	assert_null(secret_file_read(path_of("secret"), &arena, &why));
	assert_non_null(strstr(why, "No such file"));
	assert_null(secret_file_read(folder, &arena, &why));
	memset(longest, 'x', SECRET_FILE_MAX_BYTES + 1);
	assert_no_secret(longest, 0600, "4096");
	longest[SECRET_FILE_MAX_BYTES] = '\0';
	const char *read = secret_file_read(write_file("secret", longest, 0440), &arena, &why);
	assert_string_equal(read, longest);
}

static void a_webhooks_secret_has_its_form(void **state)
{
	(void)state;
	write_file("secret", "hunter2", 0600);
	assert_fault("[hook a]\ntype = webhook\nurl = https://x\nsecret-file = %s/secret\n", 4,
		     "whsec_");
}

static void times_have_units(void **state)
{
	int64_t ms = 7;
	(void)state;

	assert_true(duration_parse("90s", &ms) && ms == 90000);
	assert_true(duration_parse("5m", &ms) && ms == 300000);
	assert_true(duration_parse("4h", &ms) && ms == 14400000);
	assert_true(duration_parse("366d", &ms) && ms == DURATION_MAX_MS);
	assert_true(duration_parse("0s", &ms) && ms == 0);
	ms = 7;
	assert_false(duration_parse("367d", &ms));
	assert_false(duration_parse("99999999999999999999s", &ms));
	assert_false(duration_parse("5", &ms));
	assert_false(duration_parse("m", &ms));
	assert_false(duration_parse("5min", &ms));
	assert_false(duration_parse("-5m", &ms));
	assert_false(duration_parse("", &ms));
	assert_int_equal(ms, 7);
}

static void addresses_need_no_quoting(void **state)
{
	(void)state;
	assert_true(mail_address_is_valid("post.master+a@mail.example.com"));
	assert_true(mail_address_is_valid("root@localhost"));
	assert_false(mail_address_is_valid("a b@example.com"));
	assert_false(mail_address_is_valid("a@b@c"));
	assert_false(mail_address_is_valid("@example.com"));
	assert_false(mail_address_is_valid("a@"));
	assert_false(mail_address_is_valid("a@b\r\nBcc: c@d"));
	assert_false(mail_address_is_valid("<a@b>"));
	assert_string_equal(mail_address_domain("a@b.c"), "b.c");
}

static void patterns_match_whole_names(void **state)
{
	(void)state;
	assert_true(pattern_matches("ACME/HQ", "acme/hq"));
	assert_true(pattern_matches("*", ""));
	assert_true(pattern_matches("ACME/*", "ACME/Berlin"));
	assert_true(pattern_matches("*/?Q", "ACME/HQ"));
	assert_true(pattern_matches("a*b*c", "axxbyybzc"));
	assert_true(pattern_matches("K?ln", "K\xc3\xb6ln"));
	assert_false(pattern_matches("ACME", "ACME/HQ"));
	assert_false(pattern_matches("a*b*c", "axxbyybz"));
	assert_false(pattern_matches("", "a"));
	assert_false(pattern_matches("?", ""));
}

static void routes_go_by_condition_and_site(void **state)
{
	const char *sites[] = { "ACME/HQ", "*/Berlin" };
	struct hook_route route = { .conditions = CONDITION_BIT(CONDITION_FAILING) |
						  CONDITION_BIT(CONDITION_DISK) };
	(void)state;

	assert_true(hook_route_takes(&route, CONDITION_FAILING, "ACME", "Paris"));
	assert_true(hook_route_takes(&route, CONDITION_DISK, "", ""));
	assert_false(hook_route_takes(&route, CONDITION_SILENT, "ACME", "HQ"));
	route.sites = sites;
	route.n_sites = 2;
	assert_true(hook_route_takes(&route, CONDITION_FAILING, "Beta", "Berlin"));
	assert_false(hook_route_takes(&route, CONDITION_FAILING, "ACME", "Paris"));
	assert_false(hook_route_takes(&route, CONDITION_DISK, "", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_type_has_its_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_plain_setting_is_a_hook_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_told_with_its_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_does_not_go_together_is_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(only_so_many_hooks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_come_from_files_that_others_cannot_read,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_webhooks_secret_has_its_form, set_up, tear_down),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(addresses_need_no_quoting),
		cmocka_unit_test(patterns_match_whole_names),
		cmocka_unit_test(routes_go_by_condition_and_site),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
