/*
 * Any bytes as a text that a person hands in. What is read has lines that end, no NUL, no CR, and
 * is UTF-8 unless a line is named that is not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text_file.h"
#include "proto/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(const struct text_file *file)
{
	size_t valid = 0;

	while (valid < file->n) {
		size_t length = utf8_length(file->text + valid, file->n - valid);
		if (length == 0)
			break;
		valid += length;
	}
	if (strlen(file->text) != file->n || strchr(file->text, '\r'))
		abort();
	if (file->n > 0 && file->text[file->n - 1] != '\n')
		abort();
	if ((valid == file->n) != (file->foreign_line == 0) ||
	    (file->foreign_line > 0) != (file->form == TEXT_FILE_CODE_PAGE))
		abort();
}

/*
 * What is read may look like something else without its mark; it is read or refused all the same.
 */
static void check_again(struct arena *arena, const struct text_file *file)
{
	struct text_file again;

	if (!text_file_decode(arena, file->text, file->n, &again))
		check_form(&again);
}

static void check_lines(struct text_file *file)
{
	size_t n = 0;
	char *at = file->text;

	for (char *line = NULL; (line = text_file_next_line(&at)) != NULL;)
		n += strlen(line) + 1;
	if (n != file->n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct text_file file;
	const char *word = NULL;

	arena_init(&arena);
	if (!text_file_decode(&arena, data, size, &file)) {
		check_form(&file);
		check_again(&arena, &file);
		check_lines(&file);
	}
	if (!text_file_decode_word(&arena, data, size, &word) && (!*word || strchr(word, '\n')))
		abort();
	arena_deinit(&arena);
	return 0;
}
