#include <errno.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/base/file_replace.h"
#include "collector/base/loop.h"
#include "collector/cli/arguments.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/init_config.h"
#include "collector/commands/init_place.h"
#include "collector/commands/local.h"
#include "collector/crypto/certificate.h"
#include "collector/daemon/options.h"
#include "collector/model/record_identity.h"
#include "collector/store/check.h"
#include "proto/base/buffer.h"
#include "proto/base/text_file.h"
#include "proto/base/timestamp.h"

/* Files in the data directory. */
#define CONFIG_FILE          "collector.conf"
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

/* Where a collector that others are to reach listens. */
#define LISTEN_ADDRESS "0.0.0.0"
#define LISTEN_PORT    "8285"

const char init_help[] =
	"mtawatch-collector init: set up a collector, and say what agents need.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector init --host collector.example.com\n"
	"  mtawatch-collector init --host collector.example.com --host 10.0.0.2\n"
	"  mtawatch-collector init --data ./data --host localhost\n"
	"  mtawatch-collector init --host collector.example.com \\\n"
	"    --store 'postgresql://db.example.com/mtawatch?user=mtawatch' \\\n"
	"    --store-password-file /etc/mtawatch/database.password\n"
	"\n"
	"Makes the data directory with the store, a certificate authority (" OPTIONS_CA_FILE
	"), a server\n"
	"certificate signed by it (" INIT_SERVER_FILE "), an enrolment secret (" INIT_SECRET_FILE
	", and\n" INIT_AGENT_FILE
	" for agents to copy) and a token of the role admin, which is shown once; writes\n"
	"the configuration file; and where systemd runs starts the service. The directory comes to "
	"its\n"
	"place when it is complete. Root makes it for the user " INIT_PLACE_SERVICE_USER
	", where there "
	"is one.\n"
	"\n"
	"Again: what is there stays as it is, what is missing is made, and what it would have "
	"written\n"
	"into the configuration is said.\n"
	"\n"
	"In the first day alerts are one digest, but for servers that fail (" OPTIONS_DIGEST_FILE
	";\n"
	"[alerts] digest-until).\n"
	"\n"
	"Options:\n"
	"  --host NAME        a name or address by which agents and browsers reach the collector;\n"
	"                     the certificate is for these and for localhost; the first one is\n"
	"                     what agents are told\n"
	"  --listen ADDRESS:PORT\n"
	"                     where it listens (" LISTEN_ADDRESS ":" LISTEN_PORT
	"; without certificate on loopback)\n"
	"  --external-url URL where browsers find the collector, for the links in alerts; by\n"
	"                     itself the first --host and the port\n"
	"  --no-certificate   make none: for certificates of your own (see serve --help), or for\n"
	"                     plain HTTP on a loopback address\n"
	"  --token-file FILE  write the admin token into this new file, for its owner only, "
	"instead\n"
	"                     of showing it\n"
	"  --user NAME        whose the data directory is to be, where root makes it\n"
	"  --data DIRECTORY   where it is to be; by itself what the configuration says, else\n"
	"                     /var/lib/mtawatch\n"
	"  --store URL        the database that is to have the store instead of that directory\n"
	"  --store-password-file FILE\n"
	"                     whose only line is the password for it\n"
	"  --config FILE      the configuration; by itself " OPTIONS_CONFIG_FILE ", or with\n"
	"                     --data " CONFIG_FILE " in that directory\n"
	"\n"
	"Exit status: 0 everything is there, 1 something could not be made, 2 wrong usage.\n";

/* Options of the command line, and what has come of it. */
struct init {
	struct local_place said;
	const char *no_certificate;
	const char *token_file;
	const char *url;    /* where browsers find the collector; NULL: not known */
	const char *listen; /* NULL: as by itself */
	const char *user;
	const char *hosts[CERTIFICATE_MAX_NAMES];
	size_t n_hosts;

	struct arena arena;
	struct store_location location; /* where it is to be */
	struct init_place place;
	struct init_config config;
	struct local local; /* works in place.work */
	struct buffer told; /* what there is now, a line each */
	char pin[CERTIFICATE_PIN_SIZE];
	char token[SECRET_TEXT_SIZE]; /* "" if none was made */
	bool is_running;              /* as a service */
};

/* The path of a file that is being made. */
static const char *path_of(struct init *init, const char *file)
{
	return arena_printf(&init->arena, "%s/%s", init->place.work, file);
}

/* Where it is to be found afterwards. */
static const char *place_of(struct init *init, const char *file)
{
	return arena_printf(&init->arena, "%s/%s", init->place.data, file);
}

