#include <errno.h>
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
#include "collector/commands/init_internal.h"
#include "collector/daemon/options.h"
#include "collector/store/check.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"

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
	"                     --data " INIT_CONFIG_FILE " in that directory\n"
	"\n"
	"Exit status: 0 everything is there, 1 something could not be made, 2 wrong usage.\n";

const char *init_made_path(struct init *init, const char *file)
{
	return arena_printf(&init->arena, "%s/%s", init->place.work, file);
}

const char *init_final_path(struct init *init, const char *file)
{
	return arena_printf(&init->arena, "%s/%s", init->place.data, file);
}

void init_note(struct init *init, const char *what, const char *where, bool made)
{
	buffer_printf(&init->told, "%-22s %s%s\n", what, where,
		      made ? "" : "  (was there already)");
}

/*
 * What a new fleet shows at first was so for long: it is told in a digest a day, and not by an
 * alert for each server. A store that was there before has had its first day.
 */
static int set_digest(struct init *init)
{
	const char *path = init_made_path(init, OPTIONS_DIGEST_FILE);
	char until[TIMESTAMP_TEXT_SIZE];
	char error[512];

	if (!init->token[0])
		return TERMINAL_EXIT_OK;
	timestamp_format((loop_wall_ms() / 1000 + DIGEST_SECONDS) * 1000, until);
	const char *line = arena_printf(&init->arena, "%s\n", until);
	if (file_replace(path, 0600, line, strlen(line), error, sizeof error) != STATUS_OK)
		return terminal_fail("%s", error);
	init_note(init, "first day of alerts",
		  arena_printf(&init->arena, "one digest at %s; only what fails at once", until),
		  true);
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
	if (init->given.data)
		init_config_set(config, "data", init->place.data, true);
	init_config_set(config, "store", init->location.address, init->given.store != NULL);
	init_config_set(config, "store-password-file", init->location.password_file,
			init->given.password_file != NULL);
	init_config_set(config, "listen", listen, init->listen != NULL);
	if (!init->no_certificate) {
		init_config_set(config, "cert", init_final_path(init, INIT_SERVER_FILE), false);
		init_config_set(config, "key", init_final_path(init, INIT_SERVER_KEY_FILE), false);
	}
	init_config_set(config, "external-url", init->url, has_url);
}

/* Does the file lie in the data directory, and comes to its place with that? */
static bool is_config_inside(const struct init *init)
{
	size_t n = strlen(init->place.data);

	return strncmp(init->config.path, init->place.data, n) == 0 &&
	       strcmp(init->config.path + n, "/" INIT_CONFIG_FILE) == 0;
}

static int compare_config(struct init *init)
{
	struct buffer lacking;

	buffer_init(&lacking);
	int rc = init_config_compare(&init->config, &lacking, &init->arena);
	if (rc == TERMINAL_EXIT_OK) {
		init_note(init, "configuration", init->config.path, false);
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
		init_note(init, "configuration", init->config.path, true);
		if (init->url)
			init_note(init, "address of the page", init->url, true);
		else
			buffer_add_text(&init->told,
					"address of the page    not known, so alerts will have no "
					"links: set external-url\n");
	}
	return rc;
}

/* The service. */

static bool run_program(const char *const *argv)
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
	init->is_running = run_program(start);
	if (!init->is_running)
		return terminal_fail("the service did not start; `systemctl status "
				     "mtawatch-collector` says why");
	init_note(init, "service", "mtawatch-collector, which runs and starts with the machine",
		  true);
	return TERMINAL_EXIT_OK;
}

/* What people do now. */

static void tell_agents(struct init *init)
{
	const char *address = address_of(init);

	printf("\nEach agent needs %s, which is a secret", init_final_path(init, INIT_AGENT_FILE));
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
	       init_final_path(init, OPTIONS_CA_FILE), address, OPTIONS_CA_FILE, INIT_AGENT_FILE,
	       address, OPTIONS_CA_FILE, INIT_AGENT_FILE);
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
		init_note(init, "store", store_locate(&init->location, &init->arena),
			  init->local.made_store);
	if (rc == TERMINAL_EXIT_OK)
		rc = init_make_certificates(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = init_make_secret(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = init_make_token(init);
	if (rc == TERMINAL_EXIT_OK)
		rc = set_digest(init);
	if (rc == TERMINAL_EXIT_OK && is_config_inside(init))
		rc = make_config(init, init_made_path(init, INIT_CONFIG_FILE));
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
		init->config.path = init_final_path(init, INIT_CONFIG_FILE);
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

/*
 * Which configuration, NULL: the one in the data directory; which store, as that or the options
 * say.
 */
static int find_places(struct init *init)
{
	struct local_place place = init->given;
	const char *inside =
		place.data ? arena_printf(&init->arena, "%s/" INIT_CONFIG_FILE, place.data)
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
	if (!init->given.data && !init->user && getuid() == 0 &&
	    init_place_has_user(INIT_PLACE_SERVICE_USER))
		init->user = INIT_PLACE_SERVICE_USER;
	init->config.path = init->given.config ? init->given.config
			    : init->given.data ? NULL
					       : OPTIONS_CONFIG_FILE;
	return init->config.path ? init_config_look(&init->config, &init->arena) : TERMINAL_EXIT_OK;
}

/* What a machine calls itself need not be what others call it, so it is only proposed. */
static int refuse_without_host(void)
{
	char name[256] = "NAME";

	gethostname(name, sizeof name - 1);
	return terminal_refuse(
		"--host is needed: the name by which agents reach this collector, for "
		"its certificate; or --no-certificate. If they call this machine as it "
		"calls itself: --host %s",
		name);
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
		LOCAL_OPTIONS(&init.given),
	};
	struct arguments words;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	init.n_hosts = options[0].n;
	if (init.n_hosts == 0 && !init.no_certificate)
		return refuse_without_host();
	arena_init(&init.arena);
	buffer_init(&init.told);
	rc = find_places(&init);
	if (rc == TERMINAL_EXIT_OK)
		rc = make_all(&init);
	buffer_deinit(&init.told);
	arena_deinit(&init.arena);
	return rc;
}
