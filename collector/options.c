#include "collector/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum key { KEY_LISTEN, KEY_ALLOW_PLAIN, KEY_DATA, KEY_HOOK_COMMAND, KEY_CONFIG };

/* Every option; `value` is what --help calls it, NULL for a switch. */
static const struct {
	const char *name;
	const char *value;
} keys[] = {
	[KEY_LISTEN] = { "listen", "ADDRESS:PORT" },
	[KEY_ALLOW_PLAIN] = { "allow-plain", NULL },
	[KEY_DATA] = { "data", "DIRECTORY" },
	[KEY_HOOK_COMMAND] = { "hook-command", "PROGRAM" },
	[KEY_CONFIG] = { "config", "FILE" },
};

/* What was found so far, as text; NULL: not yet. The first one found stays. */
struct found {
	const char *values[COUNT(keys)];
	struct arena *arena;
	char *error;
};

static enum status complain(char *error, enum status status, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 3, 4)));

static enum status complain(char *error, enum status status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error, OPTIONS_ERROR_SIZE, format, args);
	va_end(args);
	return status;
}

/* The key whose name is `n` bytes of `name`; false if there is none. */
static bool find_key(const char *name, size_t n, enum key *out)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (strlen(keys[i].name) == n && memcmp(keys[i].name, name, n) == 0) {
			*out = (enum key)i;
			return true;
		}
	}
	return false;
}

/* "--key value", "--key=value" or "--switch" at argv[*at]. */
static enum status read_argument(struct found *found, int argc, char **argv, int *at)
{
	const char *text = argv[*at];
	enum key key;

	if (strncmp(text, "--", 2) != 0)
		return complain(found->error, STATUS_INVALID,
				"\"%s\" is no option; serve takes nothing else", text);
	size_t n = strcspn(text + 2, "=");
	if (!find_key(text + 2, n, &key))
		return complain(found->error, STATUS_INVALID,
				"there is no option \"%s\"; see mtawatch-collector serve --help",
				text);
	const char *value = text[2 + n] == '=' ? text + 2 + n + 1 : NULL;
	if (!keys[key].value && !value)
		value = "yes";
	else if (!value && *at + 1 < argc)
		value = argv[++*at];
	if (!value)
		return complain(found->error, STATUS_INVALID, "--%s needs a value: --%s %s",
				keys[key].name, keys[key].name, keys[key].value);
	found->values[key] = value;
	return STATUS_OK;
}

static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t n = strlen(text);
	while (n > 0 && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text;
}

static enum status read_line(struct found *found, char *line, const char *file, unsigned number)
{
	enum key key;

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return STATUS_OK;
	char *equals = strchr(line, '=');
	if (!equals)
		return complain(found->error, STATUS_INVALID,
				"%s, line %u: expected \"key = value\"", file, number);
	*equals = '\0';
	const char *name = trim(line);
	if (!find_key(name, strlen(name), &key) || key == KEY_CONFIG)
		return complain(found->error, STATUS_INVALID, "%s, line %u: there is no key \"%s\"",
				file, number, name);
	if (!found->values[key])
		found->values[key] = trim(equals + 1);
	return STATUS_OK;
}

static enum status load_file(const char *path, struct arena *arena, char **out, char *error)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return complain(error, STATUS_SYSTEM, "could not open %s: %s", path,
				strerror(errno));
	char *text = arena_alloc(arena, OPTIONS_MAX_FILE_BYTES + 1);
	size_t n = fread(text, 1, OPTIONS_MAX_FILE_BYTES + 1, file);
	bool failed = ferror(file) != 0;
	fclose(file); /* only read: nothing can be lost */
	if (failed)
		return complain(error, STATUS_SYSTEM, "could not read %s", path);
	if (n > OPTIONS_MAX_FILE_BYTES)
		return complain(error, STATUS_INVALID, "%s has more than %zu bytes", path,
				OPTIONS_MAX_FILE_BYTES);
	text[n] = '\0';
	*out = text;
	return STATUS_OK;
}

static enum status read_file(struct found *found, const char *path)
{
	char *text = NULL;
	enum status status = load_file(path, found->arena, &text, found->error);
	for (unsigned number = 1; status == STATUS_OK && text; number++) {
		char *line = strsep(&text, "\n");
		status = read_line(found, line, path, number);
	}
	return status;
}

static enum status read_switch(const struct found *found, enum key key, bool *out)
{
	const char *value = found->values[key];
	if (!value || strcmp(value, "no") == 0)
		*out = false;
	else if (strcmp(value, "yes") == 0)
		*out = true;
	else
		return complain(found->error, STATUS_INVALID, "%s: \"%s\" is neither yes nor no",
				keys[key].name, value);
	return STATUS_OK;
}

static enum status read_listen(const struct found *found, struct options *out)
{
	const char *value = found->values[KEY_LISTEN];
	if (!value)
		value = OPTIONS_DEFAULT_LISTEN;
	if (listen_parse(value, &out->listen) != STATUS_OK)
		return complain(found->error, STATUS_INVALID,
				"listen: \"%s\" is not ADDRESS:PORT, such as 127.0.0.1:8285 or "
				"[::1]:8285",
				value);
	if (listen_is_loopback(&out->listen) || out->allow_plain)
		return STATUS_OK;
	return complain(found->error, STATUS_DENIED,
			"%s can be reached from other machines, and plain HTTP lets everybody on "
			"the way read and forge reports; listen on a loopback address, or say "
			"--allow-plain if that network may be trusted",
			value);
}

static enum status judge(const struct found *found, struct options *out)
{
	enum status status = read_switch(found, KEY_ALLOW_PLAIN, &out->allow_plain);
	if (status == STATUS_OK)
		status = read_listen(found, out);
	out->data = found->values[KEY_DATA] ? found->values[KEY_DATA] : OPTIONS_DEFAULT_DATA;
	out->hook_command = found->values[KEY_HOOK_COMMAND];
	if (status == STATUS_OK && *out->data == '\0')
		status = complain(found->error, STATUS_INVALID, "data: a directory is needed");
	if (out->hook_command && *out->hook_command == '\0')
		out->hook_command = NULL;
	return status;
}

enum status options_read(struct options *out, int argc, char **argv, struct arena *arena,
			 char error[OPTIONS_ERROR_SIZE])
{
	struct found found = { .arena = arena, .error = error };
	struct options options = { 0 };
	enum status status = STATUS_OK;

	error[0] = '\0';
	for (int i = 0; i < argc && status == STATUS_OK; i++)
		status = read_argument(&found, argc, argv, &i);
	if (status == STATUS_OK && found.values[KEY_CONFIG])
		status = read_file(&found, found.values[KEY_CONFIG]);
	if (status == STATUS_OK)
		status = judge(&found, &options);
	if (status == STATUS_OK)
		*out = options;
	return status;
}
