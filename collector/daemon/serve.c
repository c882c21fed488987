#include "collector/daemon/serve.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "collector/auth/identities.h"
#include "collector/base/clock.h"
#include "collector/base/data_dir.h"
#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/daemon/node.h"
#include "collector/daemon/serve_internal.h"
#include "collector/hooks/hook.h"
#include "collector/http/server.h"
#include "collector/pipeline/alerting.h"
#include "collector/pipeline/feed.h"
#include "collector/store/store.h"

int serve_fail(const char *error)
{
	log_error("%s", error);
	return SERVE_EXIT_FAILED;
}

/*
 * The end, in the reverse order: first nobody can ask any more, then nobody is told, then the store
 * commits what waits. Each step begins when the one before is over.
 */
static void on_membership_closed(void *user)
{
	struct serve *s = user;
	s->membership = NULL;
}

static void on_store_closed(void *user)
{
	struct serve *s = user;
	s->store = NULL;
	if (s->membership)
		membership_close(s->membership, on_membership_closed, s);
}

static void on_hooks_closed(void *user)
{
	struct serve *s = user;
	s->hooks = NULL;
	if (s->store)
		store_close(s->store, on_store_closed, s);
	else
		on_store_closed(s);
}

static void on_server_closed(void *user)
{
	struct serve *s = user;
	s->server = NULL;
	if (s->identities)
		identities_stop(s->identities);
	certificates_close(s->certificates);
	s->certificates = NULL;
	if (s->trend)
		trend_stop(s->trend);
	if (s->pipeline)
		pipeline_stop(s->pipeline);
	feed_close(s->api.feed);
	s->api.feed = NULL;
	event_stream_close(s->api.events);
	s->api.events = NULL;
	if (s->alerting)
		alerting_stop(s->alerting);
	if (s->hooks)
		hooks_close(s->hooks, on_hooks_closed, s);
	else
		on_hooks_closed(s);
}

void serve_begin_end(void *user)
{
	struct serve *s = user;

	if (s->ending) {
		s->begins_anew = false; /* whoever asks for an end means it */
		return;
	}
	s->ending = true;
	if (s->begins_anew)
		systemd_beginning_anew(s->systemd);
	else
		systemd_stopping(s->systemd);
	s->systemd = NULL;
	if (s->membership)
		membership_retire(s->membership);
	certificates_attach(s->certificates, NULL);
	if (s->server)
		server_close(s->server, on_server_closed, s);
	else
		on_server_closed(s);
}

/* Nobody could log in or enrol: then it is better not to begin. */
int serve_fail_not_set_up(const struct serve *s)
{
	const struct store_location *store = &s->options->store;
	struct arena arena;

	arena_init(&arena);
	log_error("the %s %s is not set up yet; %s", store->address ? "database" : "data directory",
		  store->address ? store->address : store->directory,
		  options_without_store(store, &arena));
	arena_deinit(&arena);
	return SERVE_EXIT_FAILED;
}

/* It cannot be opened. */
int serve_fail_to_open(struct serve *s, enum status status, const char *error)
{
	return status == STATUS_NOT_FOUND ? serve_fail_not_set_up(s) : serve_fail(error);
}

/* Others must not be able to change what lies there. */
static int look_at_directory(const struct serve *s)
{
	struct arena arena;

	arena_init(&arena);
	const char *fault = data_dir_fault(s->options->store.directory, &arena);
	if (fault)
		log_error("%s", fault);
	arena_deinit(&arena);
	return fault ? SERVE_EXIT_FAILED : SERVE_EXIT_OK;
}

static int open_store(struct serve *s)
{
	char error[STORE_ERROR_SIZE];

	if (!store_exists(&s->options->store))
		return serve_fail_not_set_up(s);
	enum status status = store_open(&s->store, &s->options->store, loop_uv(s->loop), error);
	return status == STATUS_OK ? SERVE_EXIT_OK : serve_fail_to_open(s, status, error);
}

