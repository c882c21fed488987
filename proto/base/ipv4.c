#include "proto/base/ipv4.h"

#include <stddef.h>

#include "proto/base/text.h"

/* A decimal number of at most `max` without leading zeros; advances `*at`. -1 if it is none. */
static int get_number(const char **at, int max)
{
	const char *start = *at;
	int value = 0;

	while (text_is_digit(**at)) {
		value = value * 10 + (**at - '0');
		(*at)++;
		if (value > max)
			return -1;
	}
	ptrdiff_t digits = *at - start;
	if (digits == 0 || (digits > 1 && *start == '0'))
		return -1;
	return value;
}

/* The four numbers; advances `*at` behind them. */
static bool get_address(const char **at, uint32_t *out)
{
	uint32_t address = 0;
	for (int i = 0; i < 4; i++) {
		if (i > 0 && *(*at)++ != '.')
			return false;
		int byte = get_number(at, 255);
		if (byte < 0)
			return false;
		address = address << 8 | (uint32_t)byte;
	}
	*out = address;
	return true;
}

bool ipv4_parse(const char *text, uint32_t *out)
{
	uint32_t address = 0;
	if (!text || !get_address(&text, &address) || *text != '\0')
		return false;
	*out = address;
	return true;
}

bool ipv4_prefix_parse(const char *text, struct ipv4_prefix *out)
{
	struct ipv4_prefix prefix = { .length = 32 };
	if (!text || !get_address(&text, &prefix.address))
		return false;
	if (*text == '/') {
		text++;
		int length = get_number(&text, 32);
		if (length < 0)
			return false;
		prefix.length = (uint8_t)length;
	}
	if (*text != '\0')
		return false;
	*out = prefix;
	return true;
}

bool ipv4_prefix_contains(const struct ipv4_prefix *prefix, uint32_t address)
{
	uint32_t mask = prefix->length == 0 ? 0 : UINT32_MAX << (32 - prefix->length);
	return ((prefix->address ^ address) & mask) == 0;
}

bool ipv4_is_loopback(uint32_t address)
{
	return address >> 24 == 127;
}

bool ipv4_is_private(uint32_t address)
{
	return address >> 24 == 10 || address >> 20 == 0xac1 || address >> 16 == 0xc0a8;
}

bool ipv4_is_self_assigned(uint32_t address)
{
	return address >> 16 == 0xa9fe;
}

bool ipv4_is_multicast_or_reserved(uint32_t address)
{
	return address >> 28 >= 14;
}

char *ipv4_format(uint32_t address, char text[IPV4_TEXT_SIZE])
{
	char *at = text;

	for (unsigned shift = 24;; shift -= 8) {
		at = text_put_number(at, address >> shift & 255);
		if (shift == 0)
			break;
		*at++ = '.';
	}
	*at = '\0';
	return text;
}

char *ipv4_text(uint32_t address, struct arena *arena)
{
	char text[IPV4_TEXT_SIZE];

	return arena_strdup(arena, ipv4_format(address, text));
}
