/* The command that asks the system once for each thing that the agent relies on. */
#include "agent/commands/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/options.h"
#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "agent/platform/socket.h"
#include "agent/platform/sync.h"
#include "proto/base/count.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/advisory.h"
#include "proto/windows/pe_version.h"

#define SYSTEM_KEY   "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
#define SYSTEM_FILE  "system32\\kernel32.dll"
#define LOOPBACK     UINT32_C(0x7f000001)
#define ELSEWHERE    UINT32_C(0xc0000201) /* 192.0.2.1: nobody's (RFC 5737) */
#define CLOSED_PORT  1                    /* tcpmux, which nobody serves any more */
#define CONNECT_MS   5000
#define PAUSE_MS     50
#define PATIENCE_MS  5000
#define OWN_FILE     "mtawatch-selftest.tmp"
#define MAX_OUT      1048576 /* bytes of the file of lines */
#define RANDOM_BYTES 16

/* What a trial found, in words for people and without secrets; or the error. */
struct trial {
	struct host *host;
	struct arena *arena;
	const char *found;
	struct os_error error;
};

static enum status fail(struct trial *t, const char *what)
{
	return os_fail(&t->error, STATUS_SYSTEM, OS_NO_CODE, "%s", what);
}

static enum status try_name(struct trial *t)
{
	struct host_identity identity;
	char booted[TIMESTAMP_TEXT_SIZE] = "never";
	enum status status = host_identify(t->host, t->arena, &identity, &t->error);

	if (status != STATUS_OK)
		return status;
	if (identity.no_boot_time) {
		t->error = *identity.no_boot_time;
		return STATUS_SYSTEM;
	}
	if (identity.booted_at_ms != TIMESTAMP_NONE)
		timestamp_format(identity.booted_at_ms, booted);
	t->found = arena_printf(t->arena, "%s, up since %s",
				identity.os ? identity.os : host_platform(), booted);
	return STATUS_OK;
}

static enum status try_clocks(struct trial *t)
{
	char now[TIMESTAMP_TEXT_SIZE];
	uint64_t begun_ms = host_now_ms(t->host);
	int64_t wall_ms = host_wall_ms(t->host);

	host_sleep(t->host, PAUSE_MS);
	uint64_t slept_ms = host_now_ms(t->host) - begun_ms;
	int64_t passed_ms = host_wall_ms(t->host) - wall_ms;
	t->found = arena_printf(t->arena, "%s; a pause of %d ms took %" PRIu64 " and %" PRId64,
				timestamp_format(wall_ms, now), PAUSE_MS, slept_ms, passed_ms);
	return slept_ms > 0 && slept_ms < PATIENCE_MS ? STATUS_OK : fail(t, t->found);
}

static enum status try_random(struct trial *t)
{
	static const unsigned char none[RANDOM_BYTES];
	unsigned char bytes[RANDOM_BYTES] = { 0 };
	enum status status = host_random(t->host, bytes, sizeof bytes, &t->error);

	if (status == STATUS_OK && memcmp(bytes, none, sizeof bytes) == 0)
		return fail(t, "all zeroes");
	t->found = "16 bytes";
	return status;
}

static void signal_event(void *event)
{
	sync_signal(event);
}

static enum status try_threads(struct trial *t)
{
	struct sync_event *event = sync_event_new(); /* the thread's, if it comes too late */
	enum status status = host_start_thread(t->host, signal_event, event, &t->error);

	if (status != STATUS_OK)
		return status;
	if (!sync_wait(event, PATIENCE_MS))
		return fail(t, "a thread signalled an event in vain");
	sync_event_free(event);
	host_wake_up(t->host);
	if (host_wait(t->host, PATIENCE_MS) == HOST_WAKE_TIME)
		return fail(t, "a wait was not ended");
	t->found = "a thread and two waits";
	return STATUS_OK;
}

static enum status try_adapters(struct trial *t)
{
	struct host_adapter *adapters = NULL;
	struct host_gaps gaps;
	size_t n = 0;
	size_t addresses = 0;
	enum status status = host_list_adapters(t->host, t->arena, &adapters, &n, &gaps, &t->error);

	if (status != STATUS_OK)
		return status;
	if (gaps.states || gaps.gateways) {
		t->error = *(gaps.states ? gaps.states : gaps.gateways);
		return STATUS_SYSTEM;
	}
	for (size_t i = 0; i < n; i++)
		addresses += adapters[i].n_addresses;
	t->found = arena_printf(t->arena, "%zu with %zu addresses", n, addresses);
	return STATUS_OK;
}

