#include "collector/base/html.h"

void html_add_escaped(struct buffer *out, const char *text)
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
