#include "collector/hooks/hook.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/daemon/options.h"
#include "collector/hooks/alertmanager.h"
#include "collector/hooks/alertmanager_state.h"
#include "collector/hooks/command.h"
#include "collector/hooks/email.h"
#include "collector/hooks/heartbeat.h"
#include "collector/hooks/webhook.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

/* An attempt under way: a program or a transfer. */
struct attempt {
	struct hooks *hooks;
	struct hook_command *run;
	struct transfer *transfer;
	void (*judge)(const struct transfer_result *, char[HOOK_TEXT_SIZE], struct hook_result *);
	hook_done *done;
	void *user;
	struct attempt *previous;
	struct attempt *next;

	/* A try of an Alertmanager: what it gets, and which of its URLs is next. */
	const struct hook_settings *settings;
	struct buffer json;
	size_t at_url;
};

/* What a hook does by itself. */
struct runner {
	struct hook_alertmanager *alertmanagers[HOOK_MAX_URLS];
	size_t n;
	struct hook_heartbeat *heartbeat;
};

struct hooks {
	uv_loop_t *loop;
	struct hook_line line;
	struct arena arena; /* of what follows; the texts are those of the options */
	struct hook *all;
	struct runner *runners; /* by the index of the hook */
	size_t n;
	struct hooks_source source;
	bool is_started;
	struct attempt *attempts;
	bool is_closing;
	void (*closed)(void *user);
	void *closed_user;
};

static void take_over(struct hooks *hooks, const struct options *options)
{
	size_t i = 0;

	hooks->n = 0;
	for (const struct hook_settings *s = options->hooks; s; s = s->next)
		hooks->n++;
	arena_init(&hooks->arena);
	hooks->all = arena_alloc_array(&hooks->arena, hooks->n + 1, sizeof *hooks->all);
	hooks->runners = arena_alloc_array(&hooks->arena, hooks->n + 1, sizeof *hooks->runners);
	for (const struct hook_settings *s = options->hooks; s; s = s->next) {
		hooks->all[i++] = (struct hook){ .name = s->name,
						 .type = s->type,
						 .route = s->route,
						 .hooks = hooks,
						 .settings = s };
	}
}

struct hooks *hooks_open(uv_loop_t *loop, const struct options *options)
{
	struct hooks *hooks = mem_alloc(sizeof *hooks);

	hooks->loop = loop;
	hooks->line.transfers = transfers_new(loop);
	if (!hooks->line.transfers)
		abort(); /* only for lack of memory */
	take_over(hooks, options);
	return hooks;
}

size_t hooks_count(const struct hooks *hooks)
{
	return hooks->n;
}

struct hook *hooks_at(struct hooks *hooks, size_t i)
{
	return &hooks->all[i];
}

struct hook *hooks_find(struct hooks *hooks, const char *name)
{
	for (size_t i = 0; i < hooks->n; i++) {
		if (strcmp(hooks->all[i].name, name) == 0)
			return &hooks->all[i];
	}
	return NULL;
}

void hooks_show(struct hooks *hooks, exchange_show *show, void *user)
{
	hooks->line.show = show;
	hooks->line.show_user = user;
}

static void start_one(struct hooks *hooks, const struct hook_settings *settings,
		      struct runner *runner)
{
	if (settings->type == HOOK_TYPE_HEARTBEAT)
		runner->heartbeat =
			hook_heartbeat_start(hooks->loop, &hooks->line, settings, &hooks->source);
	for (size_t i = 0; settings->type == HOOK_TYPE_ALERTMANAGER && i < settings->n_urls; i++)
		runner->alertmanagers[runner->n++] = hook_alertmanager_start(
			hooks->loop, &hooks->line, settings, settings->urls[i], &hooks->source);
}

static void start_all(struct hooks *hooks)
{
	for (size_t i = 0; hooks->is_started && i < hooks->n; i++)
		start_one(hooks, hooks->all[i].settings, &hooks->runners[i]);
}

