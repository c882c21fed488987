/* Declared in collector/hooks/formats.h. */
#include <stdbool.h>
#include <string.h>

#include "collector/hooks/formats.h"
#include "proto/base/utf8.h"
#include "proto/json/write.h"

/* Bytes of the parts of a message, which together stay below HOOK_SLACK_MAX_TEXTS. */
#define MAX_LEAD   1200
#define MAX_FACTS  2240
#define MAX_WHY    2000
#define MAX_REMEDY 2900
#define MAX_OTHERS 2500
#define MAX_URL    ((size_t)500)

/* Bytes of a text of one alert, so that a part has room for several. */
#define MAX_LINE ((size_t)400)

/* Limits of a summary beside its lead: facts twice and sites, and alerts. */
#define MAX_SUMS 2000
#define MAX_LIST 2900
#define MAX_NEXT 300

/*
 * Bytes of a fact, or of a site, so that no fact is left out; and of what is said of those left
 * out.
 */
#define MAX_SUM       ((size_t)240)
#define ROOM_FOR_REST ((size_t)64)

_Static_assert(HOOK_SLACK_MAX_HEADER + MAX_LEAD + 3 * MAX_SUMS + MAX_LIST + MAX_NEXT +
			       2 * MAX_URL <=
		       HOOK_SLACK_MAX_TEXTS,
	       "a summary is longer than Slack takes");
_Static_assert(HOOK_SLACK_MAX_HEADER + MAX_LEAD + MAX_FACTS + MAX_WHY + MAX_REMEDY + MAX_OTHERS +
			       2 * MAX_URL <=
		       HOOK_SLACK_MAX_TEXTS,
	       "a message is longer than Slack takes");

/* The escape of a character in mrkdwn (docs.slack.dev/messaging/formatting-message-text). */
static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	default:
		return NULL;
	}
}

/* Adds `text` escaped, at most `max` bytes of it; what is cut ends with "...". */
static void add_escaped(struct buffer *out, const char *text, size_t max)
{
	size_t end = out->size + max - 3;

	for (size_t n = 0; *text; text += n) {
		const char *escape = escape_of(*text);
		n = utf8_length(text, strlen(text));
		n = n > 0 ? n : 1;
		if (out->size + (escape ? strlen(escape) : n) > end) {
			buffer_add_text(out, "...");
			return;
		}
		if (escape)
			buffer_add_text(out, escape);
		else
			buffer_add(out, text, n);
	}
}

static void put_mrkdwn(struct buffer *out, const char *text)
{
	json_open_object(out, "text");
	json_put_text(out, "type", "mrkdwn");
	json_put_text(out, "text", text);
	json_put_bool(out, "verbatim", true); /* "@here" in a name calls nobody */
	json_close_object(out);
}

/* Ends a section whose text it is. */
static void put_section(struct buffer *out, struct buffer *text)
{
	if (text->size > 0) {
		json_open_object(out, NULL);
		json_put_text(out, "type", "section");
		put_mrkdwn(out, text->bytes);
		json_close_object(out);
	}
	buffer_deinit(text);
}

static void put_header(struct buffer *out, const char *text)
{
	json_open_object(out, NULL);
	json_put_text(out, "type", "header");
	json_open_object(out, "text");
	json_put_text(out, "type", "plain_text");
	json_put_text_cut(out, "text", text, HOOK_SLACK_MAX_HEADER);
	json_put_bool(out, "emoji", false);
	json_close_object(out);
	json_close_object(out);
}

static void put_lead(struct buffer *out, const struct message *m, const char *effect)
{
	struct buffer text;

	buffer_init(&text);
	if (*effect && !m->is_test)
		buffer_printf(&text, "*%s*\n", effect);
	add_escaped(&text, m->lead, MAX_LEAD - text.size);
	put_section(out, &text);
}

static void add_fact(struct buffer *text, const char *name, const char *value)
{
	buffer_printf(text, "%s*%s:* ", text->size > 0 ? "\n" : "", name);
	add_escaped(text, value, MAX_FACTS / MESSAGE_MAX_FACTS - 32);
}

