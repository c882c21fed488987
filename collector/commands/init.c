#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/base/file_replace.h"
#include "collector/base/loop.h"
#include "collector/cli/arguments.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "collector/crypto/certificate.h"
#include "collector/daemon/options.h"
#include "collector/model/record_identity.h"
#include "collector/store/check.h"
#include "proto/base/buffer.h"
#include "proto/base/text_file.h"
#include "proto/base/timestamp.h"

/* Files in the data directory. */
#define INIT_CA_KEY_FILE     "ca.key"
#define INIT_SERVER_FILE     "server.crt"
#define INIT_SERVER_KEY_FILE "server.key"
#define INIT_SECRET_FILE     "enroll-secret" /* the collector's own copy */
#define INIT_AGENT_FILE      "agent-secret"  /* the same, to be taken to agents */

/* Names of what is made first. */
#define FIRST_TOKEN  "admin"
#define FIRST_SECRET "first"

/* How long the first days of a fleet take. */
#define DIGEST_SECONDS INT64_C(86400)

const char init_help[] =
	"mtawatch-collector init: set up a data directory, and say what agents need.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector init --host collector.example.com --host 10.0.0.2\n"
	"  mtawatch-collector init --data ./data --no-certificate\n"
	"  mtawatch-collector init --host collector.example.com \\\n"
	"    --store 'postgresql://db.example.com/mtawatch?user=mtawatch' \\\n"
	"    --store-password-file /etc/mtawatch/database.password\n"
	"\n"
	"Makes what is not there yet, and changes nothing that is: the store, a certificate\n"
	"authority (" OPTIONS_CA_FILE "), a server certificate signed by it (" INIT_SERVER_FILE
	"), an enrolment\n"
	"secret (" INIT_SECRET_FILE ", and " INIT_AGENT_FILE " for agents to copy), and a token of "
	"the role admin,\n"
	"which is shown once. In the first day alerts are one digest, but for servers that fail\n"
	"(" OPTIONS_DIGEST_FILE "; [alerts] digest-until).\n"
	"\n"
	"Options:\n"
	"  --host NAME        a name or address by which agents and browsers reach the collector;\n"
	"                     the certificate is for these and for localhost; the first one is\n"
	"                     what agents are told\n"
	"  --external-url URL where browsers find the collector, for the links in alerts; init "
	"asks "
	"for it\n"
	"                     where it runs at a terminal, and keeps it (" OPTIONS_URL_FILE ")\n"
	"  --no-certificate   make none: for certificates of your own (see serve --help), or for\n"
	"                     plain HTTP on a loopback address\n"
	"  --token-file FILE  write the admin token into this new file, for its owner only, "
	"instead\n"
	"                     of showing it\n" LOCAL_HELP_DATA "\n"
	"Run it as the user that the collector runs as: what it makes is for that user only.\n"
	"Exit status: 0 everything is there, 1 something could not be made, 2 wrong usage.\n";

/* Options of the command line, and what has come of it. */
struct init {
	struct local_place place;
	const char *no_certificate;
	const char *token_file;
	const char *url; /* where browsers find the collector; NULL: not given */
	const char *hosts[CERTIFICATE_MAX_NAMES];
	size_t n_hosts;
	struct local local;
	char pin[CERTIFICATE_PIN_SIZE];
	char token[SECRET_TEXT_SIZE]; /* "" if none was made */
};

static const char *path_of(struct init *init, const char *file)
{
	return arena_printf(&init->local.arena, "%s/%s", init->local.location.directory, file);
}

/* Tells of one part that there is now. */
static void print_made(const char *what, const char *where, bool made)
{
	printf("%-22s %s%s\n", what, where, made ? "" : "  (was there already)");
}

static int make_ca(struct init *init, const struct certificate_files *ca)
{
	char error[CERTIFICATE_ERROR_SIZE];
	const char *name = arena_printf(&init->local.arena, "mtawatch CA of %.48s", init->hosts[0]);

	if (access(ca->certificate, F_OK) == 0) {
		print_made("CA certificate", ca->certificate, false);
		return TERMINAL_EXIT_OK;
	}
	if (certificate_make_ca(ca, name, loop_wall_ms(), error) != STATUS_OK)
		return terminal_fail("%s", error);
	print_made("CA certificate", ca->certificate, true);
	return TERMINAL_EXIT_OK;
}

