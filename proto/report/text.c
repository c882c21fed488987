#include "proto/report/text.h"

#include <string.h>

#include "proto/report/report.h"

const char *report_text(const char *text, struct arena *arena)
{
	if (!text)
		return NULL;
	size_t n = strlen(text);
	if (n > REPORT_MAX_STRING) {
		n = REPORT_MAX_STRING;
		while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
			n--;
	}
	return arena_strndup(arena, text, n);
}
