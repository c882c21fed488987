/*
 * Declared in collector/hooks/formats.h. Texts from outside stand in rich text blocks, for which
 * there is no Markdown to escape (adaptivecards.io/explorer/RichTextBlock.html, version 1.2).
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "collector/hooks/formats.h"
#include "proto/json/write.h"

/* Bytes of texts, whose JSON may be twice as long. */
#define MAX_HEAD 400
#define MAX_FACT 250
#define MAX_WHY  1500
#define MAX_LINE 500
#define MAX_URL  500

/* How large the card may be when a further step, or a further server, is added. */
#define STEPS_UNTIL  12500
#define OTHERS_UNTIL 15500

/* How large the card may be when a further site, or alert, of a summary is added. */
#define SITES_UNTIL 9000
#define LIST_UNTIL  13000

/* The styles of a container, and of a text, in the order of enum message_tone. */
static const char *const styles[] = { "attention", "warning", "accent", "good" };

static void put_run(struct buffer *out, const char *text, size_t max, bool is_bold)
{
	json_open_object(out, NULL);
	json_put_text(out, "type", "TextRun");
	json_put_text_cut(out, "text", text, max);
	if (is_bold)
		json_put_text(out, "weight", "bolder");
	json_close_object(out);
}

static void open_block(struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "type", "RichTextBlock");
	json_open_array(out, "inlines");
}

static void close_block(struct buffer *out, const char *spacing)
{
	json_close_array(out);
	if (spacing)
		json_put_text(out, "spacing", spacing);
	json_close_object(out);
}

static void put_title(struct buffer *out, const char *text)
{
	open_block(out);
	json_open_object(out, NULL);
	json_put_text(out, "type", "TextRun");
	json_put_text_cut(out, "text", text, MAX_HEAD);
	json_put_text(out, "weight", "bolder");
	json_put_text(out, "size", "large");
	json_close_object(out);
	close_block(out, NULL);
}

static void put_line(struct buffer *out, const char *text, size_t max, bool is_bold,
		     const char *spacing)
{
	open_block(out);
	put_run(out, text, max, is_bold);
	close_block(out, spacing);
}

/* The problem and what it means, in the colour of how bad it is. */
static void put_head(struct buffer *out, const struct message *m, const char *effect)
{
	json_open_object(out, NULL);
	json_put_text(out, "type", "Container");
	json_put_text(out, "style", styles[m->tone]);
	json_put_bool(out, "bleed", true);
	json_open_array(out, "items");
	put_title(out, m->subject);
	put_line(out, m->lead, MAX_HEAD, false, "small");
	if (*effect && !m->is_test)
		put_line(out, effect, MAX_HEAD, true, "small");
	json_close_array(out);
	json_close_object(out);
}

static void put_fact(struct buffer *out, const char *name, const char *value)
{
	char head[MAX_FACT];

	snprintf(head, sizeof head, "%s:", name);
	open_block(out);
	put_run(out, head, MAX_FACT, true);
	put_run(out, " ", 1, false);
	put_run(out, value, MAX_FACT, false);
	close_block(out, "none");
}

static void put_facts(struct buffer *out, const struct message_alert *one)
{
	struct message_fact facts[MESSAGE_MAX_FACTS];
	size_t n = message_facts(one, facts);

	for (size_t i = 0; i < n; i++)
		put_fact(out, facts[i].name, facts[i].value);
}

static void put_step(struct buffer *out, const struct message_step *step, char letter,
		     size_t number)
{
	struct buffer mark;

	buffer_init(&mark);
	if (letter != '\0')
		buffer_printf(&mark, "%c) ", letter);
	buffer_printf(&mark, "%zu. ", number);
	open_block(out);
	put_run(out, mark.bytes, mark.size, true);
	put_run(out, step->text, MAX_LINE, false);
	if (*step->then) {
		put_run(out, " then: ", MAX_LINE, false);
		put_run(out, step->then, MAX_LINE / 8, true);
	}
	close_block(out, "none");
	buffer_deinit(&mark);
}

static void put_remedy(struct buffer *out, const struct message_alert *one, size_t begin)
{
	if (one->n_ways == 0 && !*one->remedy)
		return;
	put_line(out, one->n_ways > 1 ? "What to do, one of:" : "What to do", MAX_HEAD, true,
		 "medium");
	if (one->n_ways == 0)
		put_line(out, one->remedy, MAX_LINE, false, "none");
	for (size_t i = 0; i < one->n_ways; i++) {
		char letter = one->n_ways > 1 ? (char)('A' + i) : '\0';
		for (size_t j = 0; j < one->ways[i].n && out->size - begin < STEPS_UNTIL; j++)
			put_step(out, &one->ways[i].steps[j], letter, j + 1);
	}
}

