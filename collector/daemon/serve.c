#include "collector/daemon/serve.h"

#include <stdio.h>
#include <string.h>

#include "collector/api/api.h"
#include "collector/auth/identities.h"
#include "collector/base/clock.h"
#include "collector/base/data_dir.h"
#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/crypto/tls_context.h"
#include "collector/daemon/certificates.h"
#include "collector/daemon/store_wait.h"
#include "collector/daemon/systemd.h"
#include "collector/hooks/hook.h"
#include "collector/http/server.h"
#include "collector/pipeline/alerting.h"
#include "collector/pipeline/feed.h"
#include "collector/pipeline/pipeline.h"
#include "collector/pipeline/trend.h"
#include "collector/store/store.h"
#include "proto/base/timestamp.h"

/* Everything that is open, in the order of opening; NULL: not (any more). */
struct serve {
	const struct options *options;
	struct loop *loop;
	struct store_wait *wait;
	struct store *store;
	struct hooks *hooks;
	struct alerting *alerting;
	struct pipeline *pipeline;
	struct trend *trend;
	struct identities *identities;
	struct certificates *certificates;
	struct server *server;
	struct systemd *systemd;
	struct api api;
	char why_waiting[STORE_ERROR_SIZE]; /* for the store */
	bool ending;
	int rc; /* what the process ends with */

	/* How the options were made, and the last good reading of them. */
	int argc;
	char **argv;
	struct arena arena; /* of `latest` */
	struct options latest;
};

static int fail(const char *error)
{
	log_error("%s", error);
	return SERVE_EXIT_FAILED;
}

/*
 * The end, in the reverse order: first nobody can ask any more, then nobody is told, then the store
 * commits what waits. Each step begins when the one before is over.
 */
static void on_store_closed(void *user)
{
	struct serve *s = user;
	s->store = NULL;
}

