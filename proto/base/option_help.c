#include "proto/base/option_help.h"

#include <string.h>

void option_help_add(struct buffer *out, int column, const char *option, const char *argument,
		     const char *words)
{
	size_t begin = out->size;

	buffer_printf(out, "  %s%s%s", option, argument ? " " : "", argument ? argument : "");
	int used = (int)(out->size - begin);
	if (used > column - 2) {
		buffer_add_char(out, '\n');
		used = 0;
	}
	for (const char *line = words; *line != '\0';) {
		int n = (int)strcspn(line, "\n");
		buffer_printf(out, "%*s%.*s\n", column - used, "", n, line);
		used = 0;
		line += line[n] == '\n' ? n + 1 : n;
	}
}
