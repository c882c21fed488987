#include "collector/base/exposition.h"

#include <stdarg.h>
#include <stdbool.h>

void exposition_family(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label_value(struct buffer *out, const char *value)
{
	buffer_add_char(out, '"');
	for (; *value; value++) {
		if (*value == '\n')
			buffer_add_text(out, "\\n");
		else if (*value == '"' || *value == '\\')
			buffer_printf(out, "\\%c", *value);
		else
			buffer_add_char(out, *value);
	}
	buffer_add_char(out, '"');
}

void exposition_sample(struct buffer *out, const char *name, double value, ...)
{
	bool first = true;
	va_list labels;

	buffer_add_text(out, name);
	va_start(labels, value);
	for (const char *label = va_arg(labels, const char *); label;
	     label = va_arg(labels, const char *)) {
		const char *text = va_arg(labels, const char *);
		buffer_printf(out, "%c%s=", first ? '{' : ',', label);
		add_label_value(out, text ? text : "");
		first = false;
	}
	va_end(labels);
	/* Counts up to 2^53 are exact; 17 digits keep every double (IEEE 754). */
	buffer_printf(out, "%s %.17g\n", first ? "" : "}", value);
}
