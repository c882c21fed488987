#include "collector/cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/command.h"

static void say(const char *format, va_list args)
{
	fputs("mtawatch-collector: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int terminal_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
	return TERMINAL_EXIT_FAILED;
}

int terminal_refuse(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
	return COMMAND_EXIT_USAGE;
}

bool terminal_read_file(const char *name, size_t max, struct buffer *out)
{
	char block[16 * 1024];
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(name, "rb");
	size_t n = file ? 1 : 0;

	while (n > 0 && out->size <= max) {
		n = fread(block, 1, sizeof block, file);
		buffer_add(out, block, n);
	}
	bool ok = file && !ferror(file);
	if (!ok)
		terminal_fail("could not read '%s': %s", name, strerror(errno));
	if (file && !is_stdin)
		fclose(file);
	return ok;
}

static int write_secret(FILE *file, const char *secret, const char *path)
{
	bool failed = fprintf(file, "%s\n", secret) < 0;

	failed |= fflush(file) != 0;
	if (file != stdout) {
		failed |= fsync(fileno(file)) != 0;
		failed |= fclose(file) != 0;
	}
	if (failed)
		return terminal_fail("could not write to %s: %s", path, strerror(errno));
	return TERMINAL_EXIT_OK;
}

int terminal_hand_out(const char *secret, const char *path)
{
	if (!path)
		return write_secret(stdout, secret, "standard output");
	int handle = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = handle >= 0 ? fdopen(handle, "w") : NULL;
	if (!file)
		return terminal_fail("could not make the file %s: %s", path, strerror(errno));
	return write_secret(file, secret, path);
}
