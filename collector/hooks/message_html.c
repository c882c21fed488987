/*
 * A message as HTML, declared in collector/hooks/message.h: tables and styles at each element, for
 * readers of mail know little else; nothing is loaded from elsewhere.
 */
#include <string.h>

#include "collector/base/html.h"
#include "collector/hooks/message.h"

#define FONT "font-family:'Segoe UI',Helvetica,Arial,sans-serif;"
#define TEXT "margin:0;font-size:15px;line-height:22px;color:#1f2328;"
#define HEAD "margin:20px 0 6px;font-size:13px;line-height:18px;font-weight:bold;color:#59636e;"
#define PART "padding:0 24px;"

/*
 * The strong and the light colour of a tone; white text on the strong one has a contrast above 4.5.
 */
static const struct {
	const char *strong;
	const char *light;
} colors[] = {
	[MESSAGE_CRITICAL] = { "#b42318", "#fdecea" },
	[MESSAGE_WARNING] = { "#9a4a00", "#fff4e5" },
	[MESSAGE_INFO] = { "#175cd3", "#eaf2fd" },
	[MESSAGE_GOOD] = { "#1a7f37", "#e9f6ec" },
};

/* "<TAG STYLE>text</TAG>" */
static void add_element(struct buffer *out, const char *tag, const char *style, const char *text)
{
	buffer_printf(out, "<%s style=\"%s\">", tag, style);
	html_add_escaped(out, text);
	buffer_printf(out, "</%s>\n", tag);
}

static void add_link(struct buffer *out, const char *url, const char *style, const char *text)
{
	if (!message_is_link(url))
		return;
	buffer_add_text(out, "<a href=\"");
	html_add_escaped(out, url);
	buffer_printf(out, "\" style=\"%s\">", style);
	html_add_escaped(out, text);
	buffer_add_text(out, "</a>\n");
}

static void add_fact(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out,
		      "<tr><td style=\"padding:2px 16px 2px 0;vertical-align:top;"
		      "white-space:nowrap;min-width:96px;font-size:14px;line-height:20px;color:#"
		      "59636e\">%s</td>",
		      name);
	add_element(out, "td",
		    "padding:2px 0;vertical-align:top;font-size:14px;line-height:20px;"
		    "color:#1f2328",
		    value);
	buffer_add_text(out, "</tr>\n");
}

#define FACTS_TABLE                                                                                \
	"<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "           \
	"style=\"margin:16px 0 0\">\n"

static void add_facts(struct buffer *out, const struct message_alert *one)
{
	struct message_fact facts[MESSAGE_MAX_FACTS];
	size_t n = message_facts(one, facts);

	buffer_add_text(out, FACTS_TABLE);
	for (size_t i = 0; i < n; i++)
		add_fact(out, facts[i].name, facts[i].value);
	buffer_add_text(out, "</table>\n");
}

static void add_steps(struct buffer *out, const struct message_way *way)
{
	buffer_add_text(out, "<ol style=\"margin:0 0 8px;padding:0 0 0 24px\">\n");
	for (size_t i = 0; i < way->n; i++) {
		buffer_add_text(out, "<li style=\"" TEXT "\">");
		html_add_escaped(out, way->steps[i].text);
		if (*way->steps[i].then) {
			buffer_add_text(out, " <b style=\"white-space:nowrap\">then: ");
			html_add_escaped(out, way->steps[i].then);
			buffer_add_text(out, "</b>");
		}
		buffer_add_text(out, "</li>\n");
	}
	buffer_add_text(out, "</ol>\n");
}

static void add_remedy(struct buffer *out, const struct message_alert *one)
{
	if (one->n_ways == 0 && !*one->remedy)
		return;
	add_element(out, "h2", HEAD, one->n_ways > 1 ? "What to do: one of these" : "What to do");
	for (size_t i = 0; i < one->n_ways; i++) {
		if (one->n_ways > 1)
			buffer_printf(out,
				      "<p style=\"margin:8px 0 2px;font-size:14px;line-height:20px;"
				      "font-weight:bold;color:#1f2328\">%c</p>\n",
				      (char)('A' + i));
		add_steps(out, &one->ways[i]);
	}
	if (one->n_ways == 0)
		add_element(out, "p", TEXT, one->remedy);
}

#define AFTER "margin:12px 0 0;font-size:15px;line-height:22px;color:#59636e"

