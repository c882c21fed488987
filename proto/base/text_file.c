#include "proto/base/text_file.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/utf8.h"

#define UTF8_MARK "\xEF\xBB\xBF"
#define CTRL_Z    0x1A /* the end of a text under DOS */

#define SAVE_AS_TEXT "save it as plain text in UTF-8"

/* Other files that people hand in instead of a text, by their first bytes. */
static const struct {
	const char *magic;
	size_t n;
	const char *what;
} no_texts[] = {
	{ "\xFF\xFE\0\0", 4, "it is UTF-32: " SAVE_AS_TEXT },
	{ "\0\0\xFE\xFF", 4, "it is UTF-32: " SAVE_AS_TEXT },
	{ "PK\3\4", 4, "it is an Excel workbook (.xlsx) or another ZIP archive: " SAVE_AS_TEXT },
	{ "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8, "it is a document of Office: " SAVE_AS_TEXT },
	{ "{\\rtf", 5, "it is RTF, as WordPad writes it: " SAVE_AS_TEXT },
	{ "%PDF-", 5, "it is PDF: " SAVE_AS_TEXT },
	{ "\x1F\x8B", 2, "it is packed by gzip: unpack it" },
};

static const char *find_no_text(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < sizeof no_texts / sizeof *no_texts; i++) {
		if (n >= no_texts[i].n && memcmp(bytes, no_texts[i].magic, no_texts[i].n) == 0)
			return no_texts[i].what;
	}
	return NULL;
}

enum byte_order { ORDER_NONE, ORDER_LITTLE, ORDER_BIG };

/*
 * UTF-16 by its mark, or by the zeros that are every second byte of letters that ASCII has. Other
 * texts have no zeros at all.
 */
static enum byte_order find_utf16(const uint8_t *bytes, size_t n)
{
	size_t zeros[2] = { 0, 0 };

	if (n >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE)
		return ORDER_LITTLE;
	if (n >= 2 && bytes[0] == 0xFE && bytes[1] == 0xFF)
		return ORDER_BIG;
	for (size_t i = 0; i < n; i++)
		zeros[i % 2] += bytes[i] == 0;
	if (zeros[1] > n / 4 && zeros[0] == 0)
		return ORDER_LITTLE;
	return zeros[0] > n / 4 && zeros[1] == 0 ? ORDER_BIG : ORDER_NONE;
}

/* The other half of a last line end may be missing, or a tool of one byte a character wrote it. */
static bool is_harmless_rest(uint8_t last)
{
	return last == '\n' || last == '\r' || last == ' ' || last == CTRL_Z || last == 0;
}

static const char *decode_utf16(struct arena *arena, const uint8_t *bytes, size_t n,
				enum byte_order order, struct text_file *out)
{
	if (n % 2 == 1 && !is_harmless_rest(bytes[n - 1]))
		return "it is UTF-16 that ends in the middle of a character: " SAVE_AS_TEXT;
	uint8_t *units = arena_alloc(arena, n + 3);
	const size_t swap = order == ORDER_BIG;
	for (size_t i = 0; i < n / 2 * 2; i++)
		units[i ^ swap] = bytes[i];
	for (size_t i = 0; i + 1 < n; i += 2) {
		if (units[i] == 0 && units[i + 1] == 0)
			return "it looks like UTF-16, but there are zeros in it: it is no text";
	}
	units[n / 2 * 2] = '\n'; /* holds the room for the end of the last line */
	out->text = utf8_from_utf16le(arena, units, n / 2 + 1);
	out->n = strlen(out->text) - 1;
	out->text[out->n] = '\0';
	out->form = TEXT_FILE_UTF16;
	return NULL;
}

static const char *copy_bytes(struct arena *arena, const uint8_t *bytes, size_t n,
			      struct text_file *out)
{
	if (n > 0 && memchr(bytes, 0, n))
		return "there are zeros in it: it is no text";
	out->text = arena_alloc(arena, n + 2); /* room to end the last line */
	if (n > 0)
		memcpy(out->text, bytes, n);
	out->n = n;
	out->form = TEXT_FILE_UTF8;
	return NULL;
}