/* The names it is made for: those that were given, and those that commands here call it by. */
static size_t names_of(const struct init *init, const char *names[CERTIFICATE_MAX_NAMES])
{
	static const char *const own[] = { "localhost", "127.0.0.1", "::1" };
	size_t n = init->n_hosts;

	memcpy(names, init->hosts, n * sizeof *names);
	for (size_t i = 0; i < sizeof own / sizeof *own && n < CERTIFICATE_MAX_NAMES; i++) {
		bool is_said = false;
		for (size_t k = 0; k < init->n_hosts; k++)
			is_said |= strcmp(init->hosts[k], own[i]) == 0;
		if (!is_said)
			names[n++] = own[i];
	}
	return n;
}

static int make_certificate(const struct init *init, const struct certificate_files *server,
			    const struct certificate_files *ca)
{
	const char *names[CERTIFICATE_MAX_NAMES];
	char error[CERTIFICATE_ERROR_SIZE];
	size_t n = names_of(init, names);

	if (certificate_make_server(server, ca, names, n, loop_wall_ms(), error) != STATUS_OK)
		return terminal_fail("%s", error);
	return TERMINAL_EXIT_OK;
}

/* One that was there has to be for all names that were given, or agents would refuse it. */
static int look_at_certificate(const struct init *init, const struct certificate_files *server)
{
	char error[CERTIFICATE_ERROR_SIZE];

	for (size_t i = 0; i < init->n_hosts; i++) {
		bool is_for = false;
		if (certificate_is_for(server->certificate, init->hosts[i], &is_for, error) !=
		    STATUS_OK)
			return terminal_fail("%s", error);
		if (!is_for)
			return terminal_fail(
				"the certificate %s, which was there already, is not for '%s'. "
				"Remove it, and run init again with all names: the key stays, and "
				"so do the pins of agents",
				server->certificate, init->hosts[i]);
	}
	return TERMINAL_EXIT_OK;
}

static int make_server(struct init *init, const struct certificate_files *ca)
{
	struct certificate_files server = { path_of(init, INIT_SERVER_FILE),
					    path_of(init, INIT_SERVER_KEY_FILE) };
	struct certificate_info info;
	char error[CERTIFICATE_ERROR_SIZE];
	bool made = access(server.certificate, F_OK) != 0;

	int rc = made ? make_certificate(init, &server, ca) : look_at_certificate(init, &server);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (certificate_read(server.certificate, &info, error) != STATUS_OK)
		return terminal_fail("%s", error);
	print_made("server certificate", server.certificate, made);
	memcpy(init->pin, info.pin, sizeof init->pin);
	return TERMINAL_EXIT_OK;
}

static int make_certificates(struct init *init)
{
	struct certificate_files ca = { path_of(init, OPTIONS_CA_FILE),
					path_of(init, INIT_CA_KEY_FILE) };
	if (init->no_certificate)
		return TERMINAL_EXIT_OK;
	int rc = make_ca(init, &ca);
	return rc == TERMINAL_EXIT_OK ? make_server(init, &ca) : rc;
}

static enum status see_secret(void *user, const struct record_identity *identity)
{
	bool *there = user;
	(void)identity;
	*there = true;
	return STATUS_OK;
}

static enum status see_admin(void *user, const struct record_identity *identity)
{
	bool *there = user;
	*there |= identity->role == ROLE_ADMIN;
	return STATUS_OK;
}

static const char *name_is_taken(struct init *init, const struct record_identity *identity)
{
	return arena_printf(&init->local.arena, "the name '%s' is taken by a token of another role",
			    identity->name);
}

/* Agents get a file of their own, which they, and who carries it to them, may remove. */
static int hand_to_agents(struct init *init, const char *secret)
{
	const char *path = path_of(init, INIT_AGENT_FILE);

	if (remove(path) != 0 && errno != ENOENT) /* of a secret that is revoked */
		return terminal_fail("could not replace %s: %s", path, strerror(errno));
	int rc = terminal_hand_out(secret, path);
	if (rc == TERMINAL_EXIT_OK)
		print_made("the same, for agents", path, true);
	return rc;
}