#define ROW  "padding:8px 0 8px 10px;border-top:1px solid #d1d9e0;border-left:4px solid "
#define NAME "font-size:14px;line-height:20px;font-weight:bold;color:#1f2328"
#define NOTE "margin:2px 0 0;font-size:13px;line-height:18px;color:#59636e"

#define TABLE                                                                                      \
	"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "         \
	"border=\"0\" "                                                                            \
	"style=\"border-collapse:collapse\">\n"

/* A name that leads to its page, where it has one. */
static void add_name(struct buffer *out, const char *url, const char *name)
{
	if (message_is_link(url))
		add_link(out, url, NAME, name);
	else
		add_element(out, "b", NAME, name);
}

static void add_note(struct buffer *out, const char *text)
{
	if (*text)
		add_element(out, "p", NOTE, text);
}

static void add_other(struct buffer *out, const struct message_alert *one)
{
	buffer_printf(out, "<tr><td style=\"" ROW "%s\">\n", colors[one->tone].strong);
	add_name(out, one->page_url, one->sentence);
	add_note(out, *one->over ? one->over : one->since);
	if (one->n_ways > 0 && one->ways[0].n > 0)
		add_note(out, one->ways[0].steps[0].text);
	buffer_add_text(out, "</td></tr>\n");
}

static void add_others(struct buffer *out, const struct message *m)
{
	if (m->n + m->more < 2)
		return;
	add_element(out, "h2", HEAD, "Also, for the same cause");
	buffer_add_text(out, TABLE);
	for (size_t i = 1; i < m->n; i++)
		add_other(out, &m->alerts[i]);
	buffer_add_text(out, "</table>\n");
	if (m->more > 0)
		buffer_printf(out,
			      "<p style=\"" TEXT "\">and %zu more, which are not listed "
			      "here</p>\n",
			      m->more);
}

#define BUTTON                                                                                     \
	"display:inline-block;padding:0 16px;margin:0 12px 8px "                                   \
	"0;background:#1f2328;color:#ffffff;"                                                      \
	"text-decoration:none;font-weight:bold"

static void add_buttons(struct buffer *out, const struct message *m,
			const struct message_alert *one)
{
	if (!message_is_link(m->url) && !message_is_link(one->page_url))
		return;
	buffer_add_text(out, "<p style=\"margin:24px 0 0;font-size:14px;line-height:36px\">\n");
	add_link(out, one->page_url, BUTTON,
		 one->tone == MESSAGE_GOOD ? "Server page" : "Acknowledge or silence");
	add_link(out, m->url, "color:#59636e", "All alerts");
	buffer_add_text(out, "</p>\n");
}

/* The bar in the colour of the worst, and what is wrong in large letters. */
static void open_top(struct buffer *out, const struct message *m, const char *title,
		     const char *event)
{
	buffer_printf(out,
		      "<tr><td style=\"" PART "padding-top:10px;padding-bottom:10px;"
		      "background:%s;font-size:14px;line-height:20px;font-weight:bold;"
		      "color:#ffffff\">",
		      colors[m->tone].strong);
	html_add_escaped(out, title);
	if (*event) {
		buffer_add_text(out, " &middot; ");
		html_add_escaped(out, event);
	}
	buffer_add_text(out, "</td></tr>\n<tr><td style=\"" PART "padding-top:18px\">\n");
}

static void add_heading(struct buffer *out, const char *text)
{
	add_element(out, "h1",
		    "margin:0;font-size:22px;line-height:28px;font-weight:bold;color:#1f2328",
		    text);
}

static void add_effect(struct buffer *out, const struct message *m, const char *text)
{
	if (*text)
		buffer_printf(out,
			      "<p style=\"margin:14px 0 0;padding:10px 14px;background:%s;"
			      "border-left:4px solid %s;font-size:16px;line-height:23px;"
			      "font-weight:bold;color:#1f2328\">%s</p>\n",
			      colors[m->tone].light, colors[m->tone].strong, text);
}

#define TEST_TITLE "Test of a hook: nothing is wrong"

static void add_group(struct buffer *out, const struct message *m)
{
	const struct message_alert *one = &m->alerts[0];

	open_top(out, m, m->is_test ? TEST_TITLE : one->state, m->is_test ? "" : m->event);
	add_heading(out, one->sentence);
	if (*m->others)
		add_element(out, "p",
			    "margin:4px 0 0;font-size:15px;line-height:22px;color:#59636e",
			    m->others);
	add_effect(out, m, m->is_test ? "" : one->effect);
	add_facts(out, one);
	if (*one->why) {
		add_element(out, "h2", HEAD, one->tone == MESSAGE_GOOD ? "Now" : "Why");
		add_element(out, "p", TEXT, one->why);
	}
	add_remedy(out, one);
	add_others(out, m);
	add_buttons(out, m, one);
}