/* CR CR LF is CR LF that was taken for text twice on its way. */
static size_t line_end_length(const char *at)
{
	if (at[0] == '\n')
		return 1;
	if (at[0] != '\r')
		return 0;
	if (at[1] == '\n')
		return 2;
	return at[1] == '\r' && at[2] == '\n' ? 3 : 1;
}

/*
 * Brings line ends to one form, in place. A mark stands at the beginning of each file, so it may
 * stand before any line where files were put together.
 */
static void mend_lines(struct text_file *file)
{
	const char *from = file->text;
	char *to = file->text;
	bool begins = true;

	while (*from) {
		if (begins && strncmp(from, UTF8_MARK, 3) == 0) {
			from += 3;
			continue;
		}
		size_t end = line_end_length(from);
		begins = end > 0;
		*to++ = begins ? '\n' : *from;
		from += begins ? end : 1;
	}
	file->n = (size_t)(to - file->text);
	*to = '\0';
}

static void end_text(struct text_file *file)
{
	size_t n = file->n;

	while (n > 0 && file->text[n - 1] == '\n')
		n--;
	if (n > 0 && file->text[n - 1] == CTRL_Z)
		file->n = n - 1;
	if (file->n > 0 && file->text[file->n - 1] != '\n')
		file->text[file->n++] = '\n';
	file->text[file->n] = '\0';
}

/* The first line that is not UTF-8, from 1; 0: all are. */
static size_t find_foreign_line(const struct text_file *file)
{
	size_t line = 1;

	for (size_t i = 0; i < file->n;) {
		size_t length = utf8_length(file->text + i, file->n - i);
		if (length == 0)
			return line;
		line += file->text[i] == '\n';
		i += length;
	}
	return 0;
}

const char *text_file_decode(struct arena *arena, const void *bytes, size_t n,
			     struct text_file *out)
{
	struct text_file file = { 0 };
	const char *wrong = find_no_text(bytes, n);

	if (wrong)
		return wrong;
	enum byte_order order = find_utf16(bytes, n);
	wrong = order == ORDER_NONE ? copy_bytes(arena, bytes, n, &file)
				    : decode_utf16(arena, bytes, n, order, &file);
	if (wrong)
		return wrong;
	mend_lines(&file);
	end_text(&file);
	file.foreign_line = find_foreign_line(&file);
	if (file.foreign_line > 0)
		file.form = TEXT_FILE_CODE_PAGE;
	*out = file;
	return NULL;
}

const char *text_file_decode_utf8(struct arena *arena, const void *bytes, size_t n,
				  struct text_file *out)
{
	struct text_file file = { 0 };
	const char *wrong = text_file_decode(arena, bytes, n, &file);

	if (wrong)
		return wrong;
	if (file.foreign_line > 0)
		return arena_printf(arena, "line %zu is not UTF-8: " SAVE_AS_TEXT,
				    file.foreign_line);
	*out = file;
	return NULL;
}

const char *text_file_decode_word(struct arena *arena, const void *bytes, size_t n,
				  const char **out)
{
	struct text_file file = { 0 };
	const char *found = NULL;
	const char *wrong = text_file_decode_utf8(arena, bytes, n, &file);

	if (wrong)
		return wrong;
	for (char *at = file.text, *line = NULL; (line = text_file_next_line(&at)) != NULL;) {
		line = text_trim(line);
		if (*line && found)
			return "it holds more than one line";
		if (*line)
			found = line;
	}
	if (!found)
		return "it is empty";
	*out = found;
	return NULL;
}

char *text_file_next_line(char **at)
{
	char *line = *at;

	assert(line);
	if (*line == '\0')
		return NULL;
	*at += strcspn(line, "\n");
	if (**at)
		*(*at)++ = '\0';
	return line;
}