static void stop_all(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++) {
		struct runner *runner = &hooks->runners[i];
		if (runner->heartbeat)
			hook_heartbeat_stop(runner->heartbeat);
		runner->heartbeat = NULL;
		while (runner->n > 0)
			hook_alertmanager_stop(runner->alertmanagers[--runner->n]);
	}
}

void hooks_start(struct hooks *hooks, const struct hooks_source *source)
{
	hooks->source = *source;
	hooks->is_started = true;
	start_all(hooks);
}

void hooks_changed(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++) {
		for (size_t j = 0; j < hooks->runners[i].n; j++)
			hook_alertmanager_hurry(hooks->runners[i].alertmanagers[j]);
	}
}

static const struct hook_settings *find_settings(const struct hook_settings *first,
						 const char *name)
{
	while (first && strcmp(first->name, name) != 0)
		first = first->next;
	return first;
}

static void say_what_changes(struct hooks *hooks, const struct options *options)
{
	for (size_t i = 0; i < hooks->n; i++) {
		const struct hook *old = &hooks->all[i];
		const struct hook_settings *now = find_settings(options->hooks, old->name);
		if (!now)
			log_info("the hook '%s' is gone", old->name);
		else if (strcmp(now->words, old->settings->words) != 0)
			log_info("the hook '%s' has changed", old->name);
	}
	for (const struct hook_settings *s = options->hooks; s; s = s->next) {
		if (!hooks_find(hooks, s->name))
			log_info("the hook '%s' is new", s->name);
	}
}

void hooks_reload(struct hooks *hooks, const struct options *options)
{
	say_what_changes(hooks, options);
	stop_all(hooks);
	arena_deinit(&hooks->arena);
	take_over(hooks, options);
	start_all(hooks);
}

static void try_end(struct hooks *hooks)
{
	if (!hooks->is_closing || hooks->attempts)
		return;
	void (*closed)(void *user) = hooks->closed;
	void *user = hooks->closed_user;
	transfers_close(hooks->line.transfers);
	arena_deinit(&hooks->arena);
	free(hooks);
	if (closed)
		closed(user);
}

static void end_attempt(struct attempt *attempt)
{
	if (attempt->previous)
		attempt->previous->next = attempt->next;
	else
		attempt->hooks->attempts = attempt->next;
	if (attempt->next)
		attempt->next->previous = attempt->previous;
	buffer_deinit(&attempt->json);
	free(attempt);
}

void hooks_close(struct hooks *hooks, void (*closed)(void *user), void *user)
{
	struct attempt *next = NULL;

	hooks->is_closing = true;
	hooks->closed = closed;
	hooks->closed_user = user;
	stop_all(hooks);
	for (struct attempt *a = hooks->attempts; a; a = next) {
		next = a->next;
		if (a->run) {
			hook_command_kill(a->run); /* on_run() ends it */
			continue;
		}
		transfer_cancel(a->transfer);
		end_attempt(a);
	}
	try_end(hooks);
}

static void finish(struct attempt *attempt, const struct hook_result *result)
{
	struct hooks *hooks = attempt->hooks;
	hook_done *done = attempt->done;
	void *user = attempt->user;

	end_attempt(attempt);
	if (!hooks->is_closing)
		done(user, result);
	else
		try_end(hooks);
}

static void on_run(void *user, enum status status, const char *message)
{
	struct hook_result result = {
		.outcome = status == STATUS_OK ? HOOK_DELIVERED : HOOK_RETRY,
		.text = message,
	};
	finish(user, &result);
}

static void on_transfer(void *user, const struct transfer_result *answer)
{
	struct attempt *attempt = user;
	char text[HOOK_TEXT_SIZE];
	struct hook_result result;

	attempt->judge(answer, text, &result);
	finish(attempt, &result);
}

