#include "collector/hooks/email.h"

#include <stdio.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/crypto/secret.h"
#include "collector/hooks/internal.h"
#include "collector/hooks/message.h"
#include "collector/transfer/mail.h"
#include "proto/base/printable.h"

/* Hexadecimal digits that stand for a group in a Message-ID. */
#define THREAD_BYTES 10

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
	struct buffer text;
	struct buffer html;

	arena_init(&arena);
	buffer_init(&text);
	buffer_init(&html);
	struct message message = message_of(n, settings->zone, &arena);
	message_write_text(&message, &text);
	message_write_html(&message, &html);
	struct mail mail = {
		.from = settings->from,
		.to = settings->to,
		.n_to = settings->n_to,
		.subject = message.subject,
		.id = n->id,
		.thread_id = thread_of(n, &arena),
		.at_ms = now_ms,
		.body = text.bytes,
		.html = html.bytes,
	};
	mail_write(&mail, out);
	buffer_deinit(&text);
	buffer_deinit(&html);
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
	.is_notified = true,
	.shows_acknowledgements = true,
	.limit_ms = HOOK_DEFAULT_LIMIT_MS,
	.start = start,
};
