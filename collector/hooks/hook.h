/*
 * Hooks: who is told of alerts, and by what means. The outbox (collector/pipeline/outbox.h) decides
 * what is sent to which hook and when; a hook makes one attempt and says how it ended.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/hooks/route.h"
#include "collector/model/notification.h"
#include "collector/transfer/transcript.h"

/* Bytes of a receiver's answer, or a program's output, that are kept. */
#define HOOK_TEXT_SIZE 2304

struct uv_loop_s; /* libuv: the event loop */
struct hook_settings;
struct time_zone;

enum hook_type {
#define X(id, name) HOOK_TYPE_##id,
#include "collector/hooks/types.def"
#undef X
	HOOK_TYPE_COUNT,
};

struct hook {
	const char *name; /* as in [hook NAME] */
	enum hook_type type;
	struct hook_route route;
	struct hooks *hooks;                  /* that it is one of */
	const struct hook_settings *settings; /* private */
};

/* How an attempt ended. */
enum hook_outcome {
	HOOK_DELIVERED,
	HOOK_RETRY,   /* not now: it may work later */
	HOOK_REFUSED, /* never: the receiver does not want this one */
	HOOK_GONE,    /* the receiver wants nothing any more (410): the hook is disabled */
};

struct hook_result {
	enum hook_outcome outcome;
	int64_t retry_s;  /* HOOK_RETRY: the receiver's wish; 0: it has none */
	const char *text; /* status and output, in words; borrowed for the call */
};

/*
 * Runs exactly once for each hook_send() unless it is cancelled: from the loop, never from the
 * call.
 */
typedef void hook_done(void *user, const struct hook_result *result);

/* All hooks of a configuration. */
struct hooks;

/*
 * The hooks of a list of settings, which outlives them; NULL: none. The settings were read without
 * faults, so this cannot fail.
 */
struct hooks *hooks_open(struct uv_loop_s *loop, const struct hook_settings *settings);

/*
 * Takes over other settings, and says in the log what is new, changed or gone. Pointers to hooks
 * are no longer valid; attempts under way come to their end as they began.
 */
void hooks_reload(struct hooks *hooks, const struct hook_settings *settings);

/* Shows what goes over the lines of all hooks from now on. */
void hooks_show(struct hooks *hooks, transcript_show *show, void *user);

/* Where hooks that are no matter of single notifications find what they need. */
struct hooks_source {
	/* Visits every alert that fires and is to be known. */
	void (*each)(void *user,
		     void (*visit)(void *visitor, const struct notification_alert *alert),
		     void *visitor);
	bool (*is_ready)(void *user); /* does the collector do what it is for? */
	void *user;
};

/*
 * Starts what the hooks do by themselves: Alertmanagers are kept in step with the alerts, and
 * heartbeats beat. Goes on over hooks_reload().
 */
void hooks_start(struct hooks *hooks, const struct hooks_source *source);

/* Alerts changed: the Alertmanagers hear of it soon, not only at their next turn. */
void hooks_changed(struct hooks *hooks);

size_t hooks_count(const struct hooks *hooks);
struct hook *hooks_at(struct hooks *hooks, size_t i);
struct hook *hooks_find(struct hooks *hooks, const char *name); /* or NULL */

/*
 * Cancels what is under way, whose `done` does not run; then `closed` is called, once, perhaps from
 * this call, and the hooks are no more.
 */
void hooks_close(struct hooks *hooks, void (*closed)(void *user), void *user);

/* Is it told by notifications? Other hooks are kept in step by hooks_start(). */
bool hook_is_notified(const struct hook *hook);

/* Can its receivers show who looks after an alert? Else it is not notified of that alone. */
bool hook_shows_acknowledgements(const struct hook *hook);

/*
 * Does its receiver keep something open for each group key until it hears the end? Then ends are
 * never summed up.
 */
bool hook_keeps_incidents(const struct hook *hook);

/* When it gets a daily report: the minute of the day in `*zone` (NULL: UTC); -1: it gets none. */
int hook_report_minute(const struct hook *hook, const struct time_zone **zone);

/*
 * Starts an attempt; the notification is borrowed for the call. Of a hook that is not told this is
 * a try: an Alertmanager gets the alerts, a heartbeat beats once.
 */
void hook_send(struct hook *hook, const struct notification *notification, hook_done *done,
	       void *user);