/* Notes one part that there is now. */
static void note(struct init *init, const char *what, const char *where, bool made)
{
	buffer_printf(&init->told, "%-22s %s%s\n", what, where,
		      made ? "" : "  (was there already)");
}

static int make_ca(struct init *init, const struct certificate_files *ca)
{
	char error[CERTIFICATE_ERROR_SIZE];
	const char *name = arena_printf(&init->arena, "mtawatch CA of %.48s", init->hosts[0]);

	if (access(ca->certificate, F_OK) == 0) {
		note(init, "CA certificate", place_of(init, OPTIONS_CA_FILE), false);
		return TERMINAL_EXIT_OK;
	}
	if (certificate_make_ca(ca, name, loop_wall_ms(), error) != STATUS_OK)
		return terminal_fail("%s", error);
	note(init, "CA certificate", place_of(init, OPTIONS_CA_FILE), true);
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

/* A certificate that was there has to be for all names that were given: agents look at them. */
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
	note(init, "server certificate", place_of(init, INIT_SERVER_FILE), made);
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
	return arena_printf(&init->arena, "the name '%s' is taken by a token of another role",
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
		note(init, "the same, for agents", place_of(init, INIT_AGENT_FILE), true);
	return rc;
}

/* Data directories from before there was such a file get one, while their secret lies there. */
static int see_to_agents(struct init *init, const char *secret_file)
{
	const char *path = path_of(init, INIT_AGENT_FILE);
	struct buffer text;
	const char *word = NULL;

	if (access(path, F_OK) == 0) {
		note(init, "the same, for agents", place_of(init, INIT_AGENT_FILE), false);
		return TERMINAL_EXIT_OK;
	}
	if (access(secret_file, F_OK) != 0)
		return TERMINAL_EXIT_OK; /* taken away, as one may */
	buffer_init(&text);
	int rc = terminal_read_file(secret_file, SECRET_TEXT_SIZE, &text) ? TERMINAL_EXIT_OK
									  : TERMINAL_EXIT_FAILED;
	const char *wrong = rc == TERMINAL_EXIT_OK ? text_file_decode_word(&init->arena, text.bytes,
									   text.size, &word)
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
	note(init, "enrolment secret", place_of(init, INIT_SECRET_FILE), !there);
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
		note(init, "admin token", "not shown again", false);
		return TERMINAL_EXIT_OK;
	}
	return local_make(&init->local, &token, role_token_prefix(ROLE_ADMIN, prefix), "token.add",
			  NULL, name_is_taken(init, &token), init->token);
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
	const char *line = arena_printf(&init->arena, "%s\n", until);
	if (file_replace(path, 0600, line, strlen(line), error, sizeof error) != STATUS_OK)
		return terminal_fail("%s", error);
	note(init, "first day of alerts",
	     arena_printf(&init->arena, "one digest at %s; only what fails at once", until), true);
	return TERMINAL_EXIT_OK;
}

/* The configuration. */

static const char *port_of(const char *listen)
{
	const char *colon = listen ? strrchr(listen, ':') : NULL;
	return colon ? colon + 1 : LISTEN_PORT;
}

/* "https://collector.example:8285"; NULL: under no name that is known. */
static const char *address_of(struct init *init)
{
	if (init->n_hosts == 0)
		return NULL;
	const char *host = init->hosts[0];
	bool is_ipv6 = strchr(host, ':') != NULL;
	return arena_printf(&init->arena, "http%s://%s%s%s:%s", init->no_certificate ? "" : "s",
			    is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port_of(init->listen));
}

/* What `serve` has to be told; the directory is known. */
static void choose_settings(struct init *init)
{
	struct init_config *config = &init->config;
	bool has_url = init->url != NULL;
	const char *listen = init->listen           ? init->listen
			     : init->no_certificate ? NULL
						    : LISTEN_ADDRESS ":" LISTEN_PORT;

	if (!has_url && init->n_hosts > 0)
		init->url = arena_printf(&init->arena, "%s/", address_of(init));
	if (init->said.data)
		init_config_set(config, "data", init->place.data, true);
	init_config_set(config, "store", init->location.address, init->said.store != NULL);
	init_config_set(config, "store-password-file", init->location.password_file,
			init->said.password_file != NULL);
	init_config_set(config, "listen", listen, init->listen != NULL);
	if (!init->no_certificate) {
		init_config_set(config, "cert", place_of(init, INIT_SERVER_FILE), false);
		init_config_set(config, "key", place_of(init, INIT_SERVER_KEY_FILE), false);
	}
	init_config_set(config, "external-url", init->url, has_url);
}

