#include "proto/windows/log_export.h"

#include <stdint.h>
#include <string.h>

#include "proto/base/text.h"

#define LOOKED_AT   4096 /* bytes of a file that tell whether it is text */
#define MIN_COLUMNS 5    /* of an export: date, time, source, type, category, event ... */

/* The file header of an .evtx (MS-EVEN6). */
static const char evtx[8] = "ElfFile";

/* No text holds a control character but these. */
static bool is_text_byte(uint8_t c)
{
	return c >= ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static bool is_utf16(const uint8_t *bytes, size_t n)
{
	return n >= 2 &&
	       ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF));
}

enum log_export log_export_kind(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	size_t n = size < LOOKED_AT ? size : LOOKED_AT;

	if (size >= sizeof evtx && memcmp(bytes, evtx, sizeof evtx) == 0)
		return LOG_EXPORT_EVTX;
	if (is_utf16(at, size))
		return LOG_EXPORT_TEXT;
	for (size_t i = 0; i < n; i++) {
		if (!is_text_byte(at[i]))
			return LOG_EXPORT_NONE;
	}
	return n > 0 ? LOG_EXPORT_TEXT : LOG_EXPORT_NONE;
}

/* Does `word` stand at `at`, its characters `step` bytes apart? */
static bool stands_at(const uint8_t *at, size_t left, const char *word, size_t step)
{
	size_t n = strlen(word);

	if (n == 0 || left < (n - 1) * step + 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text_lower((char)at[i * step]) != text_lower(word[i]))
			return false;
		if (step == 2 && i + 1 < n && at[i * step + 1] != 0)
			return false;
	}
	return true;
}

/* Does a column end at `at`: a tab, a comma, a semicolon, or two spaces? */
static bool parts_columns(const uint8_t *at, size_t left, size_t step)
{
	if (*at == '\t' || *at == ',' || *at == ';')
		return true;
	return *at == ' ' && left > 2 * step && at[step] == ' ' && at[2 * step] != ' ';
}

/* Has the line that holds place `at` as many columns as an export has? */
static bool has_columns(const uint8_t *bytes, size_t size, size_t at, size_t step)
{
	size_t n = 1;
	size_t from = at;

	while (from >= step && bytes[from - step] != '\n')
		from -= step;
	for (; from < size && bytes[from] != '\n'; from += step)
		n += parts_columns(bytes + from, size - from, step);
	return n >= MIN_COLUMNS;
}

bool log_export_lists(const void *bytes, size_t size, const char *source)
{
	const uint8_t *at = bytes;
	enum log_export kind = log_export_kind(bytes, size);

	for (size_t i = 0; i < size && kind != LOG_EXPORT_NONE; i++) {
		for (size_t step = 1; step <= 2; step++) {
			if (stands_at(at + i, size - i, source, step) &&
			    (kind == LOG_EXPORT_EVTX || has_columns(at, size, i, step)))
				return true;
		}
	}
	return false;
}
