/*
 * The command `login`: where the collector is and what to show it, kept for the commands that ask
 * it.
 */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "collector/cli/api_client.h"
#include "collector/cli/client_config.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/daemon/options.h"
#include "proto/base/buffer.h"
#include "proto/json/fields.h"

/* The longest name or role in an answer, and most bytes of an authority's certificates. */
#define MAX_TEXT     256
#define MAX_CA_BYTES ((size_t)256 * 1024)

const char login_help[] =
	"mtawatch-collector login: keep where the collector is and who asks, for all commands "
	"that\n"
	"ask it (servers, alerts, silence ...).\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector login https://collector.example.com:8285 --ca-file ca.crt\n"
	"  mtawatch-collector login https://collector.example.com --token-file viewer.token\n"
	"  mtawatch-collector login https://c1.example.com:8285,https://c2.example.com:8285\n"
	"  mtawatch-collector login\n"
	"\n"
	"Asks for the token at a terminal, else it is the line of standard input. Tries both, and\n"
	"writes ~/.config/mtawatch/client.conf, for you alone, with a copy of the authority's\n"
	"certificate beside it; to log out, remove the file. URL may be several, with commas\n"
	"between them, of which the one that judges is asked. Without a URL it is the collector\n"
	"of this machine, as " OPTIONS_CONFIG_FILE " says.\n"
	"\n"
	"Options:\n"
	"  --token-file FILE  with the token\n"
	"  --ca-file FILE     the authority that vouches for the collector: the file ca.crt that\n"
	"                     `init` made; default: the one of the last login there, else the\n"
	"                     system's\n"
	"\n"
	"Exit status: 0 the collector knows you, 1 it does not or cannot be asked, 2 wrong "
	"usage.\n";

/* Cuts the line's end off. False: there is no line, or more than `size` holds. */
static bool read_line(char *line, size_t size)
{
	if (!fgets(line, (int)size, stdin))
		return false;
	size_t n = strcspn(line, "\r\n");
	bool is_whole = line[n] != '\0' || feof(stdin);
	line[n] = '\0';
	return is_whole;
}

/* What is typed is not shown. */
static bool ask_secretly(char *line, size_t size)
{
	struct termios before;
	bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;

	if (is_terminal) {
		struct termios silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent); /* what was typed before is dropped */
		fputs("Token (not shown): ", stderr);
	}
	bool ok = read_line(line, size);
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return ok;
}

static int ask_for_token(const char **token, struct arena *arena)
{
	char line[API_CLIENT_MAX_TOKEN];

	if (!ask_secretly(line, sizeof line) || *line == '\0')
		return terminal_fail("no token was given; `mtawatch-collector token add` on the "
				     "collector's machine makes one");
	*token = arena_strdup(arena, line);
	return TERMINAL_EXIT_OK;
}

/* As a client of this machine calls it. */
static const char *local_url(const struct options *options, struct arena *arena)
{
	char listen[NET_ADDRESS_TEXT_SIZE];
	const char *at = net_address_format(&options->listen, listen);
	bool is_any = strncmp(at, "0.0.0.0:", 8) == 0 || strncmp(at, "[::]:", 5) == 0;

	return arena_printf(arena, "http%s://%s%s", options->cert ? "s" : "",
			    is_any ? "localhost" : "", is_any ? strrchr(at, ':') : at);
}

/*
 * The collector of this machine, and the authority that `init` made for it, where we may read it.
 */
static int find_here(struct client_config *config, struct arena *arena)
{
	struct options options;
	struct faults faults;

	if (access(OPTIONS_CONFIG_FILE, R_OK) != 0)
		return terminal_refuse("which collector? login https://HOST:8285; there is none on "
				       "this machine, for " OPTIONS_CONFIG_FILE " cannot be read");
	if (options_read_one(&options, "config", OPTIONS_CONFIG_FILE, arena, &faults) != STATUS_OK)
		return terminal_fail("%s", faults.texts[0]);
	config->url = options.external_url ? options.external_url : local_url(&options, arena);
	const char *ca = arena_printf(arena, "%s/" OPTIONS_CA_FILE, options.store.directory);
	if (!config->ca_file && options.cert && access(ca, R_OK) == 0)
		config->ca_file = ca;
	return TERMINAL_EXIT_OK;
}