static int open_certificates(struct serve *s)
{
	char error[CERTIFICATES_ERROR_SIZE];
	if (certificates_open(&s->certificates, loop_uv(s->loop), s->options,
			      CERTIFICATES_REREAD_MS, error) != STATUS_OK)
		return serve_fail(error);
	return SERVE_EXIT_OK;
}

/* NULL: no proxy may name users. */
static const struct proxy_users *users_of(const struct options *options)
{
	return proxy_users_are_on(&options->users) ? &options->users : NULL;
}

static int open_server(struct serve *s)
{
	char error[SERVER_ERROR_SIZE];
	char text[NET_ADDRESS_TEXT_SIZE];
	struct server_options options = {
		.loop = loop_uv(s->loop),
		.address = s->options->listen,
		.routes = api_routes,
		.n_routes = api_n_routes,
		.context = &s->api,
		.admit = api_admit,
		.refused = api_refused,
		.stats = s->api.stats,
		.clocks = CLIENT_CLOCKS_DEFAULT,
		.max_connections = s->options->max_connections,
		.max_of_address = s->options->max_of_address,
		.trusted_proxies = &s->options->trusted_proxies,
		.max_body_bytes = s->options->max_body_mb * 1024 * 1024,
		.max_answer_bytes = s->options->max_answer_mb * 1024 * 1024,
		.tls = certificates_context(s->certificates),
	};
	s->api.loop = loop_uv(s->loop);
	s->api.loop_turns = loop_turns(s->loop);
	turns_init(&s->api.turns);
	s->api.started_ms = loop_wall_ms();
	s->api.epoch = (uint64_t)loop_wall_ms();
	s->api.browsers_use_https = options_browsers_use_https(s->options);
	s->api.users = users_of(s->options);
	rate_limit_init(&s->api.enrolments, API_ENROLL_PER_SOURCE, API_ENROLL_TOTAL);
	rate_limit_init(&s->api.strangers, API_STRANGER_PER_SOURCE, API_STRANGER_TOTAL);
	rate_limit_init(&s->api.logins, API_LOGIN_PER_SOURCE, API_LOGIN_TOTAL);
	if (server_open(&s->server, &options, error) != STATUS_OK)
		return serve_fail(error);
	certificates_attach(s->certificates, s->server);
	s->api.server = s->server;
	printf("listening on %s://%s\n", options.tls ? "https" : "http",
	       net_address_format(server_address(s->server), text));
	fflush(stdout);
	return SERVE_EXIT_OK;
}

void serve_tell_ready(struct serve *s)
{
	char text[NET_ADDRESS_TEXT_SIZE];
	char status[NET_ADDRESS_TEXT_SIZE + 32];
	const char *but = s->api.waits_for_store ? ", waits for the database" : ", stands by";

	snprintf(status, sizeof status, "listening on %s%s",
		 net_address_format(server_address(s->server), text), s->store ? "" : but);
	systemd_ready(s->systemd, status);
}

/* Logs a text line by line. */
static void log_lines(struct buffer *text)
{
	char *rest = text->bytes;
	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		log_info("%s", line);
}

/* What the others are told: it may have changed with the settings, or is known now. */
static void tell_others(struct serve *s, const struct options *options)
{
	struct arena arena;

	if (!s->membership)
		return;
	arena_init(&arena);
	struct member_about about = { node_url(options, server_address(s->server), &arena),
				      node_settings(options, &arena) };
	membership_tell(s->membership, &about);
	arena_deinit(&arena);
}

static void take_over(struct serve *s, const struct options *options)
{
	struct buffer text;

	buffer_init(&text);
	if (options_compare(&s->latest, options, &text) == 0)
		buffer_add_text(&text, "the settings were read again: nothing changed\n");
	log_set(options->log_format, options->log_level);
	log_lines(&text);
	certificates_reload(s->certificates, options);
	s->api.browsers_use_https = options_browsers_use_https(options);
	if (s->store)
		serve_reload_work(s, options);
	tell_others(s, options);
	buffer_deinit(&text);
}

