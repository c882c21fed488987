/*
 * What the administrator says of a hook: a section [hook NAME] of the configuration, by its type.
 *
 *   [hook operators]
 *   type = webhook
 *   url = https://hooks.example/mtawatch
 *   secret-file = /etc/mtawatch/operators.secret
 *
 * The rows of the table in keys.c are the keys, and which types have them; docs/hooks.md explains
 * them. The setting hook-command is short for [hook command] with `type = command`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/config/faults.h"
#include "collector/config/section.h"
#include "collector/crypto/signature.h"
#include "collector/hooks/hook.h"
#include "collector/transfer/transfer.h"
#include "proto/base/arena.h"

#define HOOK_MAX_HOOKS   32
#define HOOK_MAX_URLS    8
#define HOOK_MAX_SECRETS 2 /* the new one and the old one, while it is changed */
#define HOOK_MAX_SITES   64

#define HOOK_MIN_LIMIT_MS 1000
#define HOOK_MAX_LIMIT_MS ((int64_t)10 * 60 * 1000)

/* Standard Webhooks ("Webhook delivery") asks for 15 to 30 seconds. */
#define HOOK_DEFAULT_LIMIT_MS 20000

#define HOOK_MIN_INTERVAL_MS     1000 /* of heartbeats */
#define HOOK_DEFAULT_INTERVAL_MS 60000

/* The form of a webhook's body. */
enum hook_format {
#define X(id, name) HOOK_FORMAT_##id,
#include "collector/hooks/formats.def"
#undef X
	HOOK_FORMAT_COUNT,
};

struct time_zone;

struct hook_settings {
	const char *name;
	enum hook_type type;
	struct hook_route route;
	int64_t limit_ms;             /* for an attempt */
	const char *words;            /* everything that was said of it, to notice a change */
	size_t max_alerts;            /* that one notification lists */
	const struct time_zone *zone; /* of who reads it; NULL: UTC */
	int report_minute;            /* of the day there, for a daily report; -1: none */

	/* webhook, alertmanager, heartbeat */
	const char *urls[HOOK_MAX_URLS];
	size_t n_urls;
	struct signature_key secrets[HOOK_MAX_SECRETS]; /* webhook */
	size_t n_secrets;
	bool github;             /* webhook: X-Hub-Signature-256, by the first secret */
	enum hook_format format; /* webhook */
	const char *routing_key; /* webhook, PagerDuty's; secret; NULL: none */
	int64_t interval_ms;     /* heartbeat */
	bool get;                /* heartbeat: GET instead of POST */
	const char *token;       /* the field Authorization: Bearer; NULL: none */

	const char *command; /* command */

	/* email */
	const char *smtp; /* smtp://HOST or smtps://HOST */
	const char *from;
	const char *to[TRANSFER_MAX_RECEIVERS];
	size_t n_to;
	enum transfer_starttls starttls;

	/* For types that speak over a network; NULL: not set. */
	const char *user;
	const char *password;
	const char *ca_file;
	const char *client_cert;
	const char *client_key;
	const char *proxy;
	const char *proxy_user;
	const char *proxy_password;

	const struct hook_settings *next;
};

/* "webhook" ..., by enum hook_type; and "pagerduty" ..., by enum hook_format; a NULL at the end. */
extern const char *const hook_types[];
extern const char *const hook_formats[];

/*
 * The hooks of `sections`, in their order, and that of the setting hook-command (NULL: not set).
 * Adds to `faults` what is wrong, with its line; everything lives in `arena`, which `sections`
 * outlive.
 */
const struct hook_settings *hook_settings_read(const struct sections *sections,
					       const char *hook_command, struct arena *arena,
					       struct faults *faults);