/* "viewer kim"; an exit status. */
static int who_am_i(const struct client_config *config, const char **who, struct arena *arena)
{
	const struct api_client_options options = { .url = config->url,
						    .ca_file = config->ca_file,
						    .token = config->token };
	const struct api_client_call call = { .method = "GET", .path = "/v1/session" };
	struct api_client *client = NULL;
	struct api_client_answer answer;
	struct json_reading in;
	struct json_place root;
	const char *error = NULL;
	const char *name = "";
	const char *role = "";

	int rc = api_client_open(&client, &options);
	if (rc == TERMINAL_EXIT_OK &&
	    api_client_call(client, &call, &answer, &error) != API_CLIENT_OK)
		rc = terminal_fail("not logged in: %s", error);
	else if (rc == TERMINAL_EXIT_OK) {
		json_begin(&in, answer.body, answer.size, MAX_TEXT, arena, &root);
		json_get_text(&in, &root, "name", &name);
		json_get_text(&in, &root, "role", &role);
		if (in.status != STATUS_OK || !*role)
			rc = terminal_fail("not logged in: the answer is no collector's");
		json_end(&in);
	}
	*who = arena_printf(arena, "%s, role %s", name, role);
	api_client_close(client);
	return rc;
}

static int keep_config(const struct client_config *config, const char *who, struct arena *arena)
{
	struct buffer ca;
	int rc = TERMINAL_EXIT_OK;

	buffer_init(&ca);
	if (config->ca_file && !terminal_read_file(config->ca_file, MAX_CA_BYTES, &ca))
		rc = TERMINAL_EXIT_FAILED;
	else if (ca.size > MAX_CA_BYTES)
		rc = terminal_fail("'%s' has more than %zu bytes", config->ca_file, MAX_CA_BYTES);
	if (rc == TERMINAL_EXIT_OK)
		rc = client_config_write(config, config->ca_file ? ca.bytes : NULL, ca.size, arena);
	buffer_deinit(&ca);
	if (rc == TERMINAL_EXIT_OK)
		terminal_print("logged in to %s as %s; kept in %s\n", config->url, who,
			       client_config_path(arena));
	return rc;
}

/* The authority of the last login there counts, its token does not. */
static int log_in(struct client_config *config, const char *token_file, struct arena *arena)
{
	const char *who = NULL;
	int rc = token_file ? terminal_read_word(token_file, API_CLIENT_MAX_TOKEN, "token", arena,
						 &config->token)
			    : ask_for_token(&config->token, arena);

	if (rc == TERMINAL_EXIT_OK)
		rc = client_config_complete(config, arena);
	if (rc == TERMINAL_EXIT_OK)
		rc = who_am_i(config, &who, arena);
	return rc == TERMINAL_EXIT_OK ? keep_config(config, who, arena) : rc;
}

int login_main(int argc, char **argv)
{
	static const char *const forms[] = { "login [URL]" };
	struct client_config config = { .url = NULL };
	const char *token_file = NULL;
	struct arguments_option options[] = { { "token-file", "FILE", &token_file, 1, 0 },
					      { "ca-file", "FILE", &config.ca_file, 1, 0 } };
	struct arguments words;
	struct arena arena;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	arena_init(&arena);
	config.url = words.words[0];
	if (!config.url)
		rc = find_here(&config, &arena);
	if (rc == TERMINAL_EXIT_OK)
		rc = log_in(&config, token_file, &arena);
	arena_deinit(&arena);
	return rc;
}
