#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/base/loop.h"
#include "collector/cli/terminal.h"
#include "collector/commands/init_internal.h"
#include "collector/daemon/options.h"

static int make_ca(struct init *init, const struct certificate_files *ca)
{
	char error[CERTIFICATE_ERROR_SIZE];
	const char *name = arena_printf(&init->arena, "mtawatch CA of %.48s", init->hosts[0]);

	if (access(ca->certificate, F_OK) == 0) {
		init_note(init, "CA certificate", init_final_path(init, OPTIONS_CA_FILE), false);
		return TERMINAL_EXIT_OK;
	}
	if (certificate_make_ca(ca, name, loop_wall_ms(), error) != STATUS_OK)
		return terminal_fail("%s", error);
	init_note(init, "CA certificate", init_final_path(init, OPTIONS_CA_FILE), true);
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
	struct certificate_files server = { init_made_path(init, INIT_SERVER_FILE),
					    init_made_path(init, INIT_SERVER_KEY_FILE) };
	struct certificate_info info;
	char error[CERTIFICATE_ERROR_SIZE];
	bool made = access(server.certificate, F_OK) != 0;

	int rc = made ? make_certificate(init, &server, ca) : look_at_certificate(init, &server);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (certificate_read(server.certificate, &info, error) != STATUS_OK)
		return terminal_fail("%s", error);
	init_note(init, "server certificate", init_final_path(init, INIT_SERVER_FILE), made);
	memcpy(init->pin, info.pin, sizeof init->pin);
	return TERMINAL_EXIT_OK;
}

int init_make_certificates(struct init *init)
{
	struct certificate_files ca = { init_made_path(init, OPTIONS_CA_FILE),
					init_made_path(init, INIT_CA_KEY_FILE) };
	if (init->no_certificate)
		return TERMINAL_EXIT_OK;
	int rc = make_ca(init, &ca);
	return rc == TERMINAL_EXIT_OK ? make_server(init, &ca) : rc;
}
