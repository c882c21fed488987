#include "collector/cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/base/loop.h"
#include "collector/cli/command.h"
#include "collector/daemon/options.h"

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

int terminal_read(int argc, char **argv, const char *name, struct arguments *words,
		  struct terminal_place *place)
{
	*place = (struct terminal_place){ .data = NULL };
	struct arguments_option options[] = {
		{ "data", "DIRECTORY", &place->data, 1, 0 },
		{ "config", "FILE", &place->config, 1, 0 },
	};
	char error[ARGUMENTS_ERROR_SIZE];

	if (arguments_read(words, argc, argv, options, sizeof options / sizeof *options, error) ==
	    STATUS_OK)
		return TERMINAL_EXIT_OK;
	return terminal_refuse("%s; see mtawatch-collector %s --help", error, name);
}

/* The user as the system knows them, and as whom they came where they used sudo. */
static const char *name_user(struct arena *arena)
{
	const struct passwd *user = getpwuid(geteuid());
	const char *before = getenv("SUDO_USER");
	const char *name = user ? user->pw_name : arena_printf(arena, "%ld", (long)geteuid());

	if (before && geteuid() == 0)
		return arena_printf(arena, "terminal (%s, sudo by %.63s)", name, before);
	return arena_printf(arena, "terminal (%s)", name);
}

/* What a collector would take, given that file. */
static int find_data(struct terminal *t, const char *data, const char *config)
{
	char name[] = "--config";
	char *argv[] = { name, arena_strdup(&t->arena, config) };
	struct faults faults;
	struct options options;

	t->data = data;
	if (data)
		return TERMINAL_EXIT_OK;
	if (options_read(&options, config ? 2 : 0, argv, &t->arena, &faults) != STATUS_OK)
		return terminal_refuse("%s", faults.texts[0]);
	t->data = options.data;
	return TERMINAL_EXIT_OK;
}

static int make_directory(const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return TERMINAL_EXIT_OK;
	return terminal_fail("could not make the directory %s: %s", path, strerror(errno));
}

/* Hashes and reports are nobody's business; SQLite gives its other files the same rights. */
static enum status open_store(struct terminal *t, bool create, char error[STORE_ERROR_SIZE])
{
	mode_t before = umask(0077);
	enum status status = store_aside_open(&t->store, t->data, create, error);
	umask(before);
	return status;
}

int terminal_prepare(struct terminal *t, const char *data, const char *config)
{
	*t = (struct terminal){ 0 };
	arena_init(&t->arena);
	t->who = name_user(&t->arena);
	return find_data(t, data, config);
}

int terminal_open(struct terminal *t, const char *data, const char *config, bool create)
{
	char error[STORE_ERROR_SIZE];

	int rc = terminal_prepare(t, data, config);
	if (rc == TERMINAL_EXIT_OK && create)
		rc = make_directory(t->data);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	switch (open_store(t, create, error)) {
	case STATUS_OK:
		return TERMINAL_EXIT_OK;
	case STATUS_NOT_FOUND:
		return terminal_fail("%s: set it up first: mtawatch-collector init --data %s "
				     "--host NAME",
				     error, t->data);
	default:
		return terminal_fail("%s", error);
	}
}

void terminal_close(struct terminal *t)
{
	store_aside_close(t->store);
	arena_deinit(&t->arena);
}

static enum status look(struct terminal *t, const struct record_identity *identity,
			struct record_identity *out, char error[STORE_ERROR_SIZE])
{
	return store_aside_read_identity(t->store, identity->kind, identity->name, &t->arena, out,
					 error);
}

static struct record_audit line_for(const struct terminal *t,
				    const struct record_identity *identity, const char *action)
{
	return (struct record_audit){
		.at_ms = loop_wall_ms(),
		.who = t->who,
		.origin = "terminal",
		.action = action,
		.kind = identity->kind,
		.object = identity->name,
		.object_id = identity->id,
	};
}

enum status terminal_add(struct terminal *t, struct record_identity *identity, const char *action,
			 char error[STORE_ERROR_SIZE])
{
	struct record_audit audit = line_for(t, identity, action);
	struct store_change change = { .add_identity = identity, .audit = &audit };
	struct record_identity stored;

	identity->made_by = t->who;
	identity->made_at_ms = audit.at_ms;
	enum status status = store_aside_change(t->store, &change, error);
	if (status == STATUS_OK)
		status = look(t, identity, &stored, error);
	if (status == STATUS_OK && !secret_hash_equal(stored.hash, identity->hash))
		return STATUS_CONFLICT; /* it was there, and stays */
	return status;
}

enum status terminal_drop(struct terminal *t, struct record_identity *identity, const char *action,
			  char error[STORE_ERROR_SIZE])
{
	struct record_identity stored;
	enum status status = look(t, identity, &stored, error);

	if (status != STATUS_OK)
		return status;
	struct record_audit audit = line_for(t, &stored, action);
	struct store_change change = { .drop_identity = &stored, .audit = &audit };
	return store_aside_change(t->store, &change, error);
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