/* Data directories from before there was such a file get one, while their secret lies there. */
static int see_to_agents(struct init *init, const char *secret_file)
{
	const char *path = path_of(init, INIT_AGENT_FILE);
	struct buffer text;
	const char *word = NULL;

	if (access(path, F_OK) == 0) {
		print_made("the same, for agents", path, false);
		return TERMINAL_EXIT_OK;
	}
	if (access(secret_file, F_OK) != 0)
		return TERMINAL_EXIT_OK; /* taken away, as one may */
	buffer_init(&text);
	int rc = terminal_read_file(secret_file, SECRET_TEXT_SIZE, &text) ? TERMINAL_EXIT_OK
									  : TERMINAL_EXIT_FAILED;
	const char *wrong =
		rc == TERMINAL_EXIT_OK
			? text_file_decode_word(&init->local.arena, text.bytes, text.size, &word)
			: NULL;
	buffer_deinit(&text);
	if (wrong)
		return terminal_fail("'%s' holds no secret: %s", secret_file, wrong);
	return rc == TERMINAL_EXIT_OK ? hand_to_agents(init, word) : rc;
}

static int make_secret(struct init *init)
{
	struct record_identity secret = { .kind = RECORD_KIND_SECRET, .name = FIRST_SECRET };
	const char *path = path_of(init, INIT_SECRET_FILE);
	char text[SECRET_TEXT_SIZE];
	char error[STORE_ERROR_SIZE];
	bool there = false;

	if (store_admin_read_identities(init->local.store, RECORD_KIND_SECRET, see_secret, &there,
					error) != STATUS_OK)
		return terminal_fail("%s", error);
	int rc = there ? TERMINAL_EXIT_OK
		       : local_make(&init->local, &secret, SECRET_PREFIX_ENROLL, "secret.add", path,
				    name_is_taken(init, &secret), text);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	print_made("enrolment secret", path, !there);
	return there ? see_to_agents(init, path) : hand_to_agents(init, text);
}

static int make_token(struct init *init)
{
	struct record_identity token = { .kind = RECORD_KIND_TOKEN,
					 .name = FIRST_TOKEN,
					 .role = ROLE_ADMIN };
	char prefix[ROLE_TOKEN_PREFIX_SIZE];
	char error[STORE_ERROR_SIZE];
	bool there = false;

	if (store_admin_read_identities(init->local.store, RECORD_KIND_TOKEN, see_admin, &there,
					error) != STATUS_OK)
		return terminal_fail("%s", error);
	if (there) {
		print_made("admin token", "not shown again", false);
		return TERMINAL_EXIT_OK;
	}
	return local_make(&init->local, &token, role_token_prefix(ROLE_ADMIN, prefix), "token.add",
			  init->token_file, name_is_taken(init, &token), init->token);
}

/* As `serve` would; returns an exit status. */
static int check_url(const char *url)
{
	struct faults faults;
	struct options options;
	struct arena arena;

	arena_init(&arena);
	bool is_right =
		options_read_one(&options, "external-url", url, &arena, &faults) == STATUS_OK;
	int rc = is_right ? TERMINAL_EXIT_OK : terminal_refuse("%s", faults.texts[0]);
	arena_deinit(&arena);
	return rc;
}

/* What is likely, or NULL: agents' name of the collector, and the port that it has by itself. */
static const char *likely_url(struct init *init)
{
	if (init->n_hosts == 0)
		return NULL;
	const char *host = init->hosts[0];
	bool is_ipv6 = strchr(host, ':') != NULL;
	return arena_printf(&init->local.arena, "http%s://%s%s%s:8285/",
			    init->no_certificate ? "" : "s", is_ipv6 ? "[" : "", host,
			    is_ipv6 ? "]" : "");
}

/* At a terminal it is asked for; an empty line takes what is likely, "-" leaves it open. */
static const char *ask_for_url(struct init *init)
{
	const char *likely = likely_url(init);
	char line[512];

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return NULL;
	printf("\nWhere do browsers find this collector? Alerts link to it. Enter: %s; -: not "
	       "known\n> ",
	       likely ? likely : "not known");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	if (*line == '\0')
		return likely;
	return strcmp(line, "-") == 0 ? NULL : arena_strdup(&init->local.arena, line);
}

static int write_url(struct init *init, const char *path)
{
	const char *line = arena_printf(&init->local.arena, "%s\n", init->url);
	char error[512];

	if (file_replace(path, 0600, line, strlen(line), error, sizeof error) != STATUS_OK)
		return terminal_fail("%s", error);
	print_made("address of the page", init->url, true);
	return TERMINAL_EXIT_OK;
}

/* An option that was given counts; what was there already is not asked for again. */
static int set_url(struct init *init)
{
	const char *path = path_of(init, OPTIONS_URL_FILE);
	int rc = TERMINAL_EXIT_OK;

	if (!init->url && access(path, F_OK) == 0) {
		print_made("address of the page", path, false);
		return TERMINAL_EXIT_OK;
	}
	if (!init->url) {
		init->url = ask_for_url(init);
		rc = init->url ? check_url(init->url) : TERMINAL_EXIT_OK;
	}
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (init->url)
		return write_url(init, path);
	printf("%-22s not known: alerts will have no links; init --external-url URL sets it\n",
	       "address of the page");
	return TERMINAL_EXIT_OK;
}

