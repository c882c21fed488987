/*
 * Inside the hooks: what a type of hook has to answer, and an attempt at one receiver. Only the
 * files here include this.
 */
#pragma once

#include "collector/hooks/hook.h"
#include "collector/hooks/http.h"
#include "collector/hooks/settings.h"
#include "proto/base/buffer.h"

struct hook_command;

/* An attempt under way: a program or a transfer. */
struct hook_attempt {
	struct hooks *hooks;
	struct uv_loop_s *loop;
	const struct hook_line *line;
	const struct hook_settings *settings;
	hook_done *done;
	void *user;
	struct hook_attempt *previous;
	struct hook_attempt *next;

	/* The state of the type; only one of the two is in use. */
	struct hook_command *run;
	struct transfer *transfer;
	void (*judge)(const struct transfer_result *, char[HOOK_TEXT_SIZE], struct hook_result *);
	struct buffer json;
	size_t max_alerts; /* that a webhook's receiver is sent at a time */
	size_t at_url;     /* which of the settings' URLs is asked */
};

/* Ends the attempt; its `done` runs. */
void hook_attempt_finish(struct hook_attempt *attempt, const struct hook_result *result);

/* The end of the attempt's transfer, as its `judge` has it; `user` is the attempt. */
void hook_attempt_on_transfer(void *user, const struct transfer_result *answer);

struct hook_ops {
	bool is_notified;            /* by notifications; else it is kept in step by `run` */
	bool shows_acknowledgements; /* its messages say who looks after an alert */
	int64_t limit_ms;            /* for an attempt, unless settings differ */

	/*
	 * Starts the one thing of `attempt` that ends it; `notification` is borrowed for the call.
	 */
	void (*start)(struct hook_attempt *attempt, const struct notification *notification);

	/*
	 * What a hook does by itself with one of its URLs, from `run` to `stop`; `sync_now`: alerts
	 * have changed. NULL where it does nothing. All arguments are borrowed until `stop`.
	 */
	void *(*run)(struct uv_loop_s *loop, const struct hook_line *line,
		     const struct hook_settings *settings, const char *url,
		     const struct hooks_source *source);
	void (*sync_now)(void *running);
	void (*stop)(void *running);
};

#define X(id, name) extern const struct hook_ops hook_##name##_ops;
#include "collector/hooks/types.def"
#undef X

const struct hook_ops *hook_ops_of(enum hook_type type);
