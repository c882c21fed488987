/*
 * A message as HTML, declared in collector/hooks/message.h: tables and styles at each element, for
 * readers of mail know little else; nothing is loaded from elsewhere.
 */
#include <string.h>

#include "collector/hooks/message.h"

#define FONT "font-family:'Segoe UI',Helvetica,Arial,sans-serif;"
#define TEXT "margin:0;font-size:15px;line-height:22px;color:#1f2328;"
#define HEAD "margin:20px 0 6px;font-size:13px;line-height:18px;font-weight:bold;color:#59636e;"
#define PART "padding:0 24px;"

/* The strong and the light colour of a tone; white text on the strong one has a contrast above 4.5. */
static const struct {
	const char *strong;
	const char *light;
} colors[] = {
	[MESSAGE_CRITICAL] = { "#b42318", "#fdecea" },
	[MESSAGE_WARNING] = { "#9a4a00", "#fff4e5" },
	[MESSAGE_INFO] = { "#175cd3", "#eaf2fd" },
	[MESSAGE_GOOD] = { "#1a7f37", "#e9f6ec" },
};

static void add_escaped(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			buffer_add_text(out, "&amp;");
			break;
		case '<':
			buffer_add_text(out, "&lt;");
			break;
		case '>':
			buffer_add_text(out, "&gt;");
			break;
		case '"':
			buffer_add_text(out, "&quot;");
			break;
		default:
			buffer_add_char(out, *text);
		}
	}
}

/* "<TAG STYLE>text</TAG>" */
static void add_element(struct buffer *out, const char *tag, const char *style, const char *text)
{
	buffer_printf(out, "<%s style=\"%s\">", tag, style);
	add_escaped(out, text);
	buffer_printf(out, "</%s>\n", tag);
}

static void add_link(struct buffer *out, const char *url, const char *style, const char *text)
{
	if (!message_is_link(url))
		return;
	buffer_add_text(out, "<a href=\"");
	add_escaped(out, url);
	buffer_printf(out, "\" style=\"%s\">", style);
	add_escaped(out, text);
	buffer_add_text(out, "</a>\n");
}

static void add_fact(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out,
		      "<tr><td style=\"padding:2px 16px 2px 0;vertical-align:top;"
		      "white-space:nowrap;font-size:14px;line-height:20px;color:#59636e\">%s</td>",
		      name);
	add_element(out, "td",
		    "padding:2px 0;vertical-align:top;font-size:14px;line-height:20px;"
		    "color:#1f2328",
		    value);
	buffer_add_text(out, "</tr>\n");
}

static void add_facts(struct buffer *out, const struct message_alert *one)
{
	struct message_fact facts[MESSAGE_MAX_FACTS];
	size_t n = message_facts(one, facts);

	buffer_add_text(out, "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" "
			     "border=\"0\" style=\"margin:16px 0 0\">\n");
	for (size_t i = 0; i < n; i++)
		add_fact(out, facts[i].name, facts[i].value);
	buffer_add_text(out, "</table>\n");
}

