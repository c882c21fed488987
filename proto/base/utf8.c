#include "proto/base/utf8.h"

/* Bytes of the character that begins with `lead`, and what the second byte may be (RFC 3629, 4). */
static size_t expected_length(unsigned char lead, unsigned char *low, unsigned char *high)
{
	*low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	*high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

size_t utf8_length(const char *bytes, size_t n)
{
	const unsigned char *b = (const unsigned char *)bytes;
	unsigned char low = 0;
	unsigned char high = 0;

	size_t length = n > 0 ? expected_length(b[0], &low, &high) : 0;
	if (length > n || (length > 1 && (b[1] < low || b[1] > high)))
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((b[i] & 0xC0) != 0x80)
			return 0;
	}
	return length;
}

uint32_t utf8_decode(const char *bytes, size_t length)
{
	static const unsigned char lead_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	uint32_t character = (unsigned char)bytes[0] & lead_bits[length];

	for (size_t i = 1; i < length; i++)
		character = character << 6 | ((unsigned char)bytes[i] & 0x3F);
	return character;
}

size_t utf8_encode(uint32_t character, char out[UTF8_MAX])
{
	uint32_t c = character;

	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = UTF8_REPLACEMENT;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

static uint32_t unit_at(const uint8_t *bytes, size_t i)
{
	return (uint32_t)bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8;
}

/* The character at unit `*i`, which is stepped over; a lone surrogate stays one. */
static uint32_t get_character(const uint8_t *bytes, size_t n_units, size_t *i)
{
	uint32_t unit = unit_at(bytes, (*i)++);
	if (unit < 0xD800 || unit > 0xDBFF || *i == n_units)
		return unit;
	uint32_t next = unit_at(bytes, *i);
	if (next < 0xDC00 || next > 0xDFFF)
		return unit;
	(*i)++;
	return 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);
}

char *utf8_from_utf16le(struct arena *arena, const uint8_t *bytes, size_t n_units)
{
	char one[UTF8_MAX];
	size_t size = 0;

	for (size_t i = 0; i < n_units;)
		size += utf8_encode(get_character(bytes, n_units, &i), one);
	char *text = arena_alloc(arena, size + 1);
	size_t at = 0;
	for (size_t i = 0; i < n_units;) {
		size_t length = utf8_encode(get_character(bytes, n_units, &i), one);
		for (size_t j = 0; j < length; j++)
			text[at++] = one[j];
	}
	return text;
}
