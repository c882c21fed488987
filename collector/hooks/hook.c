#include "collector/hooks/hook.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/hooks/command.h"
#include "collector/hooks/internal.h"
#include "collector/hooks/settings.h"
#include "collector/hooks/shorten.h"
#include "proto/base/mem.h"

/* A hook that works on its own (a heartbeat, an Alertmanager): one running part for each URL. */
struct runner {
	const struct hook_ops *ops;
	void *running[HOOK_MAX_URLS];
	size_t n;
};

struct hooks {
	uv_loop_t *loop;
	struct hook_line line;
	struct arena arena; /* of what follows; the texts are those of the settings */
	struct hook *all;
	struct runner *runners; /* by the index of the hook */
	size_t n;
	struct hooks_source source;
	bool is_started;
	struct hook_attempt *attempts;
	bool is_closing;
	void (*closed)(void *user);
	void *closed_user;
};

static void take_over(struct hooks *hooks, const struct hook_settings *settings)
{
	size_t i = 0;

	hooks->n = 0;
	for (const struct hook_settings *s = settings; s; s = s->next)
		hooks->n++;
	arena_init(&hooks->arena);
	hooks->all = arena_alloc_array(&hooks->arena, hooks->n + 1, sizeof *hooks->all);
	hooks->runners = arena_alloc_array(&hooks->arena, hooks->n + 1, sizeof *hooks->runners);
	for (const struct hook_settings *s = settings; s; s = s->next) {
		hooks->all[i++] = (struct hook){ .name = s->name,
						 .type = s->type,
						 .route = s->route,
						 .hooks = hooks,
						 .settings = s };
	}
}

struct hooks *hooks_open(uv_loop_t *loop, const struct hook_settings *settings)
{
	struct hooks *hooks = mem_alloc(sizeof *hooks);

	hooks->loop = loop;
	hooks->line.transfers = transfers_new(loop);
	if (!hooks->line.transfers)
		abort(); /* only for lack of memory */
	take_over(hooks, settings);
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

void hooks_show(struct hooks *hooks, transcript_show *show, void *user)
{
	hooks->line.show = show;
	hooks->line.show_user = user;
}

static void start_one(struct hooks *hooks, const struct hook_settings *settings,
		      struct runner *runner)
{
	assert(runner->n == 0);
	runner->ops = hook_ops_of(settings->type);
	for (size_t i = 0; runner->ops->run && i < settings->n_urls; i++)
		runner->running[runner->n++] = runner->ops->run(hooks->loop, &hooks->line, settings,
								settings->urls[i], &hooks->source);
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
		while (runner->n > 0)
			runner->ops->stop(runner->running[--runner->n]);
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
		struct runner *runner = &hooks->runners[i];
		for (size_t j = 0; j < runner->n && runner->ops->sync_now; j++)
			runner->ops->sync_now(runner->running[j]);
	}
}

static const struct hook_settings *find_settings(const struct hook_settings *first,
						 const char *name)
{
	while (first && strcmp(first->name, name) != 0)
		first = first->next;
	return first;
}

static void log_changes(struct hooks *hooks, const struct hook_settings *settings)
{
	for (size_t i = 0; i < hooks->n; i++) {
		const struct hook *old = &hooks->all[i];
		const struct hook_settings *now = find_settings(settings, old->name);
		if (!now)
			log_info("the hook '%s' is gone", old->name);
		else if (strcmp(now->words, old->settings->words) != 0)
			log_info("the hook '%s' has changed", old->name);
	}
	for (const struct hook_settings *s = settings; s; s = s->next) {
		if (!hooks_find(hooks, s->name))
			log_info("the hook '%s' is new", s->name);
	}
}

void hooks_reload(struct hooks *hooks, const struct hook_settings *settings)
{
	log_changes(hooks, settings);
	stop_all(hooks);
	arena_deinit(&hooks->arena);
	take_over(hooks, settings);
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

static void end_attempt(struct hook_attempt *attempt)
{
	assert(attempt->previous || attempt->hooks->attempts == attempt);
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
	struct hook_attempt *next = NULL;

	assert(!hooks->is_closing);
	hooks->is_closing = true;
	hooks->closed = closed;
	hooks->closed_user = user;
	stop_all(hooks);
	for (struct hook_attempt *a = hooks->attempts; a; a = next) {
		next = a->next;
		if (a->run) {
			hook_command_kill(a->run); /* its end ends the attempt */
			continue;
		}
		transfer_cancel(a->transfer);
		end_attempt(a);
	}
	try_end(hooks);
}

void hook_attempt_finish(struct hook_attempt *attempt, const struct hook_result *result)
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

void hook_attempt_on_transfer(void *user, const struct transfer_result *answer)
{
	struct hook_attempt *attempt = user;
	char text[HOOK_TEXT_SIZE];
	struct hook_result result;

	attempt->judge(answer, text, &result);
	hook_attempt_finish(attempt, &result);
}

const struct hook_ops *hook_ops_of(enum hook_type type)
{
	static const struct hook_ops *const all[HOOK_TYPE_COUNT] = {
#define X(id, name) [HOOK_TYPE_##id] = &hook_##name##_ops,
#include "collector/hooks/types.def"
#undef X
	};
	return all[type];
}

bool hook_is_notified(const struct hook *hook)
{
	return hook_ops_of(hook->type)->is_notified;
}

bool hook_shows_acknowledgements(const struct hook *hook)
{
	/*
	 * An Alertmanager's receivers know no acknowledgement; who reads a message for people does.
	 */
	if (hook->type == HOOK_TYPE_WEBHOOK)
		return hook->settings->format != HOOK_FORMAT_ALERTMANAGER;
	return hook_ops_of(hook->type)->shows_acknowledgements;
}

bool hook_keeps_incidents(const struct hook *hook)
{
	enum hook_format format = hook->settings->format;

	if (hook->type == HOOK_TYPE_WEBHOOK)
		return format == HOOK_FORMAT_ALERTMANAGER || format == HOOK_FORMAT_PAGERDUTY;
	return hook->type == HOOK_TYPE_COMMAND;
}

int hook_report_minute(const struct hook *hook, const struct time_zone **zone)
{
	*zone = hook->settings->zone;
	return hook->settings->report_minute;
}

void hook_send(struct hook *hook, const struct notification *notification, hook_done *done,
	       void *user)
{
	struct hook_attempt *attempt = mem_alloc(sizeof *attempt);
	size_t max = hook->settings->max_alerts;
	struct arena arena;

	arena_init(&arena);
	struct notification shown = *notification;
	if (shown.n_alerts > max)
		shown = hook_shorten(notification, max, &arena);
	*attempt = (struct hook_attempt){ .hooks = hook->hooks,
					  .loop = hook->hooks->loop,
					  .line = &hook->hooks->line,
					  .settings = hook->settings,
					  .done = done,
					  .user = user,
					  .next = hook->hooks->attempts };
	if (attempt->next)
		attempt->next->previous = attempt;
	hook->hooks->attempts = attempt;
	buffer_init(&attempt->json);
	hook_ops_of(hook->type)->start(attempt, &shown);
	arena_deinit(&arena);
}
