#include "collector/hooks/email.h"

#include <stdio.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/crypto/secret.h"
#include "collector/hooks/internal.h"
#include "collector/hooks/labels.h"
#include "collector/transfer/mail.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"

/* Hexadecimal digits that stand for a group in a Message-ID. */
#define THREAD_BYTES 10

static bool fires(const struct notification_alert *alert)
{
	return alert->resolved_ms == TIMESTAMP_NONE;
}

static size_t count_firing(const struct notification *n)
{
	size_t count = 0;
	for (size_t i = 0; i < n->n_alerts; i++)
		count += fires(&n->alerts[i]);
	return count;
}

/* "ACME/HQ", or "" of the collector's own ills. */
static const char *site_of(const struct notification *n, struct arena *arena)
{
	return *n->site ? arena_printf(arena, "%s/%s", n->organization, n->site) : "";
}

/* "[FIRING:2] the MTA of EXCH1 does not start, and 1 more (ACME/HQ)", as Alertmanager begins it. */
static const char *subject_of(const struct notification *n, struct arena *arena)
{
	size_t firing = count_firing(n);
	const char *site = site_of(n, arena);
	const char *more = "";
	const char *first = n->n_alerts > 0 ? hook_labels_summary(&n->alerts[0], arena) : n->cause;

	if (n->n_alerts + n->truncated > 1)
		more = arena_printf(arena, ", and %zu more", n->n_alerts + n->truncated - 1);
	return arena_printf(arena, "%s[%s:%zu] %s%s%s%s%s",
			    n->reason == NOTIFICATION_TEST ? "[TEST] " : "",
			    n->resolved ? "RESOLVED" : "FIRING",
			    n->resolved ? n->n_alerts : firing + n->truncated, first, more,
			    *site ? " (" : "", site, *site ? ")" : "");
}

static void add_row(struct buffer *out, const char *name, const char *value)
{
	if (*value)
		buffer_printf(out, "  %-9s %s\n", name, value);
}

static void add_time(struct buffer *out, const char *name, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];
	if (ms != TIMESTAMP_NONE)
		add_row(out, name, timestamp_format(ms / 1000 * 1000, text));
}

/* A name that holds line ends would begin lines that look like ours. */
static const char *one_line(const char *text, struct arena *arena)
{
	size_t size = strlen(text) + 1;
	return printable(arena_alloc(arena, size), size, text);
}

static void add_alert(struct buffer *out, const struct notification_alert *alert,
		      struct arena *arena)
{
	buffer_printf(out, "%s: %s\n", fires(alert) ? "FIRING" : "RESOLVED",
		      one_line(hook_labels_summary(alert, arena), arena));
	add_row(out, "server", one_line(alert->server, arena));
	add_row(out, "adapter", one_line(alert->adapter, arena));
	add_row(out, "condition", condition_name(alert->condition));
	add_time(out, "since", alert->since_ms);
	add_time(out, "resolved", alert->resolved_ms);
	add_row(out, "why", one_line(alert->text, arena));
	add_row(out, "remedy", one_line(alert->remedy, arena));
	add_row(out, "page", one_line(alert->url, arena));
	buffer_add_char(out, '\n');
}

static void add_body(struct buffer *out, const struct notification *n, struct arena *arena)
{
	if (n->reason == NOTIFICATION_TEST)
		buffer_add_text(out, "This is a test of a hook. Nothing is wrong.\n\n");
	for (size_t i = 0; i < n->n_alerts; i++)
		add_alert(out, &n->alerts[i], arena);
	if (n->truncated > 0)
		buffer_printf(out, "And %zu more, which are not listed here.\n\n", n->truncated);
	buffer_printf(out, "%s; site: %s; group: %s\n", notification_reason_text(n->reason),
		      one_line(site_of(n, arena), arena), one_line(n->group_key, arena));
	if (*n->url)
		buffer_printf(out, "%s\n", one_line(n->url, arena));
}

/* A Message-Id that all mails of a group refer to, and no other mail. */
static const char *thread_of(const struct notification *n, struct arena *arena)
{
	uint8_t hash[SECRET_HASH_SIZE];
	const char *id = "group.";

	secret_hash(n->group_key, hash);
	for (size_t i = 0; i < THREAD_BYTES; i++)
		id = arena_printf(arena, "%s%02x", id, hash[i]);
	return id;
}

void hook_email_write(const struct hook_settings *settings, const struct notification *n,
		      int64_t now_ms, struct buffer *out)
{
	struct arena arena;
	struct buffer body;

	arena_init(&arena);
	buffer_init(&body);
	add_body(&body, n, &arena);
	struct mail mail = {
		.from = settings->from,
		.to = settings->to,
		.n_to = settings->n_to,
		.subject = subject_of(n, &arena),
		.id = n->id,
		.thread_id = thread_of(n, &arena),
		.at_ms = now_ms,
		.body = body.bytes,
	};
	mail_write(&mail, out);
	buffer_deinit(&body);
	arena_deinit(&arena);
}

static struct transfer *send_notification(const struct hook_line *line,
					  const struct hook_settings *settings,
					  const struct notification *notification, int64_t now_ms,
					  transfer_done *done, void *user)
{
	struct buffer mail;
	struct transfer_request request = {
		.url = settings->smtp,
		.limit_ms = (uint64_t)settings->limit_ms,
		.from = settings->from,
		.n_receivers = settings->n_to,
		.starttls = settings->starttls,
		.user = settings->user,
		.password = settings->password,
		.ca_file = settings->ca_file,
		.client_cert = settings->client_cert,
		.client_key = settings->client_key,
		.show = line->show,
		.show_user = line->show_user,
	};

	buffer_init(&mail);
	hook_email_write(settings, notification, now_ms, &mail);
	memcpy(request.receivers, settings->to, sizeof request.receivers);
	request.body = mail.bytes;
	request.size = mail.size;
	struct transfer *transfer = transfer_start(line->transfers, &request, done, user);
	buffer_deinit(&mail);
	return transfer;
}

static bool is_login_failure(long status)
{
	return status == 530 || status == 534 || status == 535 || status == 538;
}

void hook_email_judge(const struct transfer_result *result, char text[HOOK_TEXT_SIZE],
		      struct hook_result *out)
{
	char why[HOOK_TEXT_SIZE - 64];

	*out = (struct hook_result){ .outcome = HOOK_RETRY, .text = text };
	if (result->completed) {
		out->outcome = HOOK_DELIVERED;
		snprintf(text, HOOK_TEXT_SIZE, "the mail server took it (%ld)", result->status);
		return;
	}
	if (result->status >= 500 && result->status < 600 && !is_login_failure(result->status))
		out->outcome = HOOK_REFUSED;
	printable(why, sizeof why, result->error);
	if (result->status >= 400)
		snprintf(text, HOOK_TEXT_SIZE, "the mail server says %ld: %s", result->status, why);
	else
		snprintf(text, HOOK_TEXT_SIZE, "%s", why);
}

static void start(struct hook_attempt *attempt, const struct notification *notification)
{
	attempt->judge = hook_email_judge;
	attempt->transfer = send_notification(attempt->line, attempt->settings, notification,
					      loop_wall_ms(), hook_attempt_on_transfer, attempt);
}

const struct hook_ops hook_email_ops = {
	.is_told = true,
	.limit_ms = HOOK_DEFAULT_LIMIT_MS,
	.start = start,
};