static enum status try_route(struct trial *t)
{
	const char *id = NULL;
	enum status status = host_route(t->host, ELSEWHERE, t->arena, &id, &t->error);

	if (status == STATUS_OK)
		t->found = arena_printf(t->arena, "to 192.0.2.1 by %s", id);
	else if (status == STATUS_UNREACHABLE || status == STATUS_UNSUPPORTED)
		t->found = t->error.text; /* an answer, too */
	return t->found ? STATUS_OK : status;
}

static enum status try_names(struct trial *t)
{
	uint32_t addresses[HOST_MAX_ADDRESSES];
	char name[HOST_MAX_NAME] = "no name";
	size_t n = 0;
	int error = host_forward_lookup(t->host, "localhost", addresses, &n);

	if (error != HOST_LOOKUP_OK)
		return os_fail(&t->error, STATUS_SYSTEM, error, "localhost: %s",
			       host_lookup_text(error));
	(void)host_reverse_lookup(t->host, LOOPBACK, name); /* no name is an answer, too */
	t->found = arena_printf(t->arena, "localhost has %zu addresses, 127.0.0.1 is %s", n, name);
	return STATUS_OK;
}

/* A port of this machine that nobody serves: refused, whatever select() and SO_ERROR say when. */
static enum status try_sockets(struct trial *t)
{
	struct socket_watch watch = { .socket = SOCKET_NONE, .write = true };
	enum probe_error error = socket_connect(LOOPBACK, LOOPBACK, CLOSED_PORT, &watch.socket);
	uint64_t begun_ms = host_now_ms(t->host);

	if (error == PROBE_OK) {
		error = PROBE_TIMEOUT;
		while (!watch.writable && host_now_ms(t->host) - begun_ms < CONNECT_MS)
			(void)socket_wait(&watch, 1, PAUSE_MS);
		if (watch.writable)
			error = socket_finish(watch.socket, watch.failed);
		socket_close(watch.socket);
	}
	t->found = arena_printf(t->arena, "127.0.0.1 port %d: %s", CLOSED_PORT,
				error == PROBE_OK ? "accepted" : probe_error_name(error));
	return error == PROBE_REFUSED ? STATUS_OK : fail(t, t->found);
}

static enum status try_registry(struct trial *t)
{
	struct host_value value;
	enum status status =
		host_read_value(t->host, SYSTEM_KEY, "CurrentVersion", t->arena, &value, &t->error);

	if (status == STATUS_OK)
		t->found = arena_printf(t->arena, "Windows %s", value.text ? value.text : "?");
	return status;
}

static enum status try_service(struct trial *t)
{
	struct host_service service;
	enum status status = host_query_service(t->host, ADVISORY_MTA_SOURCE, &service, &t->error);

	if (status == STATUS_OK)
		t->found = arena_printf(t->arena, ADVISORY_MTA_SOURCE " is %s",
					service_state_name(service.state));
	return status;
}

/* The events of the article, so that their words are looked up, too. */
static const uint16_t event_ids[] = { 9266, 9321 };
static const struct host_question question = { .source = ADVISORY_MTA_SOURCE,
					       .ids = event_ids,
					       .n_ids = COUNT(event_ids) };

static enum status try_events(struct trial *t)
{
	struct host_answer answer;
	enum status status = host_read_events(t->host, &question, t->arena, &answer, &t->error);

	if (status != STATUS_OK)
		return status;
	t->found = arena_printf(t->arena, "%zu records, %zu damaged, %zu of " ADVISORY_MTA_SOURCE,
				answer.log.records, answer.log.lost, answer.of_source);
	if (answer.gap)
		t->error = *answer.gap;
	return answer.gap ? STATUS_SYSTEM : STATUS_OK;
}

static enum status try_news(struct trial *t)
{
	struct host_news news;

	t->found = "looked for";
	return host_look_for_news(t->host, &question, &news, &t->error);
}

static enum status try_versions(struct trial *t)
{
	struct host_value root;
	struct host_file file = { 0 };
	struct version version;
	char text[VERSION_TEXT_SIZE] = "none";
	enum status status =
		host_read_value(t->host, SYSTEM_KEY, "SystemRoot", t->arena, &root, &t->error);