static void add_steps(struct buffer *out, const struct message_way *way)
{
	buffer_add_text(out, "<ol style=\"margin:0 0 8px;padding:0 0 0 24px\">\n");
	for (size_t i = 0; i < way->n; i++) {
		buffer_add_text(out, "<li style=\"" TEXT "\">");
		add_escaped(out, way->steps[i].text);
		if (*way->steps[i].then) {
			buffer_add_text(out, " <b style=\"white-space:nowrap\">then: ");
			add_escaped(out, way->steps[i].then);
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

static void add_other(struct buffer *out, const struct message_alert *one)
{
	buffer_printf(out,
		      "<tr><td style=\"padding:8px 0 8px 10px;border-top:1px solid #d1d9e0;"
		      "border-left:4px solid %s\">\n",
		      colors[one->tone].strong);
	if (message_is_link(one->page_url))
		add_link(out, one->page_url,
			 "font-size:14px;line-height:20px;font-weight:bold;color:#1f2328",
			 one->sentence);
	else
		add_element(out, "b", "font-size:14px;line-height:20px;color:#1f2328",
			    one->sentence);
	const char *small = "margin:2px 0 0;font-size:13px;line-height:18px;color:#59636e";
	if (*one->over)
		add_element(out, "p", small, one->over);
	else if (*one->since)
		add_element(out, "p", small, one->since);
	if (one->n_ways > 0 && one->ways[0].n > 0)
		add_element(out, "p", small, one->ways[0].steps[0].text);
	buffer_add_text(out, "</td></tr>\n");
}

static void add_others(struct buffer *out, const struct message *m)
{
	if (m->n + m->more < 2)
		return;
	add_element(out, "h2", HEAD, "Also, for the same cause");
	buffer_add_text(out,
			"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
			"cellspacing=\"0\" border=\"0\" style=\"border-collapse:collapse\">\n");
	for (size_t i = 1; i < m->n; i++)
		add_other(out, &m->alerts[i]);
	buffer_add_text(out, "</table>\n");
	if (m->more > 0)
		buffer_printf(out,
			      "<p style=\"" TEXT "\">and %zu more, which are not listed "
			      "here</p>\n",
			      m->more);
}

static void add_buttons(struct buffer *out, const struct message *m,
			const struct message_alert *one)
{
	if (!message_is_link(m->url) && !message_is_link(one->page_url))
		return;
	buffer_add_text(out, "<p style=\"margin:24px 0 0;font-size:14px;line-height:36px\">\n");
	add_link(out, one->page_url,
		 "display:inline-block;padding:0 16px;margin:0 12px 8px 0;background:#1f2328;"
		 "color:#ffffff;text-decoration:none;font-weight:bold",
		 one->tone == MESSAGE_GOOD ? "Server page" : "Acknowledge or silence");
	add_link(out, m->url, "color:#59636e", "All alerts");
	buffer_add_text(out, "</p>\n");
}

/* The bar in the colour of the worst, and what is wrong in large letters. */
static void add_top(struct buffer *out, const struct message *m, const struct message_alert *one)
{
	buffer_printf(out,
		      "<tr><td style=\"" PART "padding-top:10px;padding-bottom:10px;"
		      "background:%s;font-size:14px;line-height:20px;font-weight:bold;"
		      "color:#ffffff\">",
		      colors[m->tone].strong);
	if (m->is_test)
		buffer_add_text(out, "Test of a hook: nothing is wrong");
	else {
		add_escaped(out, one->state);
		buffer_add_text(out, " &middot; ");
		add_escaped(out, m->event);
	}
	buffer_add_text(out, "</td></tr>\n<tr><td style=\"" PART "padding-top:18px\">\n");
	add_element(out, "h1",
		    "margin:0;font-size:22px;line-height:28px;font-weight:bold;color:#1f2328",
		    one->sentence);
	if (*m->others)
		add_element(out, "p",
			    "margin:4px 0 0;font-size:15px;line-height:22px;color:#59636e",
			    m->others);
	if (*one->effect && !m->is_test)
		buffer_printf(out,
			      "<p style=\"margin:14px 0 0;padding:10px 14px;background:%s;"
			      "border-left:4px solid %s;font-size:16px;line-height:23px;"
			      "font-weight:bold;color:#1f2328\">%s</p>\n",
			      colors[m->tone].light, colors[m->tone].strong, one->effect);
}

void message_write_html(const struct message *m, struct buffer *out)
{
	const struct message_alert *one = &m->alerts[0];

	buffer_add_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			     "<meta charset=\"utf-8\">\n"
			     "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	add_escaped(out, m->subject);
	buffer_add_text(out, "</title>\n</head>\n"
			     "<body style=\"margin:0;padding:0;background:#eff2f5;" FONT "\">\n"
			     "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
			     "cellspacing=\"0\" border=\"0\" style=\"background:#eff2f5\">\n"
			     "<tr><td align=\"center\" style=\"padding:16px 8px\">\n"
			     "<table role=\"presentation\" width=\"640\" cellpadding=\"0\" "
			     "cellspacing=\"0\" border=\"0\" style=\"width:100%;max-width:640px;"
			     "background:#ffffff;border:1px solid #d1d9e0;text-align:left;" FONT
			     "\">\n");
	add_top(out, m, one);
	add_facts(out, one);
	if (*one->why) {
		add_element(out, "h2", HEAD, one->tone == MESSAGE_GOOD ? "Now" : "Why");
		add_element(out, "p", TEXT, one->why);
	}
	add_remedy(out, one);
	add_others(out, m);
	add_buttons(out, m, one);
	buffer_add_text(out,
			"</td></tr>\n<tr><td style=\"" PART "padding-bottom:20px\"></td></tr>\n"
			"</table>\n</td></tr>\n</table>\n</body>\n</html>\n");
}
