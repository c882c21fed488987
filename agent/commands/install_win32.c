/* The commands that make the service and remove it, for machines without Windows Installer. */
#include "agent/commands/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commands/release.h"
#include "agent/config/config.h"
#include "agent/config/registry.h"
#include "agent/host/host.h"
#include "agent/https/send.h"
#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "agent/service/service.h"
#include "proto/base/ipv4.h"

#include "agent/platform/win32/text.h"
#include "agent/service/win32/install.h"
#include "agent/service/win32/scm.h"
#include "proto/base/number.h"

#define START_MS 60000
#define STOP_MS  30000

#define MAX_CHECKED_FILE ((size_t)1024 * 1024)

/* Prints a line a step: what, and how it is now. */
static void print_step(const char *what, const char *how)
{
	printf("%-9s %s\n", what, how);
	fflush(stdout);
}

static enum status give_up(const char *what, enum status status, const struct os_error *error)
{
	log_error("could not %s: %s", what, error->text);
	return status;
}

/* A package owns what it has put here; two owners would undo each other's work. */
static bool is_packaged(const struct call *call)
{
	struct host_options options = { 0 };
	struct host *host = NULL;
	struct os_error error;
	struct host_value code;

	if (host_open(&host, &options, &error) != STATUS_OK)
		return false;
	enum status status =
		host_read_value(host, CONFIG_INSTALLER_KEY, "Package", call->arena, &code, &error);
	host_close(host);
	if (status != STATUS_OK || code.kind != HOST_VALUE_STRING)
		return false;
	log_error("this machine has the agent's package (%s): change or remove it with msiexec, "
		  "or with Add/Remove Programs of the Control Panel",
		  code.text);
	return true;
}

/* A host that is an address can be verified by a pin alone. */
static void warn_of_address(const struct options *options, const char *url)
{
	char host[HOST_MAX_NAME];
	uint32_t address = 0;

	if (strncmp(url, "https://", 8) != 0 || options->pins.n > 0)
		return;
	(void)snprintf(host, sizeof host, "%.*s", (int)strcspn(url + 8, ":/"), url + 8);
	if (ipv4_parse(host, &address))
		log_warning("%s names an address: the certificate of a collector is verified "
			    "against a name only, so nothing will be sent; use its name, or --pin",
			    url);
}

static void warn_of_file(const char *what, const char *path)
{
	char *bytes = NULL;
	size_t n = 0;

	if (!path)
		return;
	enum status status = files_read(path, MAX_CHECKED_FILE, &bytes, &n);
	free(bytes);
	if (status != STATUS_OK)
		log_warning("%s %s cannot be read now (%s); the service will need it, and reads it "
			    "as SYSTEM, which on another machine is that computer's account, and "
			    "nobody on Windows NT 4.0",
			    what, path, status_text(status));
}

static void warn(const struct options *options)
{
	for (size_t i = 0; i < options->collectors.n; i++)
		warn_of_address(options, options->collectors.list[i]);
	warn_of_file("the certificates of", options->ca_file);
	warn_of_file("the enrolment secret in", options->enroll_secret_file);
	warn_of_file("the client certificate", options->client_cert);
	warn_of_file("the client key", options->client_key);
	warn_of_file("the proxy's password in", options->proxy_password_file);
}

/* All that the command line says of a setting; NULL: nothing. */
static const char *given(const struct call *call, const struct setting *setting)
{
	const char *all = NULL;

	for (const struct layer_value *v = config_layers(call->config)->first; v; v = v->next) {
		if (v->layer == LAYER_COMMAND_LINE && v->setting == setting)
			all = setting_join(setting, all, v->text, call->arena);
	}
	return all;
}

static enum status write_setting(const struct call *call, const struct setting *setting,
				 const char *text, struct os_error *error)
{
	int64_t number = 0;

	if (setting->value.read == value_number) {
		(void)number_parse(text, 0, UINT32_MAX, &number); /* checked by config_open() */
		return install_setting(setting->value_name, NULL, (uint32_t)number, error);
	}
	if (setting->value.read == setting_read_path)
		text = install_full_path(text, call->arena);
	return install_setting(setting->value_name, text, 0, error);
}