static void put_facts(struct buffer *out, const struct message_alert *one)
{
	struct message_fact facts[MESSAGE_MAX_FACTS];
	size_t n = message_facts(one, facts);
	struct buffer text;

	buffer_init(&text);
	for (size_t i = 0; i < n; i++)
		add_fact(&text, facts[i].name, facts[i].value);
	put_section(out, &text);
}

static void put_why(struct buffer *out, const struct message_alert *one)
{
	struct buffer text;

	buffer_init(&text);
	if (*one->why) {
		buffer_add_text(&text, one->tone == MESSAGE_GOOD ? "*Now*\n" : "*Why*\n");
		add_escaped(&text, one->why, MAX_WHY - text.size);
	}
	put_section(out, &text);
}

/* "A) 1. Disable ... (then: clear)" */
static void add_step(struct buffer *text, const struct message_step *step, const char *letter,
		     size_t number)
{
	buffer_printf(text, "\n%s%zu. ", letter, number);
	add_escaped(text, step->text, MAX_LINE);
	if (!*step->then)
		return;
	buffer_add_text(text, " (then: ");
	add_escaped(text, step->then, MAX_LINE / 8);
	buffer_add_char(text, ')');
}

static void add_way(struct buffer *text, const struct message_way *way, size_t number,
		    bool is_alone)
{
	char letter[] = "A) ";

	letter[0] = (char)('A' + number);
	for (size_t i = 0; i < way->n; i++) {
		if (text->size + 2 * MAX_LINE > MAX_REMEDY) {
			buffer_add_text(text, "\n...");
			return;
		}
		add_step(text, &way->steps[i], is_alone ? "" : letter, i + 1);
	}
}

static void put_remedy(struct buffer *out, const struct message_alert *one)
{
	struct buffer text;

	buffer_init(&text);
	if (one->n_ways > 0)
		buffer_add_text(&text, one->n_ways > 1 ? "*What to do, one of:*" : "*What to do*");
	for (size_t i = 0; i < one->n_ways; i++)
		add_way(&text, &one->ways[i], i, one->n_ways == 1);
	if (one->n_ways == 0 && *one->remedy) {
		buffer_add_text(&text, "*What to do*\n");
		add_escaped(&text, one->remedy, MAX_REMEDY - text.size);
	}
	put_section(out, &text);
}

static void put_others(struct buffer *out, const struct message *m)
{
	struct buffer text;
	size_t i = 1;

	buffer_init(&text);
	if (m->n + m->more > 1)
		buffer_add_text(&text, "*Also, for the same cause*");
	for (; i < m->n && text.size + MAX_LINE + 64 <= MAX_OTHERS; i++) {
		buffer_add_text(&text, "\n\u2022 ");
		add_escaped(&text, m->alerts[i].sentence, MAX_LINE);
	}
	if (m->n - i + m->more > 0)
		buffer_printf(&text, "\n\u2022 and %zu more, which are not listed here",
			      m->n - i + m->more);
	put_section(out, &text);
}

static bool is_link(const char *url)
{
	return message_is_link(url) && strlen(url) <= MAX_URL;
}

static void put_button(struct buffer *out, const char *id, const char *text, const char *url)
{
	if (!is_link(url))
		return;
	json_open_object(out, NULL);
	json_put_text(out, "type", "button");
	json_put_text(out, "action_id", id);
	json_open_object(out, "text");
	json_put_text(out, "type", "plain_text");
	json_put_text(out, "text", text);
	json_close_object(out);
	json_put_text(out, "url", url);
	json_close_object(out);
}

/* A block of actions may not be empty. */
static void put_buttons(struct buffer *out, const struct message *m, const char *text,
			const char *page_url)
{
	if (!is_link(page_url) && !is_link(m->url))
		return;
	json_open_object(out, NULL);
	json_put_text(out, "type", "actions");
	json_open_array(out, "elements");
	put_button(out, "server", text, page_url);
	put_button(out, "alerts", "All alerts", m->url);
	json_close_array(out);
	json_close_object(out);
}

