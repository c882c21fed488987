#include "tests/unit/collector/daemon/options_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_ARGUMENTS 16

struct options_fixture fixture;

int options_fixture_set_up(void **state)
{
	(void)state;
	arena_init(&fixture.arena);
	strcpy(fixture.file, "/tmp/mtawatch-options-XXXXXX");
	int fd = mkstemp(fixture.file);
	return fd >= 0 && close(fd) == 0 ? 0 : -1;
}

int options_fixture_tear_down(void **state)
{
	(void)state;
	arena_deinit(&fixture.arena);
	return unlink(fixture.file);
}

static void write_file(const char *text)
{
	FILE *out = fopen(fixture.file, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
	assert_int_equal(fclose(out), 0);
}

enum status options_fixture_read(const char *text, ...)
{
	char *argv[MAX_ARGUMENTS + 2];
	int argc = 0;
	va_list args;

	va_start(args, text);
	for (char *a = va_arg(args, char *); a; a = va_arg(args, char *)) {
		assert_true(argc < MAX_ARGUMENTS);
		argv[argc++] = a;
	}
	va_end(args);
	if (text) {
		write_file(text);
		argv[argc++] = (char *)(uintptr_t) "--config";
		argv[argc++] = fixture.file;
	}
	return options_read(&fixture.options, argc, argv, &fixture.arena, &fixture.faults);
}