/* Settings that were not given stay as they are. */
static enum status write_settings(const struct call *call, struct os_error *error)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	for (size_t i = 0; i < n; i++) {
		const char *text = all[i].value_name ? given(call, &all[i]) : NULL;
		if (!text)
			continue;
		enum status status = write_setting(call, &all[i], text, error);
		if (status != STATUS_OK)
			return status;
		print_step("setting",
			   arena_printf(call->arena, "%s = %s", all[i].value_name, text));
	}
	return STATUS_OK;
}

static enum status place_program(struct arena *arena, const char **program, struct os_error *error)
{
	bool copied = false;
	enum status status = install_place(arena, program, error);

	if (status == STATUS_OK)
		status = install_program(*program, &copied, error);
	if (status == STATUS_OK)
		print_step("program", arena_printf(arena, "%s (%s)", *program,
						   copied ? "copied" : "this one"));
	return status;
}

static enum status make_service(const char *program, bool there, struct arena *arena,
				struct os_error *error)
{
	const wchar_t *command = win32_wide(arena_printf(arena, "\"%s\" service", program), arena);
	enum status status = scm_install(command, error);

	if (status == STATUS_OK)
		status = scm_keep_alive(error);
	if (status == STATUS_OK)
		print_step("service", there ? SERVICE_NAME " changed" : SERVICE_NAME " created");
	return status;
}

static enum status install(const struct call *call)
{
	struct os_error error = { .text = "" };
	const char *program = NULL;
	const char *library = NULL;
	bool there = false;
	enum status status = scm_find(&there, &error);

	if (status != STATUS_OK)
		return give_up("install", status, &error);
	if (there) {
		status = scm_stop(STOP_MS, &error);
		if (status != STATUS_OK)
			return give_up("install over the service that is there", status, &error);
		print_step("service", SERVICE_NAME " was there, and is stopped");
	}
	status = install_check_settings(&error);
	if (status == STATUS_OK)
		status = place_program(call->arena, &program, &error);
	if (status == STATUS_OK)
		status = install_events(program, call->arena, &library, &error);
	if (status == STATUS_OK)
		status = install_protect_settings(&error);
	if (status == STATUS_OK)
		status = write_settings(call, &error);
	if (status == STATUS_OK)
		status = install_event_source(library, &error);
	if (status == STATUS_OK)
		status = make_service(program, there, call->arena, &error);
	if (status == STATUS_OK)
		status = scm_start(START_MS, &error);
	if (status != STATUS_OK)
		return give_up("install", status, &error);
	print_step("service", SERVICE_NAME " runs");
	print_step("next",
		   arena_printf(call->arena, "\"%s\" doctor tells whether it reaches its collector",
				program));
	return STATUS_OK;
}

int command_install(const struct call *call)
{
	if (is_packaged(call))
		return EXIT_TROUBLE;
	warn(call->options);
	return install(call) == STATUS_OK ? EXIT_SUCCESS : EXIT_TROUBLE;
}

/* Removes the rest; a failure is told, and the next step is done all the same. */
static enum status remove_traces(const struct call *call)
{
	struct os_error error = { .text = "" };
	const char *program = NULL;
	bool later = false;
	enum status worst = install_remove_event_source(&error);

	if (worst != STATUS_OK)
		(void)give_up("unregister the events", worst, &error);
	enum status status = install_remove_settings(&error);
	if (status != STATUS_OK)
		worst = give_up("remove the settings", status, &error);
	status = install_place(call->arena, &program, &error);
	if (status == STATUS_OK)
		status = install_remove_program(program, &later, &error);
	if (status != STATUS_OK)
		worst = give_up("remove the program", status, &error);
	else
		print_step("program", later ? "goes at the next start of the system" : "removed");
	return worst;
}

static enum status uninstall(const struct call *call)
{
	struct os_error error = { .text = "" };
	bool there = false;
	enum status status = scm_find(&there, &error);

	if (status != STATUS_OK)
		return give_up("uninstall", status, &error);
	if (there)
		status = scm_stop(STOP_MS, &error);
	if (status != STATUS_OK)
		return give_up("uninstall", status, &error);
	enum status released = release_agent(call);
	if (there)
		status = scm_remove(&error);
	if (status != STATUS_OK)
		return give_up("uninstall", status, &error);
	print_step("service", there ? SERVICE_NAME " removed" : "there was none");
	status = remove_traces(call);
	return status == STATUS_OK ? released : status;
}

int command_uninstall(const struct call *call)
{
	if (is_packaged(call))
		return EXIT_TROUBLE;
	return uninstall(call) == STATUS_OK ? EXIT_SUCCESS : EXIT_TROUBLE;
}