/* "<https://...|EXCH2>": only where nothing in the address could end it. */
static void add_link(struct buffer *text, const char *url, const char *name)
{
	bool is_safe = is_link(url) && strpbrk(url, "<>|\" ") == NULL;

	if (is_safe) {
		buffer_add_char(text, '<');
		add_escaped(text, url, 2 * MAX_URL);
		buffer_add_char(text, '|');
	}
	add_escaped(text, name, MAX_LINE);
	if (is_safe)
		buffer_add_char(text, '>');
}

static void add_item(struct buffer *text, const struct message_line *line)
{
	buffer_add_text(text, "\u2022 ");
	add_link(text, line->page_url, line->name);
	buffer_add_text(text, ": ");
	add_escaped(text, line->text, MAX_LINE);
	if (*line->more) {
		buffer_add_text(text, "\n    ");
		add_escaped(text, line->more, MAX_LINE);
	}
}

static void add_named(struct buffer *text, const struct message_line *line)
{
	buffer_add_char(text, '*');
	add_escaped(text, line->name, MAX_SUM);
	buffer_add_text(text, ":* ");
	add_escaped(text, line->text, MAX_SUM);
}

/* Adds it in a line of its own, if there is room for it. */
static bool add_line(struct buffer *text, const struct message_line *line, bool is_item, size_t max)
{
	struct buffer one;

	buffer_init(&one);
	if (is_item)
		add_item(&one, line);
	else
		add_named(&one, line);
	bool fits = text->size + one.size + ROOM_FOR_REST <= max;
	if (fits && text->size > 0)
		buffer_add_char(text, '\n');
	if (fits)
		buffer_add(text, one.bytes, one.size);
	buffer_deinit(&one);
	return fits;
}

/* A fact that is a page is a button below instead. */
static void put_part(struct buffer *out, const struct message_part *part, size_t max)
{
	struct buffer text;
	size_t i = 0;

	buffer_init(&text);
	if (*part->title)
		buffer_printf(&text, "*%s*", part->title);
	for (; i < part->n; i++) {
		const struct message_line *line = &part->lines[i];
		bool is_button = !part->is_list && *line->page_url;
		if (!is_button && !add_line(&text, line, part->is_list, max))
			break;
	}
	if (part->more + part->n - i > 0)
		buffer_add_text(&text, part->is_list ? "\n\u2022 " : "\n");
	message_add_rest(part, part->n - i, &text);
	put_section(out, &text);
}

static void put_group(struct buffer *out, const struct message *m)
{
	const struct message_alert *one = &m->alerts[0];

	put_lead(out, m, one->effect);
	put_facts(out, one);
	put_why(out, one);
	put_remedy(out, one);
	put_others(out, m);
	put_buttons(out, m, one->tone == MESSAGE_GOOD ? "Server page" : "Acknowledge or silence",
		    one->page_url);
}

static void put_summary(struct buffer *out, const struct message *m)
{
	const struct message_summary *summary = m->summary;
	struct buffer next;

	put_lead(out, m, "");
	for (size_t i = 0; i < summary->n; i++)
		put_part(out, &summary->parts[i], summary->parts[i].is_list ? MAX_LIST : MAX_SUMS);
	buffer_init(&next);
	add_escaped(&next, summary->next, MAX_NEXT);
	put_section(out, &next);
	put_buttons(out, m, "Acknowledge or silence the worst",
		    m->n > 0 ? m->alerts[0].page_url : "");
}

void hook_slack_write(const struct message *m, struct buffer *out)
{
	struct buffer text;

	buffer_init(&text);
	add_escaped(&text, m->subject, MAX_LEAD);
	json_open_object(out, NULL);
	json_put_text(out, "text", text.bytes); /* for notifications, and readers without blocks */
	buffer_deinit(&text);
	json_open_array(out, "blocks");
	put_header(out, m->subject);
	if (m->summary)
		put_summary(out, m);
	else
		put_group(out, m);
	json_close_array(out);
	json_finish(out);
}
