#include "proto/base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Decodes the character at `text` (RFC 3629) into `*code`. Returns its length, 0 for a byte that
 * begins none.
 */
static size_t decode(const unsigned char *text, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = text[0] < 0x80             ? 1
		   : (text[0] & 0xe0) == 0xc0 ? 2
		   : (text[0] & 0xf0) == 0xe0 ? 3
		   : (text[0] & 0xf8) == 0xf0 ? 4
					      : 0;

	if (n <= 1) {
		*code = text[0];
		return n;
	}
	*code = text[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80) /* also the NUL of a text that was cut */
			return 0;
		*code = *code << 6 | (text[i] & 0x3fU);
	}
	if (*code < smallest[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

static bool harmless(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	return code != 0x061c && code != 0xfeff && !(code >= 0x200b && code <= 0x200f) &&
	       !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2060 && code <= 0x2069);
}

char *printable(char *out, size_t size, const char *text)
{
	const unsigned char *at = (const unsigned char *)(text ? text : "");
	size_t used = 0;

	while (*at) {
		uint32_t code = 0;
		size_t n = decode(at, &code);
		bool keep = n > 0 && harmless(code);
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
