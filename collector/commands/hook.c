#include <inttypes.h>
#include <stdio.h>

#include "collector/base/loop.h"
#include "collector/cli/arguments.h"
#include "collector/cli/command.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/hook_sample.h"
#include "collector/commands/mail_host.h"
#include "collector/crypto/secret.h"
#include "collector/daemon/options.h"
#include "collector/hooks/settings.h"

const char hook_help[] =
	"mtawatch-collector hook: list the hooks, try one.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector hook list\n"
	"  mtawatch-collector hook test operators --config ./collector.conf\n"
	"  mtawatch-collector hook test mail --kind daily-report\n"
	"\n"
	"A test sends an alert of servers called TEST, marked as a test, and shows what went\n"
	"over the line (\"> \" what was sent, \"< \" what came back; passwords and tokens are\n"
	"hidden), how it ended and how long it took. It needs no collector that runs, and leaves\n"
	"nothing behind.\n"
	"\n"
	"Options:\n"
	"  --config FILE      the file that `serve` is given (" OPTIONS_CONFIG_FILE ")\n"
	"  --kind KIND        `alert` of one server (the default), `summary` of a storm, `digest`\n"
	"                     of the first days of a fleet, `daily-report`\n"
	"\n"
	"Exit status: 0 delivered, 1 not delivered, 2 wrong usage or a wrong setting.\n";

/* A test, and what it sends. */
struct
try {
	struct loop *loop;
	struct hooks *hooks;
	enum notification_reason reason;
	struct arena arena;
	uint64_t began_ms;
	bool delivered;
};

static void print_conditions(unsigned conditions)
{
	const char *between = "";

	if (conditions == CONDITION_ALL) {
		fputs("all", stdout);
		return;
	}
	for (unsigned i = 0; i < CONDITION_COUNT; i++) {
		if (!(conditions & CONDITION_BIT(i)))
			continue;
		printf("%s%s", between, condition_name((enum condition)i));
		between = ",";
	}
}

