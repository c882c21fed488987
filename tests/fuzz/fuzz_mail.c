/*
 * Any bytes as the texts of an alert, in a mail and in a webhook: whatever they are, the mail has
 * the headers that it should have and no other, and its lines are short and plain; the webhook is
 * JSON in UTF-8, and so is what the outbox keeps, which is read back. Texts are parted by zero
 * bytes. The same bytes are read as what the outbox keeps, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hooks/email.h"
#include "collector/hooks/webhook.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"
#include "proto/json/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_TEXTS 8

static const char *const headers[] = { "Date: ",         "From: ",
				       "To: ",           "Subject:",
				       "Message-ID: ",   "In-Reply-To: ",
				       "References: ",   "Auto-Submitted: ",
				       "MIME-Version: ", "Content-Type: multipart/alternative;" };
#define N_HEADERS (sizeof headers / sizeof *headers)

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_mail(const char *mail)
{
	size_t n = 0;
	bool in_head = true;

	while (*mail) {
		size_t length = strcspn(mail, "\r\n");
		require(length <= 78 && strncmp(mail + length, "\r\n", 2) == 0);
		for (size_t i = 0; i < length; i++)
			require(mail[i] >= ' ' && mail[i] < 0x7f);
		if (in_head && length == 0)
			in_head = false;
		else if (in_head && *mail != ' ')
			require(n < N_HEADERS &&
				strncmp(mail, headers[n], strlen(headers[n])) == 0 && ++n);
		mail += length + 2;
	}
	require(n == N_HEADERS && !in_head);
}

/* Reports are checked for that before anything of them comes here. */
static bool is_utf8(const char *const texts[MAX_TEXTS])
{
	for (size_t i = 0; i < MAX_TEXTS; i++) {
		size_t left = strlen(texts[i]);
		for (const char *at = texts[i]; left > 0;) {
			size_t n = utf8_length(at, left);
			if (n == 0)
				return false;
			at += n;
			left -= n;
		}
	}
	return true;
}

static struct notification make(const char *const *text, struct notification_alert *alert)
{
	static struct notification_step step;
	static const struct notification_option option = { &step, 1 };

	step = (struct notification_step){ text[5], "clear" };
	*alert = notification_alert_empty();
	alert->condition = CONDITION_EXPOSED;
	alert->server = text[0];
	alert->organization = text[1];
	alert->site = text[2];
	alert->adapter = text[3];
	alert->text = text[4];
	alert->remedy = text[5];
	alert->url = text[6];
	alert->now_text = text[4];
	alert->options = &option;
	alert->n_options = 1;
	alert->acknowledged_by = text[0];
	alert->comment = text[5];
	return (struct notification){ .id = "1-2",
				      .hook = "ops",
				      .group_key = text[7],
				      .organization = text[1],
				      .site = text[2],
				      .cause = text[7],
				      .url = text[6],
				      .alerts = alert,
				      .n_alerts = 1 };
}

/* As the outbox has it: what is written is read back, and means the same. */
static void check_kept(const struct notification *notification)
{
	struct notification read;
	struct buffer first;
	struct buffer second;
	struct arena arena;

	arena_init(&arena);
	buffer_init(&first);
	buffer_init(&second);
	notification_write(notification, &first);
	require(notification_read(first.bytes, first.size, &arena, &read) == STATUS_OK);
	notification_write(&read, &second);
	require(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0);
	buffer_deinit(&first);
	buffer_deinit(&second);
	arena_deinit(&arena);
}

static const struct hook_settings settings = { .from = "a@example.com",
					       .to = { "b@example.com" },
					       .n_to = 1 };

static void check_written(const struct notification *notification)
{
	struct buffer out;

	buffer_init(&out);
	hook_email_write(&settings, notification, INT64_C(1700000000123), &out);
	check_mail(out.bytes);
	buffer_deinit(&out);
}

/* Who makes one gives it such an id; it stands in a header as it is. */
static bool has_our_id(const struct notification *notification)
{
	static const char ours[] =
		"0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strlen(notification->id);

	return n > 0 && n <= 40 && strspn(notification->id, ours) == n;
}

static void check_read(const char *data, size_t size)
{
	struct notification read;
	struct arena arena;

	arena_init(&arena);
	if (notification_read(data, size, &arena, &read) == STATUS_OK) {
		check_kept(&read);
		if (has_our_id(&read))
			check_written(&read);
	}
	arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *texts[MAX_TEXTS];
	struct notification_alert alert;
	struct json_fault fault;
	struct buffer out;
	char *all = mem_strndup((const char *)data, size);

	check_read((const char *)data, size);

	for (size_t i = 0, at = 0; i < MAX_TEXTS; i++) {
		texts[i] = at <= size ? all + at : "";
		at += strlen(texts[i]) + 1;
	}
	struct notification notification = make(texts, &alert);
	check_written(&notification);
	buffer_init(&out);
	hook_webhook_write(&settings, &notification, &out);
	require(!is_utf8(texts) || json_check(out.bytes, out.size, &fault) == STATUS_OK);
	buffer_deinit(&out);
	if (is_utf8(texts))
		check_kept(&notification);
	free(all);
	return 0;
}