static void put_others(struct buffer *out, const struct message *m, size_t begin)
{
	size_t i = 1;

	if (m->n + m->more < 2)
		return;
	put_line(out, "Also, for the same cause", MAX_HEAD, true, "medium");
	for (; i < m->n && out->size - begin < OTHERS_UNTIL; i++)
		put_line(out, m->alerts[i].sentence, MAX_LINE, false, "none");
	if (m->n - i + m->more == 0)
		return;
	struct buffer text;
	buffer_init(&text);
	buffer_printf(&text, "and %zu more, which are not listed here", m->n - i + m->more);
	put_line(out, text.bytes, text.size, false, "none");
	buffer_deinit(&text);
}

static bool is_link(const char *url)
{
	return message_is_link(url) && strlen(url) <= MAX_URL;
}

static void put_open(struct buffer *out, const char *name, const char *title, const char *url)
{
	json_open_object(out, name);
	json_put_text(out, "type", "Action.OpenUrl");
	if (title)
		json_put_text(out, "title", title);
	json_put_text(out, "url", url);
	json_close_object(out);
}

static void put_action(struct buffer *out, const char *title, const char *url)
{
	if (is_link(url))
		put_open(out, NULL, title, url);
}

/* An alert, whose name leads to its page. */
static void put_item(struct buffer *out, const struct message_line *line)
{
	open_block(out);
	json_open_object(out, NULL);
	json_put_text(out, "type", "TextRun");
	json_put_text_cut(out, "text", line->name, MAX_FACT);
	json_put_text(out, "weight", "bolder");
	if (is_link(line->page_url))
		put_open(out, "selectAction", NULL, line->page_url);
	json_close_object(out);
	put_run(out, " ", 1, false);
	put_run(out, line->text, MAX_FACT, false);
	close_block(out, "small");
	if (*line->more)
		put_line(out, line->more, MAX_LINE, false, "none");
}

static size_t size_limit(const struct message_part *part)
{
	if (part->is_list)
		return LIST_UNTIL;
	return *part->title ? SITES_UNTIL : SIZE_MAX;
}

/* A fact that is a page is an action below instead. */
static void put_part(struct buffer *out, const struct message_part *part, size_t begin)
{
	struct buffer rest;
	size_t i = 0;

	put_line(out, *part->title ? part->title : " ", MAX_HEAD, true, "small");
	for (; i < part->n && out->size - begin < size_limit(part); i++) {
		if (part->is_list)
			put_item(out, &part->lines[i]);
		else if (!*part->lines[i].page_url)
			put_fact(out, part->lines[i].name, part->lines[i].text);
	}
	buffer_init(&rest);
	message_add_rest(part, part->n - i, &rest);
	if (rest.size > 0)
		put_line(out, rest.bytes, rest.size, false, "none");
	buffer_deinit(&rest);
}

static void put_group(struct buffer *out, const struct message *m, size_t begin)
{
	const struct message_alert *one = &m->alerts[0];

	put_head(out, m, one->effect);
	put_facts(out, one);
	if (*one->why) {
		put_line(out, one->tone == MESSAGE_GOOD ? "Now" : "Why", MAX_HEAD, true, "medium");
		put_line(out, one->why, MAX_WHY, false, "none");
	}
	put_remedy(out, one, begin);
	put_others(out, m, begin);
}

static void put_summary(struct buffer *out, const struct message *m, size_t begin)
{
	const struct message_summary *summary = m->summary;

	put_head(out, m, "");
	for (size_t i = 0; i < summary->n; i++)
		put_part(out, &summary->parts[i], begin);
	if (*summary->next)
		put_line(out, summary->next, MAX_HEAD, false, "medium");
}

static void put_actions(struct buffer *out, const struct message *m)
{
	const struct message_alert *one = m->n > 0 ? &m->alerts[0] : NULL;

	if (one && m->summary)
		put_action(out, "Acknowledge or silence the worst", one->page_url);
	else if (one)
		put_action(out,
			   one->tone == MESSAGE_GOOD ? "Server page" : "Acknowledge or silence",
			   one->page_url);
	put_action(out, "All alerts", m->url);
}

static void put_card(struct buffer *out, const struct message *m)
{
	size_t begin = out->size;

	json_put_text(out, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
	json_put_text(out, "type", "AdaptiveCard");
	json_put_text(out, "version", "1.2");
	json_put_text_cut(out, "fallbackText", m->subject, MAX_HEAD);
	json_open_object(out, "msteams");
	json_put_text(out, "width", "Full");
	json_close_object(out);
	json_open_array(out, "body");
	if (m->summary)
		put_summary(out, m, begin);
	else
		put_group(out, m, begin);
	json_close_array(out);
	json_open_array(out, "actions");
	put_actions(out, m);
	json_close_array(out);
}

void hook_teams_write(const struct message *m, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "type", "message");
	json_put_text_cut(out, "summary", m->subject, MAX_HEAD);
	json_open_array(out, "attachments");
	json_open_object(out, NULL);
	json_put_text(out, "contentType", "application/vnd.microsoft.card.adaptive");
	json_put_null(out, "contentUrl");
	json_open_object(out, "content");
	put_card(out, m);
	json_close_object(out);
	json_close_object(out);
	json_close_array(out);
	json_finish(out);
}
