#include <stdio.h>

#include "collector/auth/identities.h"
#include "collector/base/clock.h"
#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/crypto/tls_context.h"
#include "collector/daemon/serve.h"
#include "collector/daemon/serve_internal.h"
#include "collector/hooks/hook.h"
#include "collector/http/server.h"
#include "collector/pipeline/alerting.h"
#include "collector/pipeline/feed.h"
#include "collector/store/store.h"
#include "proto/base/timestamp.h"

/* Reports and alerts that were over before do not come back where the clock was set back. */
static int go_on_in_time(struct serve *s)
{
	char error[STORE_ERROR_SIZE];
	int64_t latest_ms;

	if (store_read_latest_time(store_reader(s->store), &latest_ms, error) != STATUS_OK)
		return serve_fail(error);
	clock_not_before(latest_ms);
	return SERVE_EXIT_OK;
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
		.last_gap_ms = clock_last_gap_ms,
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

int serve_open_pipeline(struct serve *s)
{
	struct pipeline_options options = pipeline_options_of(s);
	char error[STORE_ERROR_SIZE];

	return pipeline_open(&s->pipeline, &options, error) == STATUS_OK ? SERVE_EXIT_OK
									 : serve_fail(error);
}

void serve_begin_pipeline(struct serve *s, void (*opened)(void *user))
{
	struct pipeline_options options = pipeline_options_of(s);

	s->pipeline = pipeline_begin(&options, opened, s);
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
		return serve_fail(error);
	return identities_any(s->identities) ? SERVE_EXIT_OK : serve_fail_not_set_up(s);
}

/* A notification should lead to its alert's page, for whoever is woken by it. */
static void look_for_links(const struct serve *s)
{
	if (hooks_count(s->hooks) > 0 && !s->options->external_url)
		log_warning(
			"what hooks tell has no links, for the address of this page is not known: "
			"set external-url");
}

void serve_reload_work(struct serve *s, const struct options *options)
{
	struct alerting_settings alerting = settings_of_alerting(options);

	store_set_limits(s->store, &options->keep);
	hooks_reload(s->hooks, options->hooks);
	alerting_configure(s->alerting, &alerting);
}

static void each_alert(void *user,
		       void (*visit)(void *visitor, const struct notification_alert *alert),
		       void *visitor)
{
	const struct serve *s = user;
	alerts_each_firing(alerting_alerts(s->alerting), visit, visitor);
}

bool serve_is_ready(void *user)
{
	const struct serve *s = user;
	return s->pipeline && pipeline_is_ready(s->pipeline);
}

void serve_start_hooks(struct serve *s)
{
	struct hooks_source source = { .each = each_alert, .is_ready = serve_is_ready, .user = s };
	hooks_start(s->hooks, &source);
}

/* What tells of the fleet, from the store, which is open. */
int serve_open_telling(struct serve *s)
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
int serve_open_to_askers(struct serve *s)
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
