/* A message as plain text. Declared in collector/hooks/message.h. */
#include <string.h>

#include "collector/hooks/message.h"
#include "proto/base/utf8.h"

#define INDENT "  "

/* Columns of the names of facts, with the blanks behind them. */
#define NAME_WIDTH         14
#define SUMMARY_NAME_WIDTH 15

/*
 * The longest name, in columns, that decides where texts begin; behind a longer one its own does.
 */
#define MAX_NAME_WIDTH 30

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

/* How wide the names of a part are, so that its texts stand below each other. */
static size_t name_width(const struct message_part *part)
{
	size_t width = SUMMARY_NAME_WIDTH;

	for (size_t i = 0; *part->title && i < part->n; i++) {
		size_t n = columns(part->lines[i].name, strlen(part->lines[i].name)) + 2;
		width = n > width && n <= MAX_NAME_WIDTH ? n : width;
	}
	return width;
}

static void add_line(struct buffer *out, const struct message_line *line, size_t width)
{
	size_t n = columns(line->name, strlen(line->name));
	size_t gap = n < width ? width - n : 1;

	buffer_printf(out, "%s%*s", line->name, (int)gap, "");
	add_words(out, line->text, n + gap, width);
}

/* "* EXCH2 (ACME/HQ): failing for 3 days", why, and where to read on. */
static void add_item(struct buffer *out, const struct message_line *line)
{
	struct buffer text;

	buffer_init(&text);
	buffer_printf(&text, "%s: %s", line->name, line->text);
	buffer_add_text(out, "* ");
	add_words(out, text.bytes, 2, 2);
	buffer_deinit(&text);
	if (*line->more) {
		buffer_add_text(out, INDENT);
		add_words(out, line->more, 2, 2);
	}
	if (*line->page_url) {
		buffer_add_text(out, INDENT);
		add_words(out, line->page_url, 2, 2);
	}
}

static void add_title(struct buffer *out, const char *title)
{
	for (; *title; title++)
		buffer_add_char(out, *title >= 'a' && *title <= 'z' ? (char)(*title - 'a' + 'A')
								    : *title);
	buffer_add_char(out, '\n');
}

static void add_part(struct buffer *out, const struct message_part *part)
{
	size_t width = name_width(part);

	buffer_add_char(out, '\n');
	if (*part->title)
		add_title(out, part->title);
	for (size_t i = 0; i < part->n; i++) {
		if (part->is_list)
			add_item(out, &part->lines[i]);
		else
			add_line(out, &part->lines[i], width);
	}
	if (part->more == 0)
		return;
	buffer_add_text(out, part->is_list ? "* " : "");
	message_add_rest(part, 0, out);
	buffer_add_char(out, '\n');
}

static void write_summary(const struct message *m, struct buffer *out)
{
	const struct message_summary *summary = m->summary;

	add_words(out, m->lead, 0, 0);
	for (size_t i = 0; i < summary->n; i++) {
		if (summary->parts[i].n > 0 || summary->parts[i].more > 0)
			add_part(out, &summary->parts[i]);
	}
	buffer_add_char(out, '\n');
	if (*summary->next)
		add_words(out, summary->next, 0, 0);
	if (*summary->next && *m->url)
		buffer_add_char(out, '\n');
	if (*m->url)
		add_line(out, &(struct message_line){ .name = "All alerts", .text = m->url },
			 SUMMARY_NAME_WIDTH);
}

static void write_group(const struct message *m, struct buffer *out)
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

void message_write_text(const struct message *m, struct buffer *out)
{
	if (m->summary)
		write_summary(m, out);
	else
		write_group(m, out);
}