/* Does the file lie in the data directory, and comes to its place with that? */
static bool is_config_inside(const struct init *init)
{
	size_t n = strlen(init->place.data);

	return strncmp(init->config.path, init->place.data, n) == 0 &&
	       strcmp(init->config.path + n, "/" CONFIG_FILE) == 0;
}

static int compare_config(struct init *init)
{
	struct buffer lacking;

	buffer_init(&lacking);
	int rc = init_config_compare(&init->config, &lacking, &init->arena);
	if (rc == TERMINAL_EXIT_OK) {
		note(init, "configuration", init->config.path, false);
		if (lacking.size > 0)
			buffer_printf(&init->told,
				      "It stays as it is. A new one would also have:\n%s",
				      lacking.bytes);
	}
	buffer_deinit(&lacking);
	return rc;
}

static int make_config(struct init *init, const char *at)
{
	if (access(init->config.path, F_OK) == 0)
		return compare_config(init);
	int rc = init_config_write(&init->config, at, &init->arena);
	if (rc == TERMINAL_EXIT_OK) {
		note(init, "configuration", init->config.path, true);
		if (init->url)
			note(init, "address of the page", init->url, true);
		else
			buffer_add_text(&init->told,
					"address of the page    not known, so alerts will have no "
					"links: set external-url\n");
	}
	return rc;
}

/* The service. */

