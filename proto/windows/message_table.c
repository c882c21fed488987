#include "proto/windows/message_table.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/base/wire.h"
#include "proto/report/report.h"

#define ENTRY_HEADER 4      /* length, flags */
#define FLAG_UNICODE 0x0001 /* MESSAGE_RESOURCE_UNICODE */

/* A text up to its first NUL; the compiler fills it up with these. */
static void cut_text(struct message_table_entry *message)
{
	size_t step = message->utf16 ? 2 : 1;
	size_t size = 0;
	while (size + step <= message->size &&
	       (message->bytes[size] || message->bytes[size + step - 1]))
		size += step;
	message->size = size;
}

/* Entry `index` (from 0) of the entries that `r` reads. */
static bool get_entry(struct wire_reader *r, uint32_t index, struct message_table_entry *out)
{
	for (uint32_t i = 0;; i++) {
		uint16_t length = wire_get_u16(r);
		uint16_t flags = wire_get_u16(r);
		if (length < ENTRY_HEADER)
			return false; /* also where the reader is at its end */
		size_t size = (size_t)length - ENTRY_HEADER;
		const uint8_t *bytes = wire_get_bytes(r, size);
		if (!bytes)
			return false;
		if (i < index)
			continue;
		*out = (struct message_table_entry){ bytes, size, (flags & FLAG_UNICODE) != 0 };
		cut_text(out);
		return true;
	}
}

bool message_table_find(const void *table, size_t size, uint32_t id,
			struct message_table_entry *out)
{
	struct wire_reader r = wire_read_from(table, size);
	uint32_t n_blocks = wire_get_u32(&r);
	for (uint32_t i = 0; i < n_blocks; i++) {
		uint32_t low = wire_get_u32(&r);
		uint32_t high = wire_get_u32(&r);
		uint32_t at = wire_get_u32(&r);
		if (r.status != STATUS_OK)
			return false;
		if (id < low || id > high)
			continue;
		struct wire_reader entries = wire_read_from(table, size);
		wire_skip(&entries, at);
		return get_entry(&entries, id - low, out);
	}
	return false;
}

/* The text that is made. Whatever is read puts something there, so the limit also ends the work. */
struct filling {
	char *text;
	size_t n;
	bool full;
};

static void put_bytes(struct filling *f, const char *character, size_t n)
{
	if (f->n + n > REPORT_MAX_STRING) {
		f->full = true;
		return;
	}
	memcpy(f->text + f->n, character, n);
	f->n += n;
}

/* C0, DEL and C1, and Unicode's own line and paragraph separators. */
static bool is_break(const unsigned char *character, size_t n)
{
	if (n == 1)
		return character[0] < 0x20 || character[0] == 0x7F;
	if (n == 2)
		return character[0] == 0xC2 && character[1] < 0xA0;
	return n == 3 && character[0] == 0xE2 && character[1] == 0x80 &&
	       (character[2] == 0xA8 || character[2] == 0xA9);
}

/*
 * Puts the character at the beginning of `text`, which is not empty; gives how many bytes it has.
 */
static size_t put_character(struct filling *f, const char *text)
{
	size_t left = 1;
	while (left < UTF8_MAX && text[left])
		left++;
	size_t n = utf8_length(text, left);
	if (n == 0) {
		char replacement[UTF8_MAX];
		put_bytes(f, replacement, utf8_encode(UTF8_REPLACEMENT, replacement));
		return 1;
	}
	if (text[0] == '\r' && text[1] == '\n')
		n = 2;
	if (text[0] == '\r' || is_break((const unsigned char *)text, n))
		put_bytes(f, " ", 1);
	else
		put_bytes(f, text, n);
	return n;
}

static void put_text(struct filling *f, const char *text)
{
	while (*text && !f->full)
		text += put_character(f, text);
}

/* Length of the format that may follow a number: "!s!"; 0 without one. */
static size_t format_length(const char *text)
{
	if (text[0] != '!')
		return 0;
	size_t inner = strcspn(text + 1, "!");
	return text[1 + inner] == '!' ? inner + 2 : 0;
}

/* Puts string `number` in place of what is at `at`, "%1"; gives the place behind that. */
static const char *put_string(struct filling *f, const char *at, const char *const *strings,
			      size_t n)
{
	size_t digits = text_is_digit(at[2]) ? 2 : 1;
	size_t number = (size_t)(at[1] - '0');
	if (digits == 2)
		number = number * 10 + (size_t)(at[2] - '0');
	const char *end = at + 1 + digits;
	if (number <= n) {
		put_text(f, strings[number - 1]);
		return end + format_length(end);
	}
	for (; at < end && !f->full; at++)
		put_bytes(f, at, 1);
	return end;
}

/* Formats one per cent sequence; returns the place behind it, NULL at the end of the text. */
static const char *put_escape(struct filling *f, const char *at, const char *const *strings,
			      size_t n)
{
	switch (at[1]) {
	case '\0':
	case '0':
		return NULL;
	case 'n':
	case 'r':
	case 't':
	case 'b':
		put_bytes(f, " ", 1);
		return at + 2;
	default:
		if (text_is_digit(at[1]))
			return put_string(f, at, strings, n);
		return at + 1 + put_character(f, at + 1);
	}
}

char *message_table_fill(const char *pattern, const char *const *strings, size_t n,
			 struct arena *arena)
{
	struct filling f = { .text = arena_alloc(arena, REPORT_MAX_STRING + 1) };
	const char *at = pattern;
	while (at && *at && !f.full) {
		if (*at == '%')
			at = put_escape(&f, at, strings, n);
		else
			at += put_character(&f, at);
	}
	while (f.n > 0 && f.text[f.n - 1] == ' ')
		f.n--;
	f.text[f.n] = '\0';
	return f.text;
}
