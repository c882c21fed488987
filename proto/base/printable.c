#include "proto/base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/utf8.h"

static bool harmless(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	if (code == 0x180e || (code >= 0xfff9 && code <= 0xfffb) || code >> 7 == 0xe0000 >> 7)
		return false;
	return code != 0x061c && code != 0xfeff && !(code >= 0x200b && code <= 0x200f) &&
	       !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2060 && code <= 0x2069);
}

char *printable(char *out, size_t size, const char *text)
{
	const char *at = text ? text : "";
	size_t used = 0;

	while (*at) {
		size_t n = utf8_length(at, strnlen(at, UTF8_MAX));
		bool keep = n > 0 && harmless(utf8_decode(at, n));
		size_t room = keep ? n : 1;

		if (used + room >= size)
			break;
		if (keep)
			memcpy(out + used, at, n);
		else
			out[used] = '?';
		used += room;
		at += n > 0 ? n : 1;
	}
	out[used] = '\0';
	return out;
}
