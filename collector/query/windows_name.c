#include "collector/query/windows_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/ipv4.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"

#define MAX_LABEL 63
#define MAX_NAME  255 /* bytes with its dots (RFC 1035, 2.3.4) */

static bool is_digit_or_letter(char c)
{
	return text_is_digit(c) || text_is_letter(c);
}

/*
 * Letters of other scripts, but no signs: those of Latin-1, and the blocks of signs and of forms.
 */
static bool is_foreign_letter(uint32_t c)
{
	return c >= 0xC0 && c != 0xD7 && c != 0xF7 && c != 0x61C && !(c >= 0x2000 && c <= 0x2BFF) &&
	       !(c >= 0x3000 && c <= 0x3004) && !(c >= 0xE000 && c <= 0xF8FF) && c < 0xFE00;
}

/* Bytes of the character at `at`, which may be in a label; else 0. */
static size_t character_length(const char *at)
{
	size_t length = utf8_length(at, strnlen(at, UTF8_MAX));

	if (length == 1)
		return is_digit_or_letter(*at) || strchr("-_!#$%&'()^{}~@", *at) ? 1 : 0;
	return length > 1 && is_foreign_letter(utf8_decode(at, length)) ? length : 0;
}

/* The label at `at`, which has to end in a dot or with the text; NULL where it is good. */
static const char *check_label(const char *at, size_t n)
{
	bool has_letter = false;

	if (n == 0)
		return "has nothing between two dots, or in front of the first one";
	if (n > MAX_LABEL)
		return "is longer than the 63 characters that a host name may have";
	if (*at == '-')
		return "begins with '-', as no host name does";
	for (size_t i = 0; i < n;) {
		size_t length = character_length(at + i);
		if (length == 0)
			return "holds a character that no name of a Windows machine has";
		has_letter |= length > 1 || is_digit_or_letter(at[i]);
		i += length;
	}
	return has_letter ? NULL : "holds neither a letter nor a digit";
}

const char *windows_name_check(const char *name)
{
	const char *why = NULL;
	uint32_t address = 0;

	if (*name == '\0')
		return "names no host";
	if (ipv4_parse(name, &address))
		return "is an address, not the name of a host";
	if (strlen(name) > MAX_NAME)
		return "is longer than the 255 characters that a name in DNS may have";
	while (!why && *name) {
		size_t n = strcspn(name, ".");
		why = check_label(name, n);
		name += n + (name[n] == '.');
	}
	return why;
}
