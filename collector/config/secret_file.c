#include "collector/config/secret_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/base/file_open.h"
#include "proto/base/text_file.h"

/* NULL: its permissions are good. */
static const char *judge_mode(FILE *file)
{
	struct stat found;

	if (fstat(fileno(file), &found) != 0)
		return "a file that can be looked at";
	if (found.st_mode & (S_IWGRP | S_IRWXO))
		return "a file that others cannot read or write (chmod g-w,o= FILE)";
	return NULL;
}

/* NULL: `*why` says what the file has to be. */
static const char *decode(const char *bytes, size_t n, struct arena *arena, const char **why)
{
	struct text_file file;

	if (n > SECRET_FILE_MAX_BYTES) {
		*why = "a file of at most 4096 bytes";
		return NULL;
	}
	const char *wrong = text_file_decode_utf8(arena, bytes, n, &file);
	size_t length = wrong ? 0 : strcspn(file.text, "\n");
	if (!wrong && length == 0)
		wrong = "its first line is empty";
	else if (!wrong && file.text[length + strspn(file.text + length, "\n")] != '\0')
		wrong = "it has a second line";
	if (wrong) {
		*why = arena_printf(arena, "a file with the secret on its only line; %s", wrong);
		return NULL;
	}
	file.text[length] = '\0';
	return file.text;
}

const char *secret_file_read(const char *path, struct arena *arena, const char **why)
{
	const char *fault = NULL;
	FILE *file = file_open(path, &fault);

	if (!file) {
		*why = arena_printf(arena, "a file that can be read (%s)", fault);
		return NULL;
	}
	char *bytes = arena_alloc(arena, SECRET_FILE_MAX_BYTES + 1);
	const char *secret = NULL;
	*why = judge_mode(file);
	if (!*why) {
		size_t n = fread(bytes, 1, SECRET_FILE_MAX_BYTES + 1, file);
		*why = ferror(file) ? "a file that can be read" : NULL;
		if (!*why)
			secret = decode(bytes, n, arena, why);
	}
	fclose(file); /* only read: nothing can be lost */
	return secret;
}

const char *secret_file_value(const struct value_target *to, const char *path)
{
	const char *why = NULL;

	*(const char **)to->member = secret_file_read(path, to->arena, &why);
	return why;
}