/*
 * What a new fleet shows at first was so for long: it is told in a digest a day, and not by an alert
 * for each server. A store that was there before has had its first day.
 */
static int set_digest(struct init *init)
{
	const char *path = path_of(init, OPTIONS_DIGEST_FILE);
	char until[TIMESTAMP_TEXT_SIZE];
	char error[512];

	if (!init->token[0])
		return TERMINAL_EXIT_OK;
	timestamp_format((loop_wall_ms() / 1000 + DIGEST_SECONDS) * 1000, until);
	const char *line = arena_printf(&init->local.arena, "%s\n", until);
	if (file_replace(path, 0600, line, strlen(line), error, sizeof error) != STATUS_OK)
		return terminal_fail("%s", error);
	print_made("first day of alerts",
		   arena_printf(&init->local.arena, "one digest at %s; only what fails at once",
				until),
		   true);
	return TERMINAL_EXIT_OK;
}

static void tell_agents(const struct init *init)
{
	const char *data = init->local.location.directory;
	const char *host = init->n_hosts > 0 ? init->hosts[0] : "HOST";

	printf("\nEach agent needs, copied to its machine: %s/%s, and %s/%s, which is a secret.\n"
	       "  mtawatch-agent run --collector https://%s:8285 --ca-file %s "
	       "--enroll-secret-file %s\n",
	       data, OPTIONS_CA_FILE, data, INIT_AGENT_FILE, host, OPTIONS_CA_FILE,
	       INIT_AGENT_FILE);
	printf("Instead of the CA's file an agent may be given the pin of the server's key:\n"
	       "  --pin %s\n",
	       init->pin);
}

static void tell_all(const struct init *init)
{
	const char *data = init->local.location.directory;

	if (init->no_certificate)
		printf("\nEach agent needs, copied to its machine: %s/%s, which is a secret.\n",
		       data, INIT_AGENT_FILE);
	else
		tell_agents(init);
	if (init->token[0] && init->token_file)
		printf("\nThe admin token is in %s.\n", init->token_file);
	else if (init->token[0])
		printf("\nThe admin token, with which you log in; it is shown only now:\n  %s\n",
		       init->token);
	printf("\nNext:\n  mtawatch-collector serve --data %s", data);
	if (init->local.location.address)
		printf(" --store '%s'", init->local.location.address);
	if (init->local.location.password_file)
		printf(" --store-password-file %s", init->local.location.password_file);
	if (!init->no_certificate)
		printf(" --listen 0.0.0.0:8285 --cert %s/%s --key %s/%s", data, INIT_SERVER_FILE,
		       data, INIT_SERVER_KEY_FILE);
	putchar('\n');
}

static int make_all(struct init *init)
{
	int rc = local_open(&init->local, &init->place, true);
	if (rc == TERMINAL_EXIT_OK)
		print_made("store", store_locate(&init->local.location, &init->local.arena),
			   init->local.made_store);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_certificates(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_secret(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_token(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = set_url(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = set_digest(init);
	if (rc == TERMINAL_EXIT_OK)
		tell_all(init);
	local_close(&init->local);
	if (rc == TERMINAL_EXIT_OK && (fflush(stdout) != 0 || ferror(stdout)))
		return terminal_fail("could not write to standard output");
	return rc;
}

int init_main(int argc, char **argv)
{
	struct init init = { 0 };
	static const char *const forms[] = { "init" };
	struct arguments_option options[] = {
		{ "host", "NAME", init.hosts, CERTIFICATE_MAX_NAMES, 0 },
		{ "no-certificate", NULL, &init.no_certificate, 1, 0 },
		{ "token-file", "FILE", &init.token_file, 1, 0 },
		{ "external-url", "URL", &init.url, 1, 0 },
		LOCAL_OPTIONS(&init.place),
	};
	struct arguments words;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	init.n_hosts = options[0].n;
	if (init.n_hosts == 0 && !init.no_certificate)
		return terminal_refuse("--host is needed: the name by which agents reach this "
				       "collector, for its certificate; or --no-certificate");
	rc = init.url ? check_url(init.url) : TERMINAL_EXIT_OK;
	return rc == TERMINAL_EXIT_OK ? make_all(&init) : rc;
}
