#include "collector/daemon/serve.h"

#include <malloc.h>
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
#include "collector/daemon/membership.h"
#include "collector/daemon/node.h"
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
	struct membership *membership; /* NULL: the store is this collector's alone */
	struct pipeline_lease lease;
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
	char why_waiting[STORE_ERROR_SIZE];       /* for the store */
	char stands_by_for[LEASE_NODE_SIZE + 64]; /* what was logged last */
	char why_not_ours[STORE_ERROR_SIZE + 96];
	bool ending;
	bool begins_anew; /* when all is closed */
	int rc;           /* what the process ends with */

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

static void begin_end(void *user)
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

static void note_waiting(void *user, const char *error)
{
	struct serve *s = user;

	if (strcmp(s->why_waiting, error) != 0)
		log_error("the collector waits for its store: %s", error);
	snprintf(s->why_waiting, sizeof s->why_waiting, "%s", error);
	s->api.waits_for_store = s->why_waiting;
}

/* It cannot be opened. */
static int fail_to_open(struct serve *s, enum status status, const char *error)
{
	return status == STATUS_NOT_FOUND ? fail_not_set_up(s) : fail(error);
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

	if (!store_exists(&s->options->store))
		return fail_not_set_up(s);
	enum status status = store_open(&s->store, &s->options->store, loop_uv(s->loop), error);
	return status == STATUS_OK ? SERVE_EXIT_OK : fail_to_open(s, status, error);
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

static bool may_act(void *user)
{
	const struct serve *s = user;
	return !s->membership || member_may_act(membership_member(s->membership));
}

/* NULL: nothing is known of others. */
static const struct store_look *look_at_collectors(const struct serve *s)
{
	return s->membership ? member_look(membership_member(s->membership)) : NULL;
}

static const char *list_away(void *user, struct arena *arena)
{
	const struct store_look *look = look_at_collectors(user);

	return look ? collectors_away(look, arena) : NULL;
}

static const char *list_clocks_apart(void *user, struct arena *arena)
{
	const struct store_look *look = look_at_collectors(user);

	return look ? collectors_clocks_apart(look, arena) : NULL;
}

static int open_alerting(struct serve *s)
{
	s->api.inventory = inventory_new(s->store);
	s->hooks = hooks_open(loop_uv(s->loop), s->latest.hooks);
	struct alerting_options options = {
		.loop = loop_uv(s->loop),
		.store = s->store,
		.hooks = s->hooks,
		.inventory = s->api.inventory,
		.data = s->options->store.directory,
		.settings = settings_of_alerting(&s->latest),
		.now_ms = clock_now_ms,
		.certificate_end_ms = certificate_end,
		.away = list_away,
		.clocks_apart = list_clocks_apart,
		.may_act = may_act,
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
	s->api.feed = feed_new(loop_uv(s->loop), s->api.events, s->api.inventory,
			       alerting_remarks(s->alerting));
}

static const char *why_not_ours(void *user)
{
	struct serve *s = user;

	if (may_act(s))
		return NULL;
	const char *error = member_error(membership_member(s->membership));
	snprintf(s->why_not_ours, sizeof s->why_not_ours,
		 "it is not known for some seconds whether this collector judges still%s%s",
		 error ? ": " : "", error ? error : "");
	return s->why_not_ours;
}

static void note_fenced(void *user)
{
	const struct serve *s = user;
	member_note_fenced(membership_member(s->membership));
}

static struct pipeline_options pipeline_options_of(struct serve *s)
{
	s->lease = (struct pipeline_lease){ why_not_ours, note_fenced, s };
	return (struct pipeline_options){
		.loop = loop_uv(s->loop),
		.store = s->store,
		.feed = s->api.feed,
		.alerting = s->alerting,
		.now_ms = clock_now_ms,
		.not_before = clock_not_before,
		.lease = s->membership ? &s->lease : NULL,
	};
}

static int open_pipeline(struct serve *s)
{
	struct pipeline_options options = pipeline_options_of(s);
	char error[STORE_ERROR_SIZE];

	return pipeline_open(&s->pipeline, &options, error) == STATUS_OK ? SERVE_EXIT_OK
									 : fail(error);
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

static void reload_work(struct serve *s, const struct options *options)
{
	struct alerting_settings alerting = settings_of_alerting(options);

	store_set_limits(s->store, &options->keep);
	hooks_reload(s->hooks, options->hooks);
	alerting_configure(s->alerting, &alerting);
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
		reload_work(s, options);
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

/* With what only the database lacks another collector would be no better off. */
static bool is_able(void *user)
{
	const struct serve *s = user;
	return is_ready(user) || (s->pipeline && pipeline_is_asynchronous(s->pipeline));
}

static int64_t last_commit(void *user)
{
	const struct serve *s = user;
	return s->store ? store_last_commit(s->store) : 0;
}

static void start_hooks(struct serve *s)
{
	struct hooks_source source = { .each = each_alert, .is_ready = is_ready, .user = s };
	hooks_start(s->hooks, &source);
}

/* What tells of the fleet, from the store, which is open. */
static int open_telling(struct serve *s)
{
	store_set_limits(s->store, &s->latest.keep);
	int rc = go_on_in_time(s);
	if (rc == SERVE_EXIT_OK)
		rc = open_alerting(s);
	if (rc == SERVE_EXIT_OK)
		open_feed(s);
	return rc;
}

/* The fleet is there, and whoever asks may see it. */
static int open_to_askers(struct serve *s)
{
	s->trend = trend_new(&(struct trend_options){ loop_uv(s->loop), s->store, s->pipeline,
						      s->api.inventory });
	int rc = open_identities(s);
	if (rc != SERVE_EXIT_OK)
		return rc;
	s->api.pipeline = s->pipeline;
	s->api.alerting = s->alerting;
	s->api.store = s->store;
	s->api.identities = s->identities;
	s->api.waits_for_store = NULL;
	look_for_links(s);
	return rc;
}

static int open_front(struct serve *s)
{
	int rc = open_certificates(s);
	return rc == SERVE_EXIT_OK ? open_server(s) : rc;
}

static void give_up(struct serve *s, int rc)
{
	s->rc = rc;
	loop_release(s->loop);
	begin_end(s);
}

static void on_standby(void *user)
{
	struct serve *s = user;
	const struct record_collector *judge = member_judge(membership_member(s->membership));
	const char *name = judge ? judge->node : "nobody";

	s->api.member = membership_member(s->membership);
	s->api.waits_for_store = NULL;
	s->api.is_starting = false;
	if (strcmp(s->stands_by_for, name) == 0)
		return;
	snprintf(s->stands_by_for, sizeof s->stands_by_for, "%s", name);
	log_info("stands by: %s judges", name);
	tell_ready(s);
}

static void on_fleet_read(void *user)
{
	struct serve *s = user;
	int rc = open_to_askers(s);

	if (rc != SERVE_EXIT_OK) {
		give_up(s, rc);
		return;
	}
	start_hooks(s);
	log_info("judges");
	tell_ready(s);
}

static bool on_judge(void *user, struct store *store)
{
	struct serve *s = user;

	s->api.member = membership_member(s->membership);
	s->api.is_starting = false;
	s->store = store;
	int rc = open_telling(s);
	if (rc != SERVE_EXIT_OK) {
		give_up(s, rc);
		return false;
	}
	struct pipeline_options options = pipeline_options_of(s);
	s->pipeline = pipeline_begin(&options, on_fleet_read, s);
	return true;
}

static bool is_reading(void *user)
{
	const struct serve *s = user;
	return s->pipeline && pipeline_is_reading(s->pipeline);
}

static void begin_anew(void *user)
{
	struct serve *s = user;

	s->begins_anew = true;
	loop_on_reload(s->loop, NULL, NULL); /* who begins reads the settings */
	loop_release_and_listen(s->loop);
	begin_end(s);
}

static void on_membership_failed(void *user, enum status status, const char *error)
{
	give_up(user, fail_to_open(user, status, error));
}

static int open_membership(struct serve *s)
{
	char error[STORE_ERROR_SIZE];
	char node[LEASE_NODE_SIZE];
	struct arena arena;

	if (node_find(s->options, node, error) != STATUS_OK)
		return fail(error);
	arena_init(&arena);
	struct membership_options options = {
		.loop = loop_uv(s->loop),
		.location = &s->options->store,
		.node = node,
		.about = { s->options->external_url, node_settings(s->options, &arena) },
		.takeover_after = (unsigned)s->options->takeover_after,
		.waits = note_waiting,
		.stands_by = on_standby,
		.judges = on_judge,
		.is_reading = is_reading,
		.is_ready = is_able,
		.last_commit = last_commit,
		.leaves = begin_anew,
		.failed = on_membership_failed,
		.user = s,
	};
	s->api.is_starting = true;
	enum status status = membership_open(&s->membership, &options, error);
	arena_deinit(&arena);
	return status == STATUS_OK ? SERVE_EXIT_OK : fail_to_open(s, status, error);
}

/* The store is this collector's alone. */
static int open_alone(struct serve *s)
{
	int rc = open_store(s);

	if (rc == SERVE_EXIT_OK)
		rc = open_telling(s);
	if (rc == SERVE_EXIT_OK)
		rc = open_pipeline(s);
	return rc == SERVE_EXIT_OK ? open_to_askers(s) : rc;
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
		rc = is_shared ? open_membership(s) : open_alone(s);
	if (rc == SERVE_EXIT_OK)
		rc = open_front(s);
	if (rc != SERVE_EXIT_OK) {
		give_up(s, rc);
		return;
	}
	loop_on_reload(s->loop, reload, s);
	tell_others(s, &s->latest);
	if (!is_shared)
		start_hooks(s);
	tell_ready(s);
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

int serve_run(const struct options *options, int argc, char **argv)
{
	struct serve s = { .options = options, .argc = argc, .argv = argv, .latest = *options };

	keep_freed_memory();
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
	return s.begins_anew && s.rc == SERVE_EXIT_OK ? SERVE_BEGIN_ANEW : s.rc;
}