	if (status != STATUS_OK)
		return status;
	const char *path = arena_printf(t->arena, "%s\\" SYSTEM_FILE, root.text ? root.text : "");
	status = host_stat_file(t->host, path, &file, &t->error);
	if (status == STATUS_OK)
		status = host_read_file(t->host, path, &file, &t->error);
	if (status != STATUS_OK)
		return status;
	if (pe_version_read(file.bytes, file.size, &version) == STATUS_OK)
		version_format(&version, text);
	t->found = arena_printf(t->arena, "%s: %zu bytes, version %s", path, file.size, text);
	host_free_file(&file);
	return STATUS_OK;
}

/* Each thing that is done to a file of our own; `*step` is the one that failed. */
static enum status use_file(const char *name, const char **step, struct arena *arena)
{
	const char **names = NULL;
	char *bytes = NULL;
	size_t n = 0;

	*step = "write";
	enum status status = files_replace_private(OWN_FILE, "one", 3);
	if (status != STATUS_OK)
		return status;
	*step = "append to";
	status = files_append(OWN_FILE, "two", 3, MAX_OUT);
	if (status != STATUS_OK)
		return status;
	*step = "rename";
	status = files_move(OWN_FILE, name);
	if (status != STATUS_OK)
		return status;
	*step = "read";
	status = files_read(name, MAX_OUT, &bytes, &n);
	if (status == STATUS_OK && strcmp(bytes, "onetwo") != 0)
		status = STATUS_MALFORMED;
	free(bytes);
	if (status != STATUS_OK)
		return status;
	*step = "list";
	return files_list(".", arena, &names, &n);
}

/* In the current folder; nothing is left. */
static enum status try_files(struct trial *t)
{
	const char *name = OWN_FILE "2";
	const char *step = NULL;
	enum status status = use_file(name, &step, t->arena);

	(void)files_remove(OWN_FILE); /* where it was not renamed */
	if (status == STATUS_OK) {
		step = "erase";
		status = files_erase(name);
	}
	t->found = files_is_local(".") ? "in this folder, on a local disk" : "in this folder";
	return status == STATUS_OK ? status
				   : os_fail(&t->error, status, OS_NO_CODE, "%s " OWN_FILE ": %s",
					     step, status_text(status));
}

/* The table of calls (agent/deploy/nt-calls) names these as selftest:NAME. */
static const struct {
	const char *name;
	enum status (*run)(struct trial *t);
} trials[] = {
	{ "name", try_name },         { "clocks", try_clocks },     { "random", try_random },
	{ "threads", try_threads },   { "adapters", try_adapters }, { "route", try_route },
	{ "names", try_names },       { "sockets", try_sockets },   { "registry", try_registry },
	{ "service", try_service },   { "events", try_events },     { "news", try_news },
	{ "versions", try_versions }, { "files", try_files },
};

/*
 * One line on standard output, and in the file where one is named: each before the next trial
 * begins.
 */
static bool print_line(const struct call *call, const char *line)
{
	const char *path = call->options->output;

	printf("%s\n", line);
	if (fflush(stdout) != 0)
		return false;
	line = arena_printf(call->arena, "%s\r\n", line); /* for Notepad */
	return !path || files_append(path, line, strlen(line), MAX_OUT) == STATUS_OK;
}

/* What the system does not have is nothing to rely on. */
static bool try_one(const struct call *call, size_t i, bool *good)
{
	struct trial t = { .host = call->host, .arena = call->arena, .error = { .code = 0 } };
	uint64_t begun_ms = host_now_ms(call->host);
	enum status status = trials[i].run(&t);
	uint64_t took_ms = host_now_ms(call->host) - begun_ms;
	const char *word = status == STATUS_OK ? "ok" : "failed";

	if (status == STATUS_UNSUPPORTED)
		word = "none";
	else if (status != STATUS_OK)
		*good = false;
	return print_line(call,
			  arena_printf(call->arena,
				       "%-8s  %-6s  code %5" PRId64 "  %5" PRIu64 " ms  %s",
				       trials[i].name, word, status == STATUS_OK ? 0 : t.error.code,
				       took_ms, status == STATUS_OK ? t.found : t.error.text));
}

int command_selftest(const struct call *call)
{
	const char *path = call->options->output;
	bool good = true;
	bool told = !path || files_remove(path) == STATUS_OK;

	told = told && print_line(call, arena_printf(call->arena, "mtawatch-agent %s on %s",
						     MTAWATCH_VERSION, host_platform()));
	for (size_t i = 0; told && i < COUNT(trials); i++)
		told = try_one(call, i, &good);
	if (!told) {
		log_error("could not write %s", path ? path : "the lines");
		return EXIT_TROUBLE;
	}
	return good ? EXIT_SUCCESS : EXIT_ALARM;
}