static int list(const struct options *options)
{
	printf("%-24s %-13s %-32s %s\n", "HOOK", "TYPE", "CONDITIONS", "SITES");
	for (const struct hook_settings *s = options->hooks; s; s = s->next) {
		printf("%-24s %-13s ", s->name, hook_types[s->type]);
		if (s->type == HOOK_TYPE_HEARTBEAT) {
			puts("-                                -");
			continue;
		}
		print_conditions(s->route.conditions);
		for (size_t i = 0; i < s->route.n_sites; i++)
			printf("%s%s", i ? "," : " ", s->route.sites[i]);
		puts(s->route.n_sites ? "" : " all");
	}
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static void show_line(void *user, bool sent, const char *line)
{
	(void)user;
	printf("%s %s\n", sent ? ">" : "<", line);
}

static void close_try(void *user)
{
	struct try *try = user;

	if (try->hooks)
		hooks_close(try->hooks, NULL, NULL);
	try->hooks = NULL;
	loop_release(try->loop);
}

static const char *outcome_text(enum hook_outcome outcome)
{
	switch (outcome) {
	case HOOK_DELIVERED:
		return "delivered";
	case HOOK_RETRY:
		return "not delivered; a collector would try again";
	case HOOK_REFUSED:
		return "refused; a collector would not try again";
	case HOOK_GONE:
		return "refused for good; a collector would use the hook no more";
	}
	return "?";
}

static void on_done(void *user, const struct hook_result *result)
{
	struct try *try = user;

	try->delivered = result->outcome == HOOK_DELIVERED;
	printf("%s, after %" PRIu64 " ms: %s\n", outcome_text(result->outcome),
	       loop_monotonic_ms() - try->began_ms, result->text);
	close_try(try);
}

static void print_warning(void *user, const char *text)
{
	(void)user;
	printf("warning: %s\n", text);
}

/* What it is good to know before it is sent. */
static void warn(const struct options *options, const struct hook_settings *settings)
{
	if (settings->type == HOOK_TYPE_EMAIL)
		puts("Mail about an MTA that is down must not go through that MTA: see that no "
		     "server that\nmtawatch watches carries this mail.");
	if (settings->type == HOOK_TYPE_WEBHOOK && settings->format == HOOK_FORMAT_PAGERDUTY)
		puts("This opens an alert of severity info in PagerDuty; resolve it there.");
	mail_host_check(options, settings->name, print_warning, NULL);
}

static void show_command(const struct hook_settings *settings)
{
	if (settings->type == HOOK_TYPE_COMMAND)
		printf("> %s, with the notification as JSON on its standard input\n",
		       settings->command);
}

/* Why a hook cannot be told that, or NULL. */
static const char *why_not(const struct hook *hook, enum notification_reason reason)
{
	const struct hook_settings *settings = hook->settings;

	if (reason == NOTIFICATION_TEST)
		return NULL;
	if (!hook_is_notified(hook))
		return "it is told of no summaries: an Alertmanager gets states, a heartbeat "
		       "nothing";
	if (reason == NOTIFICATION_DAILY_REPORT && settings->type == HOOK_TYPE_WEBHOOK &&
	    settings->format == HOOK_FORMAT_PAGERDUTY)
		return "a daily report would be an incident of PagerDuty's";
	return NULL;
}

static void send_sample(struct try *try, const struct options *options, struct hook *hook,
			const char *id)
{
	const char *url = options->external_url ? options->external_url : "";
	const struct notification sample =
		hook_sample(try->reason, id, hook->name, url, loop_wall_ms(), &try->arena);

	warn(options, hook->settings);
	show_command(hook->settings);
	hook_send(hook, &sample, on_done, try);
}

static int exit_status_of(const struct try *try, const char *name, bool is_there,
			  const char *reason_not)
{
	if (!is_there)
		return terminal_refuse("there is no hook '%s'; see mtawatch-collector hook list",
				       name);
	if (reason_not)
		return terminal_refuse("the hook '%s' cannot be tried so: %s", name, reason_not);
	return fflush(stdout) == 0 && try->delivered ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static int run_try(struct try *try, const struct options *options, const char *name)
{
	char id[UUID_TEXT_SIZE];

	if (secret_make_id(id) != STATUS_OK)
		return terminal_fail("the system gives no random numbers");
	if (loop_open(&try->loop, close_try, try) != STATUS_OK)
		return terminal_fail("the system has no resources for an event loop");
	try->hooks = hooks_open(loop_uv(try->loop), options->hooks);
	hooks_show(try->hooks, show_line, NULL);
	struct hook *hook = hooks_find(try->hooks, name);
	const char *reason_not = hook ? why_not(hook, try->reason) : NULL;
	if (hook && !reason_not)
		send_sample(try, options, hook, id);
	else
		close_try(try);
	loop_run(try->loop);
	if (loop_close(try->loop) != STATUS_OK)
		return TERMINAL_EXIT_FAILED;
	return exit_status_of(try, name, hook != NULL, reason_not);
}

static int try_hook(const struct options *options, const char *name,
		    enum notification_reason reason)
{
	struct try try = { .reason = reason, .began_ms = loop_monotonic_ms() };

	arena_init(&try.arena);
	int rc = run_try(&try, options, name);
	arena_deinit(&try.arena);
	return rc;
}

static int act(const struct arguments *words, const char *config, enum notification_reason reason,
	       struct arena *arena)
{
	struct options options;
	struct faults faults;

	if (options_read_one(&options, "config", config, arena, &faults) == STATUS_OK)
		return words->form == 0 ? list(&options)
					: try_hook(&options, words->words[1], reason);
	for (size_t i = 0; i < faults.n; i++)
		(void)terminal_refuse("%s", faults.texts[i]);
	return COMMAND_EXIT_USAGE;
}

int hook_main(int argc, char **argv)
{
	static const char *const forms[] = { "hook list", "hook test NAME" };
	const char *config = OPTIONS_CONFIG_FILE;
	const char *kind = "alert";
	struct arguments_option options[] = { { "config", "FILE", &config, 1, 0 },
					      { "kind", "KIND", &kind, 1, 0 } };
	enum notification_reason reason = NOTIFICATION_TEST;
	struct arguments words;
	struct arena arena;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (!hook_sample_reason(kind, &reason))
		return terminal_refuse("--kind %s: expected alert, summary, digest or daily-report",
				       kind);
	arena_init(&arena);
	rc = act(&words, config, reason, &arena);
	arena_deinit(&arena);
	return rc;
}
