#include "collector/cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/command.h"
#include "collector/cli/console.h"
#include "proto/base/text_file.h"

/* One line, harmless. */
static void print_line(FILE *out, const char *format, va_list args)
{
	struct arena arena;

	arena_init(&arena);
	char *text = arena_vprintf(&arena, format, args);
	size_t n = strlen(text);
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	fputs(console_text(text, &arena), out);
	fputc('\n', out);
	arena_deinit(&arena);
}

static void print_error(const char *format, va_list args)
{
	fputs("mtawatch-collector: ", stderr);
	print_line(stderr, format, args);
}

void terminal_print(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_line(stdout, format, args);
	va_end(args);
}

void terminal_write(const char *bytes, size_t n)
{
	struct arena arena;

	if (isatty(STDOUT_FILENO) != 1) {
		fwrite(bytes, 1, n, stdout);
		return;
	}
	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t length = end ? (size_t)(end - bytes) : n;
		arena_init(&arena);
		fputs(console_text(arena_strndup(&arena, bytes, length), &arena), stdout);
		arena_deinit(&arena);
		if (end)
			putchar('\n');
		bytes += length + (end ? 1 : 0);
		n -= length + (end ? 1 : 0);
	}
}

void terminal_warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_error(format, args);
	va_end(args);
}

int terminal_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_error(format, args);
	va_end(args);
	return TERMINAL_EXIT_FAILED;
}

int terminal_refuse(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_error(format, args);
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

int terminal_read_word(const char *name, size_t max, const char *noun, struct arena *arena,
		       const char **word)
{
	struct buffer text = { 0 };
	const char *wrong = NULL;

	int rc = terminal_read_file(name, max, &text) ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
	if (rc == TERMINAL_EXIT_OK && text.size > max)
		wrong = "it is too long for one";
	else if (rc == TERMINAL_EXIT_OK)
		wrong = text_file_decode_word(arena, text.size ? text.bytes : "", text.size, word);
	buffer_deinit(&text);
	return wrong ? terminal_fail("'%s' holds no %s: %s", name, noun, wrong) : rc;
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
