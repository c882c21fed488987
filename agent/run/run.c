#include "agent/run/run.h"

#include <stdlib.h>

#include "agent/config/send_options.h"
#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "agent/run/announced_verdict.h"
#include "agent/run/cycle.h"
#include "agent/run/watch.h"
#include "agent/uplink/uplink.h"
#include "proto/report/json.h"

struct runner {
	struct host *host;
	struct config *config;
	const struct options *options; /* of `config` */
	bool (*stopped)(void);
	const struct run_hooks *hooks;
	struct cycle cycle;
	struct uplink *uplink; /* NULL: no collector is set */
	uint64_t begun_ms;     /* of the last cycle */
	uint64_t next_ms;      /* the next one is due */
	struct announced_verdict announced;
	struct watch watch;
	uint64_t look_ms; /* the next look is due */
};

static void take_answer(struct runner *r, const char *body, size_t size)
{
	if (!cycle_take_answer(&r->cycle, body, size))
		return;
	announced_verdict_take(&r->announced, r->cycle.answer.verdict);
}

/* News that the uplink got from the collector. */
static void take_news(struct runner *r)
{
	struct uplink_news news;

	if (!r->uplink || !uplink_take_news(r->uplink, &news))
		return;
	if (news.id[0])
		cycle_take_id(&r->cycle, news.id);
	if (news.conflict) {
		log_warning("the collector knows other reports of ours by the same numbers (was "
			    "this machine restored from an image?): a new epoch begins");
		cycle_take_conflict(&r->cycle);
	}
	if (news.answer)
		take_answer(r, news.answer, news.size);
	free(news.answer);
}

static uint64_t jittered_interval_ms(struct runner *r)
{
	struct os_error error;
	uint64_t interval_ms = (uint64_t)cycle_interval_s(&r->cycle) * 1000;
	uint64_t spread_ms = interval_ms * RUN_JITTER_PERCENT / 100;
	uint16_t random = 0;

	if (host_random(r->host, &random, sizeof random, &error) != STATUS_OK)
		return interval_ms; /* no jitter then */
	return interval_ms - spread_ms + 2 * spread_ms * random / 0xffff;
}

/* Runs a cycle and hands its report to the uplink, where there is one. */
static enum status run_cycle(struct runner *r)
{
	struct arena arena;
	struct report report;
	struct moment at;

	r->begun_ms = host_now_ms(r->host);
	arena_init(&arena);
	enum status status = cycle_run(&r->cycle, &arena, &report, &at);
	if (status == STATUS_OK)
		announced_verdict_judge(&r->announced, &report, r->options->collectors.n > 0);
	if (status == STATUS_OK && r->uplink) {
		char *body = report_json_write(&report);
		uplink_offer(r->uplink, body, &at, cycle_interval_s(&r->cycle));
		free(body);
	}
	arena_deinit(&arena);
	return status;
}

/* `at_ms`, but not before `gap_ms` after the last cycle began, nor before probes may go on. */
static uint64_t not_before(const struct runner *r, uint64_t at_ms, uint64_t gap_ms)
{
	uint64_t gap_over_ms = r->begun_ms + gap_ms;
	uint64_t ready_ms = budget_ready_ms(&r->cycle.budget, r->cycle.n_connections);

	if (at_ms < gap_over_ms)
		at_ms = gap_over_ms;
	return at_ms > ready_ms ? at_ms : ready_ms;
}

/* Something changed: the next cycle comes soon. */
static void hasten(struct runner *r, const char *what)
{
	uint64_t soon_ms = not_before(r, host_now_ms(r->host) + RUN_SETTLE_MS, RUN_MIN_GAP_MS);

	if (soon_ms < r->next_ms) {
		log_info("%s: the next cycle comes now", what);
		r->next_ms = soon_ms;
	}
}

static enum status open_uplink(struct runner *r)
{
	const struct options *o = r->options;

	if (o->collectors.n == 0) {
		log_warning("no collector is set: this server is judged alone until one is");
		return STATUS_OK;
	}
	struct upstream_options options = { .collectors = o->collectors.list,
					    .n_collectors = o->collectors.n,
					    .state_dir = r->cycle.state_dir,
					    .enroll_secret_file = o->enroll_secret_file,
					    .send = send_options_of(o) };
	enum status status = uplink_open(&r->uplink, r->host, &options);