static void on_hooks_closed(void *user)
{
	struct serve *s = user;
	s->hooks = NULL;
	if (s->store)
		store_close(s->store, on_store_closed, s);
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

static void begin_end(void *user)
{
	struct serve *s = user;

	if (s->ending)
		return;
	s->ending = true;
	systemd_stopping(s->systemd);
	s->systemd = NULL;
	store_wait_end(s->wait);
	s->wait = NULL;
	certificates_attach(s->certificates, NULL);
	if (s->server)
		server_close(s->server, on_server_closed, s);
	else
		on_server_closed(s);
}

/* Nobody could log in or enrol: then it is better not to begin. */
static int fail_not_set_up(const struct serve *s)
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

/* The store is in a database that is away: until it is there the collector says so. */
#define WAITS_FOR_STORE (-1)

static void note_waiting(struct serve *s, const char *error)
{
	if (strcmp(s->why_waiting, error) != 0)
		log_error("the collector waits for its store: %s", error);
	snprintf(s->why_waiting, sizeof s->why_waiting, "%s", error);
	s->api.waits_for_store = s->why_waiting;
}

/* Why it cannot be opened. */
static int judge_failure(struct serve *s, enum status status, const char *error)
{
	if (status == STATUS_NOT_FOUND)
		return fail_not_set_up(s);
	if (!s->options->store.address || !store_wait_helps(status))
		return fail(error);
	note_waiting(s, error);
	return WAITS_FOR_STORE;
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

/* Reports and alerts that were over before do not come back where the clock was set back. */
static int go_on_in_time(struct serve *s)
{
	char error[STORE_ERROR_SIZE];
	int64_t latest_ms;

	if (store_read_latest_time(store_reader(s->store), &latest_ms, error) != STATUS_OK)
		return fail(error);
	clock_not_before(latest_ms);
	return SERVE_EXIT_OK;
}

static int open_store(struct serve *s)
{
	char error[STORE_ERROR_SIZE];

	if (look_at_directory(s) != SERVE_EXIT_OK)
		return SERVE_EXIT_FAILED;

	if (!store_exists(&s->options->store))
		return fail_not_set_up(s);
	enum status status = store_open(&s->store, &s->options->store, loop_uv(s->loop), error);
	if (status != STATUS_OK)
		return judge_failure(s, status, error);
	store_set_limits(s->store, &s->options->keep);
	return go_on_in_time(s);
}

static int64_t certificate_end(void *user)
{
	const struct serve *s = user;
	const struct tls_context *tls =
		s->certificates ? certificates_context(s->certificates) : NULL;
	return tls ? tls_context_info(tls)->not_after_ms : TIMESTAMP_NONE;
}

static void tell_alert(void *user, const struct record_alert *alert)
{
	const struct serve *s = user;
	if (s->api.events && s->api.pipeline)
		api_alert_tell(&s->api, alert);
}

static struct alerting_settings settings_of_alerting(const struct options *options)
{
	return (struct alerting_settings){ &options->alerts, options->external_url };
}

static int open_alerting(struct serve *s)
{
	s->api.inventory = inventory_new(s->store);
	s->hooks = hooks_open(loop_uv(s->loop), s->options->hooks);
	struct alerting_options options = {
		.loop = loop_uv(s->loop),
		.store = s->store,
		.hooks = s->hooks,
		.inventory = s->api.inventory,
		.data = s->options->store.directory,
		.settings = settings_of_alerting(s->options),
		.now_ms = clock_now_ms,
		.certificate_end_ms = certificate_end,
		.changed = tell_alert,
		.user = s,
	};
	s->alerting = alerting_new(&options);
	return SERVE_EXIT_OK;
}

/* Ids of events grow from run to run: microseconds. */
static void open_feed(struct serve *s)
{
	s->api.events = event_stream_new(loop_uv(s->loop), (uint64_t)clock_now_ms() * 1000);
	s->api.feed = feed_new(loop_uv(s->loop), s->api.events, s->api.inventory);
}

static int open_pipeline(struct serve *s)
{
	char error[STORE_ERROR_SIZE];
	struct pipeline_options options = {
		.loop = loop_uv(s->loop),
		.store = s->store,
		.feed = s->api.feed,
		.alerting = s->alerting,
		.now_ms = clock_now_ms,
		.not_before = clock_not_before,
	};
	if (pipeline_open(&s->pipeline, &options, error) != STATUS_OK)
		return fail(error);
	s->trend = trend_new(&(struct trend_options){ loop_uv(s->loop), s->store, s->pipeline,
						      s->api.inventory });
	return SERVE_EXIT_OK;
}

/* A revocation counts for answers that are under way, too. */
static void review_answers(void *user, bool changed)
{
	const struct serve *s = user;

	if (s->server)
		server_recheck_access(s->server, changed ? api_still_may : api_is_not_over);
}

static int open_identities(struct serve *s)
{
	char error[STORE_ERROR_SIZE];
	struct identities_options options = {
		.loop = loop_uv(s->loop),
		.store = s->store,
		.now_ms = clock_now_ms,
		.looked = review_answers,
		.user = s,
	};
	if (identities_open(&s->identities, &options, error) != STATUS_OK)
		return fail(error);
	return identities_any(s->identities) ? SERVE_EXIT_OK : fail_not_set_up(s);
}

static int open_certificates(struct serve *s)
{
	char error[CERTIFICATES_ERROR_SIZE];
	if (certificates_open(&s->certificates, loop_uv(s->loop), s->options,
			      CERTIFICATES_REREAD_MS, error) != STATUS_OK)
		return fail(error);
	return SERVE_EXIT_OK;
}

/* A notification should lead to its alert's page, for whoever is woken by it. */
static void look_for_links(const struct serve *s)
{
	if (hooks_count(s->hooks) > 0 && !s->options->external_url)
		log_warning(
			"what hooks tell has no links, for the address of this page is not known: "
			"set external-url");
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
		return fail(error);
	certificates_attach(s->certificates, s->server);
	s->api.server = s->server;
	printf("listening on %s://%s\n", options.tls ? "https" : "http",
	       net_address_format(server_address(s->server), text));
	fflush(stdout);
	return SERVE_EXIT_OK;
}

static void tell_ready(struct serve *s)
{
	char text[NET_ADDRESS_TEXT_SIZE];
	char status[NET_ADDRESS_TEXT_SIZE + 32];

	snprintf(status, sizeof status, "listening on %s%s",
		 net_address_format(server_address(s->server), text),
		 s->wait ? ", waits for the database" : "");
	systemd_ready(s->systemd, status);
}

/* Logs a text line by line. */
static void log_lines(struct buffer *text)
{
	char *rest = text->bytes;
	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		log_info("%s", line);
}

static void take_over(struct serve *s, const struct options *options)
{
	struct alerting_settings alerting = settings_of_alerting(options);
	struct buffer text;

	buffer_init(&text);
	if (options_compare(&s->latest, options, &text) == 0)
		buffer_add_text(&text, "the settings were read again: nothing changed\n");
	log_set(options->log_format, options->log_level);
	log_lines(&text);
	certificates_reload(s->certificates, options);
	store_set_limits(s->store, &options->keep);
	hooks_reload(s->hooks, options->hooks);
	s->api.browsers_use_https = options_browsers_use_https(options);
	alerting_configure(s->alerting, &alerting);
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
	tell_ready(s);
}

static void each_alert(void *user,
		       void (*visit)(void *visitor, const struct notification_alert *alert),
		       void *visitor)
{
	const struct serve *s = user;
	alerts_each_firing(alerting_alerts(s->alerting), visit, visitor);
}

static bool is_ready(void *user)
{
	const struct serve *s = user;
	return s->pipeline && pipeline_is_ready(s->pipeline);
}

static void start_hooks(struct serve *s)
{
	struct hooks_source source = { .each = each_alert, .is_ready = is_ready, .user = s };
	hooks_start(s->hooks, &source);
}

/* What is judged and told from the store. */
static int open_work(struct serve *s)
{
	int rc = open_store(s);
	if (rc == SERVE_EXIT_OK)
		rc = open_alerting(s);
	if (rc == SERVE_EXIT_OK) {
		open_feed(s);
		rc = open_pipeline(s);
	}
	if (rc == SERVE_EXIT_OK)
		rc = open_identities(s);
	if (rc != SERVE_EXIT_OK)
		return rc;
	s->api.pipeline = s->pipeline;
	s->api.alerting = s->alerting;
	s->api.identities = s->identities;
	s->api.store = s->store;
	s->api.waits_for_store = NULL;
	look_for_links(s);
	return rc;
}

static int open_front(struct serve *s)
{
	int rc = open_certificates(s);
	return rc == SERVE_EXIT_OK ? open_server(s) : rc;
}

static void begin_work(struct serve *s)
{
	loop_on_reload(s->loop, reload, s);
	start_hooks(s);
	tell_ready(s);
}

static void give_up(struct serve *s, int rc)
{
	s->rc = rc;
	loop_release(s->loop);
	begin_end(s);
}

static void on_wait_failed(void *user, const char *error)
{
	note_waiting(user, error);
}

static void wait_for_store(struct serve *s);

static void on_wait_over(void *user, enum status status, const char *error)
{
	struct serve *s = user;

	store_wait_end(s->wait);
	s->wait = NULL;
	int rc = status == STATUS_OK ? open_work(s) : judge_failure(s, status, error);
	if (rc == WAITS_FOR_STORE) {
		wait_for_store(s);
	} else if (rc != SERVE_EXIT_OK) {
		give_up(s, rc);
	} else {
		log_info("the store is there");
		begin_work(s);
	}
}

static void wait_for_store(struct serve *s)
{
	struct store_wait_events events = { on_wait_failed, on_wait_over, s };
	s->wait = store_wait_begin(loop_uv(s->loop), &s->options->store, &events);
}

/* Whoever asks meanwhile is told that it waits, and so is the service manager, which may go on. */
static void open_all(struct serve *s)
{
	int work = open_work(s);
	int rc = work == SERVE_EXIT_OK || work == WAITS_FOR_STORE ? open_front(s) : work;

	if (rc != SERVE_EXIT_OK) {
		give_up(s, rc);
	} else if (work == WAITS_FOR_STORE) {
		wait_for_store(s);
		tell_ready(s);
	} else {
		begin_work(s);
	}
}

int serve_run(const struct options *options, int argc, char **argv)
{
	struct serve s = { .options = options, .argc = argc, .argv = argv, .latest = *options };

	log_set(options->log_format, options->log_level);
	arena_init(&s.arena);
	if (loop_open(&s.loop, begin_end, &s) != STATUS_OK)
		return fail("could not begin: the system has no resources for an event loop");
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
	return s.rc;
}
