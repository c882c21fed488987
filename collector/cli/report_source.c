#include "collector/cli/report_source.h"

#include <errno.h>
#include <string.h>

#include "proto/base/text_file.h"
#include "proto/report/report.h"

/* The longest file that has to be decoded as a whole. */
#define MAX_DECODED ((size_t)256 * 1024 * 1024)

static int next_byte(struct report_source *f)
{
	return f->head_at < f->head_n ? f->head[f->head_at++] : getc(f->file);
}

/* UTF-16 by its mark, or by the zero beside the brace with which a report begins. */
static bool is_wide(const struct report_source *f)
{
	return f->head_n >= 2 && ((f->head[0] == 0xFF && f->head[1] == 0xFE) ||
				  (f->head[0] == 0xFE && f->head[1] == 0xFF) ||
				  f->head[0] == '\0' || f->head[1] == '\0');
}

static void read_whole(struct report_source *f, struct buffer *out)
{
	char block[16 * 1024];
	size_t n = 1;

	buffer_add(out, f->head, f->head_n);
	while (n > 0 && out->size <= MAX_DECODED) {
		n = fread(block, 1, sizeof block, f->file);
		buffer_add(out, block, n);
	}
}

/* Reads on from its text in UTF-8. */
static const char *decode(struct report_source *f)
{
	struct text_file text;
	struct buffer bytes;
	const char *why = NULL;

	buffer_init(&bytes);
	read_whole(f, &bytes);
	if (bytes.size > MAX_DECODED)
		why = "it is longer than the 256 MiB that are read of a file in UTF-16";
	else
		why = text_file_decode_utf8(&f->arena, bytes.bytes, bytes.size, &text);
	buffer_deinit(&bytes);
	if (why)
		return why;
	if (f->file != stdin)
		fclose(f->file);
	f->head_n = 0;
	f->file = fmemopen(text.text, text.n > 0 ? text.n : 1, "rb");
	return f->file ? NULL : strerror(errno);
}

const char *report_source_open(struct report_source *f, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;

	*f = (struct report_source){ .name = is_stdin ? "standard input" : name };
	arena_init(&f->arena);
	buffer_init(&f->text);
	f->file = is_stdin ? stdin : fopen(name, "rb");
	if (!f->file)
		return arena_strdup(&f->arena, strerror(errno));
	f->head_n = fread(f->head, 1, sizeof f->head, f->file);
	if (ferror(f->file))
		return arena_strdup(&f->arena, strerror(errno));
	if (is_wide(f))
		return decode(f);
	if (f->head_n == 3 && memcmp(f->head, "\xEF\xBB\xBF", 3) == 0)
		f->head_at = 3;
	return NULL;
}

/*
 * Adds the next line with its end, up to a little more than a report may have. False: none is left.
 */
static bool read_line(struct report_source *f)
{
	int c = next_byte(f);

	if (c == EOF)
		return false;
	f->lines++;
	for (; c != EOF; c = next_byte(f)) {
		if (f->text.size <= REPORT_MAX_BYTES)
			buffer_add_char(&f->text, (char)c);
		if (c == '\n')
			break;
	}
	return true;
}

static bool is_blank(const struct buffer *text)
{
	for (size_t i = 0; i < text->size; i++) {
		if (!strchr(" \t\r\n\x1a", text->bytes[i]))
			return false;
	}
	return true;
}

/* Does an object that begins in this text end in it? Otherwise the lines behind it belong to it. */
static bool is_whole(const struct buffer *text)
{
	size_t depth = 0;
	bool in_string = false;
	bool has_begun = false;

	for (size_t i = 0; i < text->size; i++) {
		char c = text->bytes[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && depth > 0)
			depth--;
		has_begun |= c == '{';
	}
	return has_begun && depth == 0 && !in_string;
}

bool report_source_next(struct report_source *f)
{
	do {
		f->text.size = 0;
		if (!read_line(f))
			return false;
	} while (is_blank(&f->text));
	f->line = f->lines;
	if (f->n == 0 && !is_whole(&f->text)) {
		f->line = 0;
		while (read_line(f))
			continue;
	}
	f->n++;
	return true;
}

const char *report_source_place(const struct report_source *f, char place[REPORT_SOURCE_PLACE_SIZE])
{
	if (f->line > 0)
		snprintf(place, REPORT_SOURCE_PLACE_SIZE, "%.480s:%zu", f->name, f->line);
	else
		snprintf(place, REPORT_SOURCE_PLACE_SIZE, "%.480s", f->name);
	return place;
}

bool report_source_has_failed(const struct report_source *f)
{
	return !f->file || ferror(f->file);
}

void report_source_close(struct report_source *f)
{
	if (f->file && f->file != stdin)
		fclose(f->file);
	buffer_deinit(&f->text);
	arena_deinit(&f->arena);
}