	if (status != STATUS_OK)
		log_error("could not make ready to send to %s: %s", o->collectors.list[0],
			  status_text(status));
	else if (!o->once)
		status = uplink_start(r->uplink);
	return status;
}

/* A service has no standard error that anybody sees. */
static void configure_log(struct runner *r)
{
	const struct options *o = r->options;
	const char *path = o->log_file;
	struct arena arena;

	arena_init(&arena);
	if (!path && r->hooks && r->hooks->log_name && r->cycle.state_dir)
		path = files_join(&arena, r->cycle.state_dir, r->hooks->log_name);
	log_configure(o->log_level, path, o->log_max_kb);
	arena_deinit(&arena);
}

/* Reads the settings again, and follows them; gives the groups in which something changed. */
static unsigned follow_settings(struct runner *r)
{
	unsigned changed = config_refresh(r->config);

	if (changed & SETTING_KEEPING)
		configure_log(r);
	if (changed & SETTING_REPORTING) {
		uplink_close(r->uplink);
		r->uplink = NULL;
		(void)open_uplink(r); /* logged; the next change may do better */
	}
	return changed;
}

static void look_for_changes(struct runner *r)
{
	if (follow_settings(r) & (SETTING_REPORTING | SETTING_PROBING))
		hasten(r, "a setting changed");
	const char *changed = watch_find_change(&r->watch);

	if (changed)
		hasten(r, changed);
	r->look_ms = host_now_ms(r->host) + WATCH_PACE_MS;
}

/* Waits for the next thing to do. */
static void wait_for_work(struct runner *r)
{
	uint64_t now_ms = host_now_ms(r->host);
	uint64_t due_ms = r->next_ms < r->look_ms ? r->next_ms : r->look_ms;
	uint32_t wait_ms = due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 0;
	enum host_wake wake = host_wait(r->host, wait_ms);

	if (wake == HOST_WAKE_CHANGE)
		hasten(r, "an adapter or an address changed");
	if (wake == HOST_WAKE_LOG || host_now_ms(r->host) >= r->look_ms)
		look_for_changes(r);
}

static void begin_cycle(struct runner *r)
{
	(void)follow_settings(r);
	(void)watch_find_change(&r->watch); /* what is new is in this report */
	(void)run_cycle(r);                 /* logged; the next one may do better */
	r->next_ms = not_before(r, r->begun_ms + jittered_interval_ms(r), 0);
}

static enum status run_until_stopped(struct runner *r)
{
	while (!r->stopped()) {
		take_news(r);
		if (host_now_ms(r->host) >= r->next_ms)
			begin_cycle(r);
		if (!r->stopped())
			wait_for_work(r);
	}
	return STATUS_OK;
}

static enum status run_once(struct runner *r)
{
	enum status status = run_cycle(r);

	if (status != STATUS_OK)
		return status;
	bool accepted = r->uplink && uplink_work(r->uplink, r->stopped);
	take_news(r);
	return accepted ? STATUS_OK : STATUS_UNREACHABLE;
}

enum status run(struct host *host, struct config *config, bool (*stopped)(void),
		const struct run_hooks *hooks)
{
	const struct options *options = config_options(config);
	struct runner r = { .host = host,
			    .config = config,
			    .options = options,
			    .stopped = stopped,
			    .hooks = hooks };

	watch_init(&r.watch, host);
	configure_log(&r); /* for what comes before the state directory is there */
	enum status status = cycle_open(&r.cycle, host, options, true, stopped);

	configure_log(&r);
	if (status == STATUS_OK)
		status = open_uplink(&r);
	if (status == STATUS_OK) {
		announced_verdict_init(&r.announced, host,
				       cycle_has_answer(&r.cycle) ? &r.cycle.answer.verdict : NULL);
		const char *collectors = option_urls_text(&options->collectors, &r.cycle.arena);
		log_info("mtawatch-agent %s reports to %s", MTAWATCH_VERSION,
			 collectors ? collectors : "nobody yet");
		r.next_ms = host_now_ms(host);
		if (hooks)
			hooks->ready(hooks->user);
		status = options->once ? run_once(&r) : run_until_stopped(&r);
	}
	uplink_close(r.uplink);
	cycle_close(&r.cycle);
	return status;
}
