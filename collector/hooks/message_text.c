/* A message as plain text. Declared in collector/hooks/message.h. */
#include <string.h>

#include "collector/hooks/message.h"
#include "proto/base/utf8.h"

#define INDENT "  "

/* Of the names of facts, two blanks and all. */
#define NAME_WIDTH 14

/* Columns of `n` bytes; each character counts as one. */
static size_t columns(const char *text, size_t n)
{
	size_t width = 0;

	for (size_t at = 0; at < n; width++) {
		size_t length = utf8_length(text + at, n - at);
		at += length > 0 ? length : 1;
	}
	return width;
}

/* Adds words behind `width` columns; further lines begin with `indent` blanks. */
static void add_words(struct buffer *out, const char *text, size_t width, size_t indent)
{
	bool is_first = true;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");
		size_t wide = columns(text, n);
		if (!is_first && width + 1 + wide > MESSAGE_WIDTH) {
			buffer_printf(out, "\n%*s", (int)indent, "");
			width = indent;
			is_first = true;
		}
		if (!is_first)
			buffer_add_char(out, ' ');
		width += wide + !is_first;
		buffer_add(out, text, n);
		is_first = false;
		text += n;
	}
	buffer_add_char(out, '\n');
}

static void add_fact(struct buffer *out, const char *name, const char *value)
{
	if (!*value)
		return;
	buffer_printf(out, "%-*s", NAME_WIDTH, name);
	add_words(out, value, NAME_WIDTH, NAME_WIDTH);
}

/* "1. Disable ... (then: clear)"; `letter` stands before the first step. */
static void add_step(struct buffer *out, const struct message_step *step, size_t number,
		     const char *letter)
{
	struct buffer text;

	buffer_init(&text);
	buffer_add_text(&text, step->text);
	if (*step->then)
		buffer_printf(&text, " (then: %s)", step->then);
	buffer_printf(out, INDENT "%s%zu. ", letter, number);
	add_words(out, text.bytes ? text.bytes : "", strlen(INDENT) + strlen(letter) + 3,
		  strlen(INDENT) + strlen(letter) + 3);
	buffer_deinit(&text);
}

/* Ways that one may choose from have letters; a single one needs none. */
static void add_way(struct buffer *out, const struct message_way *way, size_t number, bool is_alone)
{
	char letter[] = "A) ";

	letter[0] = (char)('A' + number);
	for (size_t i = 0; i < way->n; i++)
		add_step(out, &way->steps[i], i + 1, is_alone ? "" : i == 0 ? letter : "   ");
}

static void add_remedy(struct buffer *out, const struct message_alert *alert)
{
	if (alert->n_ways == 0 && !*alert->remedy)
		return;
	buffer_add_text(out, alert->n_ways > 1 ? "\nWHAT TO DO, one of:\n" : "\nWHAT TO DO\n");
	for (size_t i = 0; i < alert->n_ways; i++)
		add_way(out, &alert->ways[i], i, alert->n_ways == 1);
	if (alert->n_ways == 0) {
		buffer_add_text(out, INDENT);
		add_words(out, alert->remedy, 2, 2);
	}
}

static void add_facts(struct buffer *out, const struct message_alert *one)
{
	struct message_fact facts[MESSAGE_MAX_FACTS];
	size_t n = message_facts(one, facts);

	buffer_add_char(out, '\n');
	for (size_t i = 0; i < n; i++)
		add_fact(out, facts[i].name, facts[i].value);
}

static void add_why(struct buffer *out, const struct message_alert *one)
{
	if (!*one->why)
		return;
	buffer_add_text(out, one->tone == MESSAGE_GOOD ? "\nNOW\n" INDENT : "\nWHY\n" INDENT);
	add_words(out, one->why, 2, 2);
}

/* A further server in three lines: what it is, since when, the first step of the smallest way. */
static void add_other(struct buffer *out, const struct message_alert *one)
{
	buffer_add_text(out, "* ");
	add_words(out, one->sentence, 2, 2);
	if (*one->since && !*one->over) {
		buffer_add_text(out, INDENT "since ");
		add_words(out, one->since, 8, 4);
	}
	if (*one->over) {
		buffer_add_text(out, INDENT "over ");
		add_words(out, one->over, 7, 4);
	}
	if (one->n_ways > 0 && one->ways[0].n > 0) {
		buffer_add_text(out, INDENT "to do: ");
		add_words(out, one->ways[0].steps[0].text, 9, 4);
	}
}

static void add_others(struct buffer *out, const struct message *m)
{
	if (m->n + m->more < 2)
		return;
	buffer_add_text(out, "\nALSO, for the same cause\n");
	for (size_t i = 1; i < m->n; i++)
		add_other(out, &m->alerts[i]);
	if (m->more > 0)
		buffer_printf(out, "* and %zu more, which are not listed here\n", m->more);
}

static void add_links(struct buffer *out, const struct message *m, const struct message_alert *one)
{
	if (*m->url || *one->page_url)
		buffer_add_char(out, '\n');
	add_fact(out, "Server page", one->page_url);
	if (*one->page_url && one->tone != MESSAGE_GOOD)
		add_fact(out, "", "(acknowledge or silence it there)");
	add_fact(out, "All alerts", m->url);
}

void message_write_text(const struct message *m, struct buffer *out)
{
	const struct message_alert *one = &m->alerts[0];

	add_words(out, m->lead, 0, 0);
	if (*one->effect && !m->is_test) {
		buffer_add_char(out, '\n');
		add_words(out, one->effect, 0, 0);
	}
	add_facts(out, one);
	add_why(out, one);
	add_remedy(out, one);
	add_others(out, m);
	add_links(out, m, one);
}
