#include "collector/hook.h"

#include <stdlib.h>
#include <string.h>

#include "collector/hook_command.h"
#include "collector/options.h"
#include "proto/mem.h"

/* An attempt under way. */
struct attempt {
	struct hooks *hooks;
	struct hook_command *run;
	hook_done *done;
	void *user;
	struct attempt *previous;
	struct attempt *next;
};

struct hooks {
	uv_loop_t *loop;
	struct arena arena;
	struct hook *all;
	size_t n;
	struct attempt *attempts;
	bool is_closing;
	void (*closed)(void *user);
	void *closed_user;
};

struct hooks *hooks_open(uv_loop_t *loop, const struct options *options)
{
	struct hooks *hooks = mem_alloc(sizeof *hooks);

	hooks->loop = loop;
	arena_init(&hooks->arena);
	if (!options->hook_command)
		return hooks;
	hooks->n = 1;
	hooks->all = arena_alloc(&hooks->arena, sizeof *hooks->all);
	hooks->all[0] = (struct hook){
		.name = "command",
		.type = HOOK_TYPE_COMMAND,
		.route = { .conditions = CONDITION_BIT(CONDITION_FAILING) |
					 CONDITION_BIT(CONDITION_EXPOSED),
			   .send_resolved = true },
		.hooks = hooks,
		.settings = arena_strdup(&hooks->arena, options->hook_command),
	};
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

static void try_end(struct hooks *hooks)
{
	if (!hooks->is_closing || hooks->attempts)
		return;
	void (*closed)(void *user) = hooks->closed;
	void *user = hooks->closed_user;
	arena_deinit(&hooks->arena);
	free(hooks);
	if (closed)
		closed(user);
}

void hooks_close(struct hooks *hooks, void (*closed)(void *user), void *user)
{
	hooks->is_closing = true;
	hooks->closed = closed;
	hooks->closed_user = user;
	for (struct attempt *a = hooks->attempts; a; a = a->next)
		hook_command_kill(a->run);
	try_end(hooks);
}

static void take_out(struct attempt *attempt)
{
	if (attempt->previous)
		attempt->previous->next = attempt->next;
	else
		attempt->hooks->attempts = attempt->next;
	if (attempt->next)
		attempt->next->previous = attempt->previous;
}

static void on_run(void *user, enum status status, const char *message)
{
	struct attempt *attempt = user;
	struct hooks *hooks = attempt->hooks;
	struct hook_result result = {
		.outcome = status == STATUS_OK ? HOOK_DELIVERED : HOOK_RETRY,
		.text = message,
	};

	take_out(attempt);
	if (!hooks->is_closing)
		attempt->done(attempt->user, &result);
	free(attempt);
	try_end(hooks);
}

void hook_send(struct hook *hook, const struct notification *notification, hook_done *done,
	       void *user)
{
	struct attempt *attempt = mem_alloc(sizeof *attempt);
	struct hook_command_options options = { .command = hook->settings };
	struct buffer json;

	*attempt = (struct attempt){
		.hooks = hook->hooks, .done = done, .user = user, .next = hook->hooks->attempts
	};
	if (attempt->next)
		attempt->next->previous = attempt;
	hook->hooks->attempts = attempt;
	buffer_init(&json);
	notification_write(notification, &json);
	attempt->run = hook_command_run(hook->hooks->loop, &options, json.bytes, on_run, attempt);
	buffer_deinit(&json);
}
