/* Declared in collector/hooks/formats.h. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "collector/crypto/secret.h"
#include "collector/hooks/formats.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

/* Bytes of a text in the details, so that all of them stay below HOOK_PAGERDUTY_MAX_BYTES. */
#define MAX_DETAIL 2048
#define MAX_LINE   512
#define MAX_URL    2048

static bool looks_after_all(const struct notification *n)
{
	for (size_t i = 0; i < n->n_alerts; i++) {
		const struct notification_alert *alert = &n->alerts[i];
		if (alert->resolved_ms == TIMESTAMP_NONE && !*alert->acknowledged_by)
			return false;
	}
	return true;
}

/* An incident acknowledged there wakes nobody: so only once somebody looks after each alert. */
static const char *action_of(const struct notification *n)
{
	if (n->resolved)
		return "resolve";
	return n->reason == NOTIFICATION_ACKNOWLEDGED && looks_after_all(n) ? "acknowledge"
									    : "trigger";
}

/* People see the key there. */
static bool can_be_shown(const char *key)
{
	char shown[HOOK_PAGERDUTY_MAX_KEY + 1];
	return *key && strcmp(printable(shown, sizeof shown, key), key) == 0;
}

/* The key of the group, or the hash of one that is too long or holds what nobody is to see. */
static void put_key(struct buffer *out, const char *group_key)
{
	uint8_t hash[SECRET_HASH_SIZE];
	char text[2 * SECRET_HASH_SIZE + 1];
	static const char digits[] = "0123456789abcdef";

	if (can_be_shown(group_key)) {
		json_put_text(out, "dedup_key", group_key);
		return;
	}
	secret_hash(group_key, hash);
	for (size_t i = 0; i < SECRET_HASH_SIZE; i++) {
		text[2 * i] = digits[hash[i] >> 4];
		text[2 * i + 1] = digits[hash[i] & 15];
	}
	text[sizeof text - 1] = '\0';
	json_put_text(out, "dedup_key", text);
}

/* Nobody is to be woken by a test. */
static const char *severity_of(const struct message *m)
{
	if (m->is_test || m->tone == MESSAGE_GOOD || m->tone == MESSAGE_INFO)
		return "info";
	return m->tone == MESSAGE_CRITICAL ? "critical" : "warning";
}

static void put_detail(struct buffer *out, const char *name, const char *text)
{
	if (*text)
		json_put_text_cut(out, name, text, MAX_DETAIL);
}

/* "A) 1. Disable ... (then: clear)", one text for each step. */
static void put_steps(struct buffer *out, const struct message_alert *one)
{
	struct buffer text;

	json_open_array(out, "what to do");
	for (size_t i = 0; i < one->n_ways; i++) {
		for (size_t j = 0; j < one->ways[i].n; j++) {
			const struct message_step *step = &one->ways[i].steps[j];
			buffer_init(&text);
			if (one->n_ways > 1)
				buffer_printf(&text, "%c) ", (char)('A' + i));
			buffer_printf(&text, "%zu. %s", j + 1, step->text);
			if (*step->then)
				buffer_printf(&text, " (then: %s)", step->then);
			json_put_text_cut(out, NULL, text.bytes, MAX_DETAIL);
			buffer_deinit(&text);
		}
	}
	if (one->n_ways == 0 && *one->remedy)
		json_put_text_cut(out, NULL, one->remedy, MAX_DETAIL);
	json_close_array(out);
}

static void put_details(struct buffer *out, const struct message *m)
{
	const struct message_alert *one = &m->alerts[0];

	json_open_object(out, "custom_details");
	put_detail(out, "what", m->lead);
	put_detail(out, "effect", m->is_test ? "" : one->effect);
	put_detail(out, "since", one->since);
	put_detail(out, "noticed", one->noticed);
	put_detail(out, "opened", one->opened);
	put_detail(out, "over", one->over);
	put_detail(out, "acknowledged", one->caretaker);
	put_detail(out, one->tone == MESSAGE_GOOD ? "now" : "why", one->why);
	put_steps(out, one);
	json_open_array(out, "also");
	for (size_t i = 1; i < m->n; i++)
		json_put_text_cut(out, NULL, m->alerts[i].sentence, MAX_LINE);
	json_close_array(out);
	json_put_integer(out, "not listed", (int64_t)m->more);
	json_close_object(out);
}

/* "EXCH2 (ACME/B2): exposed for 3 days, https://..." */
static void put_summary_line(struct buffer *out, const struct message_line *line)
{
	struct buffer text;

	buffer_init(&text);
	buffer_printf(&text, "%s: %s", line->name, line->text);
	if (*line->page_url)
		buffer_printf(&text, ", %s", line->page_url);
	json_put_text_cut(out, NULL, text.bytes, MAX_DETAIL);
	buffer_deinit(&text);
}

static void put_part(struct buffer *out, const struct message_part *part)
{
	struct buffer rest;

	if (!*part->title) {
		for (size_t i = 0; i < part->n; i++)
			put_detail(out, part->lines[i].name, part->lines[i].text);
		return;
	}
	json_open_array(out, part->title);
	for (size_t i = 0; i < part->n; i++)
		put_summary_line(out, &part->lines[i]);
	buffer_init(&rest);
	message_add_rest(part, 0, &rest);
	if (rest.size > 0)
		json_put_text(out, NULL, rest.bytes);
	buffer_deinit(&rest);
	json_close_array(out);
}

static void put_summary(struct buffer *out, const struct message *m)
{
	json_open_object(out, "custom_details");
	put_detail(out, "What", m->lead);
	for (size_t i = 0; i < m->summary->n; i++)
		put_part(out, &m->summary->parts[i]);
	put_detail(out, "Next", m->summary->next);
	json_close_object(out);
}

static void put_payload(struct buffer *out, const struct notification *n, const struct message *m)
{
	const struct message_alert *one = &m->alerts[0];
	bool is_of_server = m->n > 0 && *one->name;

	json_open_object(out, "payload");
	json_put_text_cut(out, "summary", m->subject, HOOK_PAGERDUTY_MAX_SUMMARY);
	json_put_text_cut(out, "source", is_of_server ? one->name : "mtawatch-collector", MAX_LINE);
	json_put_text(out, "severity", severity_of(m));
	json_put_time(out, "timestamp", n->at_ms);
	json_put_text(out, "component", is_of_server ? "MTA" : "collector");
	if (*m->place)
		json_put_text_cut(out, "group", m->place, MAX_LINE);
	json_put_text(out, "class", m->n > 0 ? one->state : "resolved");
	if (m->summary)
		put_summary(out, m);
	else
		put_details(out, m);
	json_close_object(out);
}

static bool is_link(const char *url)
{
	return message_is_link(url) && strlen(url) <= MAX_URL;
}

static void put_link(struct buffer *out, const char *text, const char *url)
{
	if (!is_link(url))
		return;
	json_open_object(out, NULL);
	json_put_text(out, "href", url);
	json_put_text(out, "text", text);
	json_close_object(out);
}

void hook_pagerduty_write(const struct notification *n, const struct message *m,
			  const char *routing_key, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "routing_key", routing_key);
	json_put_text(out, "event_action", action_of(n));
	put_key(out, n->group_key);
	put_payload(out, n, m);
	json_put_text(out, "client", "mtawatch");
	if (is_link(m->url))
		json_put_text(out, "client_url", m->url);
	json_open_array(out, "links");
	if (m->n > 0)
		put_link(out, "The server: acknowledge or silence it there", m->alerts[0].page_url);
	put_link(out, "All alerts", m->url);
	json_close_array(out);
	json_finish(out);
}