static bool run(const char *const *argv)
{
	pid_t child = 0;
	int status = 0;

	if (posix_spawnp(&child, argv[0], NULL, NULL, (char *const *)argv, environ) != 0)
		return false;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Where systemd runs, and the service has the configuration that was made. An exit status. */
static int start_service(struct init *init)
{
	static const char *const start[] = { "systemctl",          "enable", "--now", "--quiet",
					     "mtawatch-collector", NULL };

	if (getuid() != 0 || strcmp(init->config.path, OPTIONS_CONFIG_FILE) != 0 ||
	    access("/run/systemd/system", F_OK) != 0)
		return TERMINAL_EXIT_OK;
	init->is_running = run(start);
	if (!init->is_running)
		return terminal_fail("the service did not start; `systemctl status "
				     "mtawatch-collector` says why");
	note(init, "service", "mtawatch-collector, which runs and starts with the machine", true);
	return TERMINAL_EXIT_OK;
}

/* What people do now. */

static void tell_agents(struct init *init)
{
	const char *address = address_of(init);

	printf("\nEach agent needs %s, which is a secret", place_of(init, INIT_AGENT_FILE));
	if (init->no_certificate) {
		puts(".");
		return;
	}
	printf(", and %s. On Windows, with both in\n"
	       "C:\\WINNT\\mtawatch, and on Linux, with both in /etc/mtawatch:\n"
	       "  mtawatch-agent install --collector %s --ca-file C:\\WINNT\\mtawatch\\%s "
	       "--enroll-secret-file C:\\WINNT\\mtawatch\\%s\n"
	       "  mtawatch-agent run --collector %s --ca-file /etc/mtawatch/%s "
	       "--enroll-secret-file /etc/mtawatch/%s\n",
	       place_of(init, OPTIONS_CA_FILE), address, OPTIONS_CA_FILE, INIT_AGENT_FILE, address,
	       OPTIONS_CA_FILE, INIT_AGENT_FILE);
	printf("Instead of the CA's file an agent may be given the pin of the server's key:\n"
	       "  --pin %s\n",
	       init->pin);
}

/* Before a command of root's: the collector runs as the user whose directory it is. */
static const char *as_owner(struct init *init)
{
	const struct passwd *owner =
		getuid() == 0 && init->place.owner != 0 ? getpwuid(init->place.owner) : NULL;

	return owner ? arena_printf(&init->arena, "runuser -u %s -- ", owner->pw_name) : "";
}

static void tell_all(struct init *init)
{
	fwrite(init->told.bytes, 1, init->told.size, stdout);
	tell_agents(init);
	if (init->token[0] && init->token_file)
		printf("\nThe admin token is in %s.\n", init->token_file);
	else if (init->token[0])
		printf("\nThe admin token, with which you log in; it is shown only now:\n  %s\n",
		       init->token);
	if (!init->is_running)
		printf("\nStart it:\n  %smtawatch-collector serve --config %s\n", as_owner(init),
		       init->config.path);
	if (init->url)
		printf("\n%s %s%s\n", init->is_running ? "Open" : "Then open", init->url,
		       init->token[0] ? " and log in with the token." : "");
}

static int hand_out_token(struct init *init)
{
	if (!init->token[0] || !init->token_file)
		return TERMINAL_EXIT_OK;
	int rc = terminal_hand_out(init->token, init->token_file);
	if (rc != TERMINAL_EXIT_OK)
		init->token_file = NULL; /* it is shown instead */
	return rc;
}

/* All that lies in the directory. */
static int fill_directory(struct init *init)
{
	const struct local_place place = { .data = init->place.work,
					   .store = init->location.address,
					   .password_file = init->location.password_file };

	int rc = local_open(&init->local, &place, true);
	if (rc == TERMINAL_EXIT_OK)
		note(init, "store", store_locate(&init->location, &init->arena),
		     init->local.made_store);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_certificates(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_secret(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_token(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = set_digest(init);
	if (rc == TERMINAL_EXIT_OK && is_config_inside(init))
		rc = make_config(init, path_of(init, CONFIG_FILE));
	local_close(&init->local);
	return rc;
}

/* From here on the directory is whole, and its token is shown whatever else fails. */
static int finish(struct init *init)
{
	int rc = init_place_finish(&init->place);

	if (rc != TERMINAL_EXIT_OK)
		return rc;
	rc = hand_out_token(init);
	if (!is_config_inside(init)) {
		int failed = make_config(init, init->config.path);
		rc = rc == TERMINAL_EXIT_OK ? failed : rc;
	}
	if (rc == TERMINAL_EXIT_OK)
		rc = start_service(init);
	tell_all(init);
	if (fflush(stdout) != 0 || ferror(stdout))
		return terminal_fail("could not write to standard output");
	return rc;
}

static int make_all(struct init *init)
{
	int rc = init_place_open(&init->place, init->location.directory, init->user, &init->arena);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	init->location.directory = init->place.data;
	if (!init->config.path)
		init->config.path = place_of(init, CONFIG_FILE);
	choose_settings(init);
	rc = init_config_check(&init->config, &init->arena);
	if (rc == TERMINAL_EXIT_OK)
		rc = fill_directory(init);
	if (rc == TERMINAL_EXIT_OK)
		return finish(init);
	init_place_abandon(&init->place);
	return rc;
}

/* As it is found from everywhere; of what is not there as it was said, which is told of later. */
static const char *realpath_of(struct init *init, const char *path)
{
	char *real = realpath(path, NULL);
	const char *kept = arena_strdup(&init->arena, real ? real : path);

	free(real);
	return kept;
}

/* Which configuration, NULL: the one in the data directory; which store, as that or the options say. */
static int find_places(struct init *init)
{
	struct local_place place = init->said;
	const char *inside = place.data ? arena_printf(&init->arena, "%s/" CONFIG_FILE, place.data)
					: OPTIONS_CONFIG_FILE;

	if (place.password_file)
		place.password_file = realpath_of(init, place.password_file);
	if (!place.config)
		place.config = inside;
	if (access(place.config, F_OK) != 0)
		place.config = NULL;
	int rc = local_find(&place, &init->location, &init->arena);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (!init->said.data && !init->user && getuid() == 0 &&
	    init_place_has_user(INIT_PLACE_SERVICE_USER))
		init->user = INIT_PLACE_SERVICE_USER;
	init->config.path = init->said.config ? init->said.config
			    : init->said.data ? NULL
					      : OPTIONS_CONFIG_FILE;
	return init->config.path ? init_config_look(&init->config, &init->arena) : TERMINAL_EXIT_OK;
}

int init_main(int argc, char **argv)
{
	struct init init = { 0 };
	static const char *const forms[] = { "init" };
	struct arguments_option options[] = {
		{ "host", "NAME", init.hosts, CERTIFICATE_MAX_NAMES, 0 },
		{ "listen", "ADDRESS:PORT", &init.listen, 1, 0 },
		{ "no-certificate", NULL, &init.no_certificate, 1, 0 },
		{ "token-file", "FILE", &init.token_file, 1, 0 },
		{ "external-url", "URL", &init.url, 1, 0 },
		{ "user", "NAME", &init.user, 1, 0 },
		LOCAL_OPTIONS(&init.said),
	};
	struct arguments words;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	init.n_hosts = options[0].n;
	if (init.n_hosts == 0 && !init.no_certificate)
		return terminal_refuse("--host is needed: the name by which agents reach this "
				       "collector, for its certificate; or --no-certificate");
	arena_init(&init.arena);
	buffer_init(&init.told);
	rc = find_places(&init);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_all(&init);
	buffer_deinit(&init.told);
	arena_deinit(&init.arena);
	return rc;
}
