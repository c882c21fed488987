#include "collector/cli/client_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/base/file_open.h"
#include "collector/base/file_replace.h"
#include "collector/cli/collector_urls.h"
#include "collector/cli/terminal.h"
#include "proto/base/text.h"
#include "proto/base/text_file.h"

#define FILE_NAME    "client.conf"
#define CA_FILE_NAME "ca.crt"

/* An empty variable is as one that is not there. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* As the XDG Base Directory Specification says where; NULL: nowhere. */
static const char *folder(struct arena *arena)
{
	const char *base = variable("XDG_CONFIG_HOME");
	const char *home = variable("HOME");

	if (base && *base == '/')
		return arena_printf(arena, "%s/mtawatch", base);
	return home ? arena_printf(arena, "%s/.config/mtawatch", home) : NULL;
}

const char *client_config_path(struct arena *arena)
{
	const char *in = folder(arena);
	return in ? arena_printf(arena, "%s/" FILE_NAME, in) : NULL;
}

/* The keys of the file. */
static const char **member_of(struct client_config *file, const char *key)
{
	if (strcmp(key, "url") == 0)
		return &file->url;
	if (strcmp(key, "ca-file") == 0)
		return &file->ca_file;
	return strcmp(key, "token") == 0 ? &file->token : NULL;
}

static int read_line(struct client_config *file, char *line, const char *path, unsigned number)
{
	line = text_trim(line);
	if (*line == '\0' || *line == '#')
		return TERMINAL_EXIT_OK;
	char *equals = strchr(line, '=');
	if (!equals)
		return terminal_fail("%s, line %u: expected \"key = value\"", path, number);
	*equals = '\0';
	const char *key = text_trim(line);
	const char **member = member_of(file, key);
	if (!member)
		return terminal_fail(
			"%s, line %u: there is no key \"%s\", but url, ca-file and token", path,
			number, key);
	*member = text_trim(equals + 1);
	return TERMINAL_EXIT_OK;
}

static int read_text(struct client_config *file, const char *path, char *text)
{
	unsigned number = 1;
	int rc = TERMINAL_EXIT_OK;

	for (char *line = NULL; rc == TERMINAL_EXIT_OK && (line = text_file_next_line(&text));
	     number++)
		rc = read_line(file, line, path, number);
	return rc;
}

/* What others can read is a token no more. */
static int check_mode(FILE *file, const char *path)
{
	struct stat found;

	if (fstat(fileno(file), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return TERMINAL_EXIT_OK;
	return terminal_fail("%s holds a token, and others may read or change it: chmod 600 %s",
			     path, path);
}

static int read_open(struct client_config *out, FILE *file, const char *path, struct arena *arena)
{
	struct text_file text;
	char *bytes = arena_alloc(arena, CLIENT_CONFIG_MAX_BYTES + 1);

	int rc = check_mode(file, path);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	size_t n = fread(bytes, 1, CLIENT_CONFIG_MAX_BYTES + 1, file);
	if (ferror(file))
		return terminal_fail("could not read %s: %s", path, strerror(errno));
	if (n > CLIENT_CONFIG_MAX_BYTES)
		return terminal_fail("%s has more than %zu bytes", path, CLIENT_CONFIG_MAX_BYTES);
	const char *wrong = text_file_decode_utf8(arena, bytes, n, &text);
	return wrong ? terminal_fail("could not read %s: %s", path, wrong)
		     : read_text(out, path, text.text);
}

/* Of a user who has none everything stays NULL. */
static int read_file(struct client_config *out, struct arena *arena)
{
	const char *path = client_config_path(arena);
	const char *why = NULL;
	FILE *file = path ? file_open(path, &why) : NULL;

	*out = (struct client_config){ .url = NULL };
	if (!file)
		return !path || errno == ENOENT || errno == ENOTDIR
			       ? TERMINAL_EXIT_OK
			       : terminal_fail("could not open %s: %s", path, why);
	int rc = read_open(out, file, path, arena);
	fclose(file); /* only read: nothing can be lost */
	return rc;
}

static void take_environment(struct client_config *config)
{
	if (!config->url)
		config->url = variable(CLIENT_CONFIG_URL);
	if (!config->ca_file)
		config->ca_file = variable(CLIENT_CONFIG_CA_FILE);
	if (config->token_file || config->token)
		return;
	config->token = variable(CLIENT_CONFIG_TOKEN);
	if (!config->token)
		config->token_file = variable(CLIENT_CONFIG_TOKEN_FILE);
}

int client_config_complete(struct client_config *config, struct arena *arena)
{
	struct client_config file;

	take_environment(config);
	if (config->url && config->ca_file && (config->token_file || config->token))
		return TERMINAL_EXIT_OK; /* nobody asks the file */
	int rc = read_file(&file, arena);
	if (rc != TERMINAL_EXIT_OK || !file.url ||
	    (config->url && !collector_urls_are_among(config->url, file.url, arena)))
		return rc;
	if (!config->url)
		config->url = file.url;
	if (!config->ca_file)
		config->ca_file = file.ca_file;
	if (!config->token_file && !config->token)
		config->token = file.token;
	return rc;
}

/* With those above it that are missing, as `mkdir -p`. */
static int make_folder(const char *path, struct arena *arena)
{
	char *part = arena_strdup(arena, path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(part, 0700); /* what lacks is seen at the last one */
		*slash = '/';
	}
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return TERMINAL_EXIT_OK;
	return terminal_fail("could not make the directory %s: %s", path, strerror(errno));
}

static int write_private(const char *path, const char *bytes, size_t n)
{
	char error[512];

	return file_replace(path, 0600, bytes, n, error, sizeof error) == STATUS_OK
		       ? TERMINAL_EXIT_OK
		       : terminal_fail("%s", error);
}

int client_config_write(const struct client_config *config, const char *ca, size_t ca_size,
			struct arena *arena)
{
	const char *in = folder(arena);
	const char *ca_file = arena_printf(arena, "%s/" CA_FILE_NAME, in ? in : "");

	if (!in)
		return terminal_fail("there is no place for the client configuration: neither HOME "
				     "nor XDG_CONFIG_HOME is set");
	int rc = make_folder(in, arena);
	if (rc == TERMINAL_EXIT_OK && ca)
		rc = write_private(ca_file, ca, ca_size);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	const char *text = arena_printf(
		arena,
		"# Where mtawatch-collector's commands find the collector; `login` wrote "
		"it.\nurl = %s\n%s%s%stoken = %s\n",
		config->url, ca ? "ca-file = " : "", ca ? ca_file : "", ca ? "\n" : "",
		config->token);
	return write_private(client_config_path(arena), text, strlen(text));
}