static void add_line(struct buffer *out, const struct message_line *line)
{
	if (!*line->page_url) {
		add_fact(out, line->name, line->text);
		return;
	}
	buffer_add_text(out, "<tr><td></td><td style=\"padding:6px 0 2px\">");
	add_link(out, line->page_url, "font-size:14px;line-height:20px;color:#1f2328",
		 "Acknowledge or silence it");
	buffer_add_text(out, "</td></tr>\n");
}

static void add_site(struct buffer *out, const struct message_line *line)
{
	buffer_printf(out, "<tr><td style=\"" ROW "%s\">", colors[line->tone].strong);
	add_element(out, "b", NAME, line->name);
	buffer_add_text(out, "</td>");
	add_element(out, "td",
		    "padding:8px 0 8px 16px;border-top:1px solid #d1d9e0;font-size:14px;"
		    "line-height:20px;color:#1f2328",
		    line->text);
	buffer_add_text(out, "</tr>\n");
}

static void add_item(struct buffer *out, const struct message_line *line)
{
	buffer_printf(out, "<tr><td style=\"" ROW "%s\">\n", colors[line->tone].strong);
	add_name(out, line->page_url, line->name);
	add_element(out, "span", "font-size:14px;line-height:20px;color:#1f2328", line->text);
	add_note(out, line->more);
	buffer_add_text(out, "</td></tr>\n");
}

static void add_part(struct buffer *out, const struct message_part *part)
{
	if (*part->title)
		add_element(out, "h2", HEAD, part->title);
	buffer_add_text(out, *part->title ? TABLE : FACTS_TABLE);
	for (size_t i = 0; i < part->n; i++) {
		if (part->is_list)
			add_item(out, &part->lines[i]);
		else if (*part->title)
			add_site(out, &part->lines[i]);
		else
			add_line(out, &part->lines[i]);
	}
	buffer_add_text(out, "</table>\n");
	if (part->more > 0) {
		buffer_add_text(out, "<p style=\"" AFTER "\">");
		message_add_rest(part, 0, out);
		buffer_add_text(out, "</p>\n");
	}
}

static void add_summary(struct buffer *out, const struct message *m)
{
	const struct message_summary *summary = m->summary;

	open_top(out, m, m->is_test ? TEST_TITLE : summary->title, "");
	add_heading(out, m->lead);
	for (size_t i = 0; i < summary->n; i++) {
		bool is_worst = i == 0 && m->n > 0;
		if (is_worst)
			buffer_printf(out,
				      "<div style=\"margin:14px 0 0;padding:1px 14px 14px;"
				      "background:%s;border-left:4px solid %s\">\n",
				      colors[m->tone].light, colors[m->tone].strong);
		add_part(out, &summary->parts[i]);
		if (is_worst)
			buffer_add_text(out, "</div>\n");
	}
	if (*summary->next)
		add_element(out, "p", AFTER, summary->next);
	if (message_is_link(m->url)) {
		buffer_add_text(out,
				"<p style=\"margin:24px 0 0;font-size:14px;line-height:36px\">\n");
		add_link(out, m->url, BUTTON, "All alerts");
		buffer_add_text(out, "</p>\n");
	}
}

void message_write_html(const struct message *m, struct buffer *out)
{
	buffer_add_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			     "<meta charset=\"utf-8\">\n"
			     "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	html_add_escaped(out, m->subject);
	buffer_add_text(out, "</title>\n</head>\n"
			     "<body style=\"margin:0;padding:0;background:#eff2f5;" FONT "\">\n"
			     "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
			     "cellspacing=\"0\" border=\"0\" style=\"background:#eff2f5\">\n"
			     "<tr><td align=\"center\" style=\"padding:16px 8px\">\n"
			     "<table role=\"presentation\" width=\"640\" cellpadding=\"0\" "
			     "cellspacing=\"0\" border=\"0\" style=\"width:100%;max-width:640px;"
			     "background:#ffffff;border:1px solid #d1d9e0;text-align:left;" FONT
			     "\">\n");
	if (m->summary)
		add_summary(out, m);
	else
		add_group(out, m);
	buffer_add_text(out,
			"</td></tr>\n<tr><td style=\"" PART "padding-bottom:20px\"></td></tr>\n"
			"</table>\n</td></tr>\n</table>\n</body>\n</html>\n");
}
