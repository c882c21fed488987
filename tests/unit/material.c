#include "tests/unit/material.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "proto/base/mem.h"

static const char *folder(void)
{
	const char *named = getenv("MTAWATCH_TESTDATA");
	return named && *named ? named : MATERIAL_DEFAULT;
}

void material_or_skip(void)
{
	struct stat info;
	if (stat(folder(), &info) == 0)
		return;
	print_message("skipped: %s is not there\n", folder());
	skip();
}

static char *read_all(FILE *file, size_t *size)
{
	size_t room = 65536;
	char *bytes = mem_alloc(room);

	*size = 0;
	for (;;) {
		*size += fread(bytes + *size, 1, room - *size - 1, file);
		if (*size < room - 1)
			break;
		room *= 2;
		bytes = mem_realloc(bytes, room);
	}
	assert_int_equal(ferror(file), 0);
	bytes[*size] = '\0';
	return bytes;
}

char *material_read(const char *path, size_t *size)
{
	char text[2048];
	size_t n = strlen(path);
	bool packed = n > 3 && strcmp(path + n - 3, ".gz") == 0;

	snprintf(text, sizeof text, "%s'%s/%s'", packed ? "gzip -dc " : "cat ", folder(), path);
	FILE *file = popen(text, "r"); /* NOLINT(cert-env33-c): a path of ours */
	assert_non_null(file);
	char *bytes = read_all(file, size);
	assert_int_equal(pclose(file), 0);
	return bytes;
}