/* A reading that fails changes nothing. */
static void reload(void *user)
{
	struct serve *s = user;
	struct options options;
	struct faults faults;
	struct arena arena;

	systemd_reloading(s->systemd);
	arena_init(&arena);
	if (options_read(&options, s->argc, s->argv, &arena, &faults) == STATUS_OK) {
		take_over(s, &options);
		arena_deinit(&s->arena);
		s->arena = arena;
		s->latest = options;
	} else {
		for (size_t i = 0; i < faults.n; i++)
			log_error("the settings stay as they were: %s", faults.texts[i]);
		arena_deinit(&arena);
	}
	serve_tell_ready(s);
}

static int open_front(struct serve *s)
{
	int rc = open_certificates(s);
	return rc == SERVE_EXIT_OK ? open_server(s) : rc;
}

void serve_give_up(struct serve *s, int rc)
{
	s->rc = rc;
	loop_release(s->loop);
	serve_begin_end(s);
}

/* The store is this collector's alone. */
static int open_alone(struct serve *s)
{
	int rc = open_store(s);

	if (rc == SERVE_EXIT_OK)
		rc = serve_open_telling(s);
	if (rc == SERVE_EXIT_OK)
		rc = serve_open_pipeline(s);
	return rc == SERVE_EXIT_OK ? serve_open_to_askers(s) : rc;
}

/*
 * Whoever asks before the store is there is told that it waits, or stands by, and so is the service
 * manager, which may go on.
 */
static void open_all(struct serve *s)
{
	bool is_shared = store_is_shared(&s->options->store);
	int rc = look_at_directory(s);

	if (rc == SERVE_EXIT_OK)
		rc = is_shared ? serve_open_membership(s) : open_alone(s);
	if (rc == SERVE_EXIT_OK)
		rc = open_front(s);
	if (rc != SERVE_EXIT_OK) {
		serve_give_up(s, rc);
		return;
	}
	loop_on_reload(s->loop, reload, s);
	tell_others(s, &s->latest);
	if (!is_shared)
		serve_start_hooks(s);
	serve_tell_ready(s);
}

/*
 * A question about a large site takes megabytes for some milliseconds. To give each of them back to
 * the system at once, and to ask for it again, costs an eighth of the answer.
 */
static void keep_freed_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
	mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
}

/*
 * What one thread allocates and another frees the C library keeps for the first one: all servers are
 * read by a thread that reads nothing more afterwards, and their reports are packed by another. Of a
 * store in a database, which is in memory, too, that was an eighth of a server's memory.
 */
static void share_freed_memory(void)
{
	mallopt(M_ARENA_MAX, 1);
}

int serve_run(const struct options *options, int argc, char **argv)
{
	struct serve s = { .options = options, .argc = argc, .argv = argv, .latest = *options };

	keep_freed_memory();
	if (store_is_shared(&options->store))
		share_freed_memory();
	log_set(options->log_format, options->log_level);
	arena_init(&s.arena);
	if (loop_open(&s.loop, serve_begin_end, &s) != STATUS_OK)
		return serve_fail("could not begin: the system has no resources for an event loop");
	s.systemd = systemd_new(loop_uv(s.loop));
	s.api.stats = http_stats_new(api_routes, api_n_routes);
	open_all(&s);
	loop_run(s.loop);
	inventory_free(s.api.inventory);
	trend_free(s.trend);
	pipeline_free(s.pipeline);
	alerting_free(s.alerting);
	http_stats_free(s.api.stats);
	arena_deinit(&s.arena);
	identities_free(s.identities);
	if (loop_close(s.loop) != STATUS_OK)
		return SERVE_EXIT_FAILED;
	return s.begins_anew && s.rc == SERVE_EXIT_OK ? SERVE_BEGIN_ANEW : s.rc;
}
