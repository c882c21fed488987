#include "collector/config/secret_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* NULL: its permissions are good. */
static const char *judge(FILE *file)
{
	struct stat found;

	if (fstat(fileno(file), &found) != 0)
		return "a file that can be looked at";
	if (!S_ISREG(found.st_mode))
		return "a file";
	if (found.st_mode & (S_IWGRP | S_IRWXO))
		return "a file that others cannot read or write (chmod g-w,o= FILE)";
	return NULL;
}

static const char *judge_text(const char *text, size_t n, size_t line)
{
	if (n > SECRET_FILE_MAX_BYTES)
		return "a file of at most 4096 bytes";
	if (line == 0)
		return "a file whose first line is the secret; it is empty";
	if (strlen(text) < n || n > line + strspn(text + line, "\r\n"))
		return "a file with the secret on its only line";
	return NULL;
}

const char *secret_file_read(const char *path, struct arena *arena, const char **why)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		*why = arena_printf(arena, "a file that can be read (%s)", strerror(errno));
		return NULL;
	}
	char *text = arena_alloc(arena, SECRET_FILE_MAX_BYTES + 2); /* zeroed: a NUL is behind */
	*why = judge(file);
	if (!*why) {
		size_t n = fread(text, 1, SECRET_FILE_MAX_BYTES + 1, file);
		size_t line = strcspn(text, "\r\n");
		*why = ferror(file) ? "a file that can be read" : judge_text(text, n, line);
		text[line] = '\0';
	}
	fclose(file); /* only read: nothing can be lost */
	return *why ? NULL : text;
}
