#include "proto/windows/codepage.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu /* U+FFFD */

/* 0x80 to 0x9F of code page 1252 (Unicode's CP1252.TXT); the rest is Latin-1. */
static const uint16_t high_1252[32] = {
	0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
};

/* Writes one character; gives the place behind it. A NUL would end the text too early. */
static char *put_utf8(char *out, uint32_t c)
{
	if (c == 0)
		c = REPLACEMENT;
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xC0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		*out++ = (char)(0xE0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3F));
		*out++ = (char)(0x80 | (c & 0x3F));
	} else {
		*out++ = (char)(0xF0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3F));
		*out++ = (char)(0x80 | (c >> 6 & 0x3F));
		*out++ = (char)(0x80 | (c & 0x3F));
	}
	return out;
}

static uint32_t unit_at(const uint8_t *bytes, size_t i)
{
	return (uint32_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
}

char *codepage_from_utf16le(struct arena *arena, const uint8_t *bytes, size_t n)
{
	size_t units = n / 2;
	char *text = arena_alloc(arena, units * 3 + 1);
	char *out = text;

	for (size_t i = 0; i < units; i++) {
		uint32_t c = unit_at(bytes, i);
		if (c >= 0xD800 && c < 0xDC00 && i + 1 < units) {
			uint32_t low = unit_at(bytes, i + 1);
			if (low >= 0xDC00 && low < 0xE000) {
				c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
				i++;
			}
		}
		out = put_utf8(out, c >= 0xD800 && c < 0xE000 ? REPLACEMENT : c);
	}
	return text;
}

char *codepage_from_1252(struct arena *arena, const uint8_t *bytes, size_t n)
{
	char *text = arena_alloc(arena, n * 3 + 1);
	char *out = text;

	for (size_t i = 0; i < n; i++) {
		bool high = bytes[i] >= 0x80 && bytes[i] < 0xA0;
		out = put_utf8(out, high ? high_1252[bytes[i] - 0x80] : bytes[i]);
	}
	return text;
}

/* Length of the valid character at `bytes`, 0 if there is none (RFC 3629 section 4). */
static size_t utf8_length(const uint8_t *bytes, size_t n)
{
	size_t length = bytes[0] < 0x80                       ? 1
			: bytes[0] >= 0xC2 && bytes[0] < 0xE0 ? 2
			: bytes[0] >= 0xE0 && bytes[0] < 0xF0 ? 3
			: bytes[0] >= 0xF0 && bytes[0] < 0xF5 ? 4
							      : 0;
	if (length == 0 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
	}
	bool overlong =
		(bytes[0] == 0xE0 && bytes[1] < 0xA0) || (bytes[0] == 0xF0 && bytes[1] < 0x90);
	bool beyond =
		(bytes[0] == 0xED && bytes[1] >= 0xA0) || (bytes[0] == 0xF4 && bytes[1] >= 0x90);
	return overlong || beyond ? 0 : length;
}

char *codepage_from_utf8(struct arena *arena, const uint8_t *bytes, size_t n)
{
	char *text = arena_alloc(arena, n * 3 + 1);
	char *out = text;

	for (size_t i = 0; i < n;) {
		size_t length = bytes[i] ? utf8_length(bytes + i, n - i) : 0;
		if (length == 0) {
			out = put_utf8(out, REPLACEMENT);
			i++;
			continue;
		}
		memcpy(out, bytes + i, length);
		out += length;
		i += length;
	}
	return text;
}