/* A try goes on to the next URL while they work. */
static void on_alertmanager(void *user, const struct transfer_result *answer)
{
	struct attempt *attempt = user;
	const struct hook_settings *settings = attempt->settings;
	char text[HOOK_TEXT_SIZE];
	struct hook_result result;

	hook_http_judge(answer, text, &result);
	if (result.outcome == HOOK_DELIVERED && ++attempt->at_url < settings->n_urls)
		attempt->transfer = hook_alertmanager_send(
			&attempt->hooks->line, settings, settings->urls[attempt->at_url],
			&attempt->json, on_alertmanager, attempt);
	else
		finish(attempt, &result);
}

static void start_command(struct attempt *attempt, const struct hook_settings *settings,
			  const struct notification *notification)
{
	struct hook_command_options options = { .command = settings->command,
						.time_limit_ms = settings->limit_ms };

	notification_write(notification, &attempt->json);
	attempt->run = hook_command_run(attempt->hooks->loop, &options, attempt->json.bytes, on_run,
					attempt);
}

static void start_webhook(struct attempt *attempt, const struct hook_settings *settings,
			  const struct notification *notification)
{
	attempt->judge = hook_http_judge;
	attempt->transfer = hook_webhook_send(&attempt->hooks->line, settings, notification,
					      loop_wall_ms(), on_transfer, attempt);
}

static void start_email(struct attempt *attempt, const struct hook_settings *settings,
			const struct notification *notification)
{
	attempt->judge = hook_email_judge;
	attempt->transfer = hook_email_send(&attempt->hooks->line, settings, notification,
					    loop_wall_ms(), on_transfer, attempt);
}

static void start_heartbeat(struct attempt *attempt, const struct hook_settings *settings,
			    const struct notification *notification)
{
	(void)notification;
	attempt->judge = hook_http_judge;
	attempt->transfer = hook_heartbeat_send(&attempt->hooks->line, settings, loop_wall_ms(),
						on_transfer, attempt);
}

static void start_alertmanager(struct attempt *attempt, const struct hook_settings *settings,
			       const struct notification *notification)
{
	attempt->settings = settings;
	for (size_t i = 0; i < notification->n_alerts; i++) {
		const struct notification_alert *alert = &notification->alerts[i];
		buffer_add_char(&attempt->json, i ? ',' : '[');
		alert_mirror_write(alert,
				   alert->resolved_ms == TIMESTAMP_NONE
					   ? loop_wall_ms() + HOOK_ALERTMANAGER_END_MS
					   : alert->resolved_ms,
				   &attempt->json);
	}
	buffer_add_char(&attempt->json, ']');
	attempt->transfer =
		hook_alertmanager_send(&attempt->hooks->line, settings, settings->urls[0],
				       &attempt->json, on_alertmanager, attempt);
}

static const struct {
	void (*start)(struct attempt *attempt, const struct hook_settings *settings,
		      const struct notification *notification);
	bool is_told;
} types[HOOK_TYPE_COUNT] = {
	[HOOK_TYPE_WEBHOOK] = { start_webhook, true },
	[HOOK_TYPE_ALERTMANAGER] = { start_alertmanager, false },
	[HOOK_TYPE_COMMAND] = { start_command, true },
	[HOOK_TYPE_EMAIL] = { start_email, true },
	[HOOK_TYPE_HEARTBEAT] = { start_heartbeat, false },
};

bool hook_is_told(const struct hook *hook)
{
	return types[hook->type].is_told;
}

void hook_send(struct hook *hook, const struct notification *notification, hook_done *done,
	       void *user)
{
	struct attempt *attempt = mem_alloc(sizeof *attempt);

	*attempt = (struct attempt){
		.hooks = hook->hooks, .done = done, .user = user, .next = hook->hooks->attempts
	};
	if (attempt->next)
		attempt->next->previous = attempt;
	hook->hooks->attempts = attempt;
	buffer_init(&attempt->json);
	types[hook->type].start(attempt, hook->settings, notification);
}
