#include "agent/run/cycle.h"

#include <stdlib.h>

#include "agent/config/settings.h"
#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "agent/probe/dealt.h"
#include "agent/probe/plan.h"

#define ANSWER_FILE  "answer.json"
#define HISTORY_FILE "history"

static const char *state_path(const struct cycle *c, const char *name, struct arena *arena)
{
	return files_join(arena, c->state_dir, name);
}

/* Reads an answer into `c`; says why it cannot, else NULL. */
static const char *read_answer(struct cycle *c, const char *body, size_t size)
{
	struct arena arena;
	struct answer answer;
	const char *why = NULL;

	arena_init(&arena);
	if (answer_read(body, size, &arena, &answer, &why) != STATUS_OK) {
		arena_deinit(&arena);
		return why;
	}
	if (answer.interval_s < DEALT_MIN_INTERVAL_S && answer.interval_s != c->answer.interval_s &&
	    c->options->interval_s == 0)
		log_warning("the collector asks for a cycle every %ld seconds; without a setting "
			    "'interval' there are at least %d between two",
			    (long)answer.interval_s, DEALT_MIN_INTERVAL_S);
	arena_deinit(&c->answer_arena);
	c->answer_arena = arena;
	c->answer = answer;
	return NULL;
}

static void load_answer(struct cycle *c, struct arena *arena)
{
	const char *path = state_path(c, ANSWER_FILE, arena);
	char *body = NULL;
	size_t n = 0;
	enum status status = files_read(path, ANSWER_MAX_BYTES, &body, &n);

	if (status == STATUS_NOT_FOUND)
		return;
	const char *why = status == STATUS_OK ? read_answer(c, body, n) : status_text(status);
	if (why)
		log_warning("could not use %s, the collector's last answer: %s", path, why);
	free(body);
}

static void load_history(struct cycle *c, struct arena *arena)
{
	const char *path = state_path(c, HISTORY_FILE, arena);
	enum status status = grade_history_load(c->history, path);

	if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		log_warning("could not use %s: %s; every grade begins anew", path,
			    status_text(status));
}

/* The state directory is there, or is made, or is done without. */
static enum status prepare_dir(struct cycle *c)
{
	if (!c->state_dir && c->keep) {
		log_error("the system names no place for the agent's state: use --state-dir");
		return STATUS_NOT_FOUND;
	}
	enum status status = c->keep ? files_make_dir(c->state_dir) : STATUS_OK;
	if (status != STATUS_OK)
		log_error("could not make the state directory %s: %s", c->state_dir,
			  status_text(status));
	const char *fault =
		status == STATUS_OK && c->keep ? files_dir_fault(c->state_dir, &c->arena) : NULL;
	if (!fault)
		return status;
	log_error("the agent's key and reports are not safe: %s", fault);
	c->state_dir = NULL; /* nothing is written there, no log either */
	return STATUS_DENIED;
}

enum status cycle_open(struct cycle *cycle, struct host *host, const struct options *options,
		       bool keep, bool (*stopped)(void))
{
	struct cycle *c = cycle;
	struct arena arena;

	*c = (struct cycle){ .host = host, .options = options, .keep = keep, .stopped = stopped };
	arena_init(&c->arena);
	arena_init(&c->answer_arena);
	c->collect = collect_new(host);
	c->history = grade_history_new();
	c->state_dir = options->state_dir ? arena_strdup(&c->arena, options->state_dir)
					  : files_default_state_dir(&c->arena);
	enum status status = prepare_dir(c);
	if (status == STATUS_OK)
		status = identity_open(&c->identity, host, c->state_dir, keep);
	if (status == STATUS_OK && c->state_dir) {
		arena_init(&arena);
		load_answer(c, &arena);
		load_history(c, &arena);
		arena_deinit(&arena);
	}
	return status;
}

void cycle_close(struct cycle *cycle)
{
	collect_free(cycle->collect);
	grade_history_free(cycle->history);
	free(cycle->refused);
	arena_deinit(&cycle->answer_arena);
	arena_deinit(&cycle->arena);
}

/* The interval that was set, or the collector's within its limit, or the default. */
static int64_t wanted_interval_s(const struct cycle *c)
{
	if (c->options->interval_s > 0)
		return c->options->interval_s;
	if (c->answer.interval_s == 0)
		return REPORT_INTERVAL;
	return c->answer.interval_s > DEALT_MIN_INTERVAL_S ? c->answer.interval_s
							   : DEALT_MIN_INTERVAL_S;
}

int64_t cycle_interval_s(const struct cycle *cycle)
{
	int64_t wanted_s = wanted_interval_s(cycle);
	uint64_t pace_ms = (uint64_t)cycle->n_connections * BUDGET_WINDOW_MS / BUDGET_CONNECTIONS;
	int64_t pace_s = (int64_t)(pace_ms + 999) / 1000;

	return wanted_s > pace_s ? wanted_s : pace_s;
}

bool cycle_has_answer(const struct cycle *cycle)
{
	return cycle->answer.interval_s > 0; /* every answer has one */
}

/* The longest time between two cycles that still follow each other: half an interval is jitter. */
static int64_t max_gap_ms(const struct cycle *c)
{
	return cycle_interval_s(c) * 1500 + c->options->probe_limit_s * 1000;
}

/* The peers that were dealt and may be probed, and those that the administrator named. */
static struct peers *choose_peers(struct cycle *c, struct arena *arena, struct report *report)
{
	struct peers *peers = arena_alloc(arena, sizeof *peers);
	const char *refused =
		dealt_take(peers, &c->answer.peers, report, &c->options->allow_peers, arena);

	log_trouble(&c->refused, refused);
	if (refused)
		report_add_problem(report, arena, "probes", REPORT_ABSENT, refused);
	for (size_t i = 0; i < c->options->peers.n; i++)
		peers_add(peers, &c->options->peers.list[i]);
	return peers;
}

static size_t connections_of(const struct probe_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->jobs[i].n_connections;
	return n;
}

static enum status probe(struct cycle *c, struct arena *arena, struct report *report)
{
	struct probe_settings settings = { (uint32_t)c->options->probe_limit_s * 1000, c->stopped,
					   &c->budget };
	struct peers *peers = choose_peers(c, arena, report);
	struct probe_plan plan;

	probe_plan_make(&plan, report, peers, arena);
	if (peers->left_out + plan.left_out > 0)
		report_add_problem(report, arena, "probes", REPORT_ABSENT,
				   "there are more peers than are probed in one cycle");
	enum status status = probe_run(c->host, plan.jobs, plan.n, &settings);
	c->n_connections = connections_of(&plan);
	if (status == STATUS_OK)
		probe_plan_write(&plan, c->host, c->history, report, arena);
	else if (status != STATUS_TIMED_OUT)
		log_error("could not probe the peers: %s", status_text(status));
	return status;
}

static enum status number_report(struct cycle *c, struct report *report)
{
	enum status status = STATUS_OK;

	if (c->keep)
		status = identity_next(&c->identity, c->host);
	else
		c->identity.sequence++; /* what it would be */
	report->agent.id = c->identity.id;
	report->agent.epoch = c->identity.epoch;
	report->agent.version = MTAWATCH_VERSION;
	report->agent.platform = host_platform();
	report->sequence = c->identity.sequence;
	return status;
}

/* Nobody could tell whose report it is without one; a copied disk need not tell it. */
static enum status need_name(const struct report *report)
{
	const struct report_problem *problem = report_find_problem(report, "host.name");

	if (report->host.name)
		return STATUS_OK;
	log_error("the name of the server is not known: %s",
		  problem && problem->message ? problem->message : "nothing tells it");
	return STATUS_NOT_FOUND;
}

static void save_history(struct cycle *c, struct arena *arena)
{
	const char *path = state_path(c, HISTORY_FILE, arena);
	enum status status = grade_history_save(c->history, path);

	if (status != STATUS_OK)
		log_warning("could not write %s: %s", path, status_text(status));
}

enum status cycle_run(struct cycle *cycle, struct arena *arena, struct report *out,
		      struct moment *at)
{
	struct cycle *c = cycle;
	uint64_t begun_ms = host_now_ms(c->host);
	struct report *report = out;

	collect_facts(c->collect, arena, report);
	enum status status = need_name(report);
	if (status != STATUS_OK)
		return status;
	*at = moment_now(c->host);
	report->collected_at_ms = at->wall_ms;
	grade_history_begin(c->history, at, max_gap_ms(c));
	if (host_has_network(c->host))
		status = probe(c, arena, report);
	report->interval_s = cycle_interval_s(c);
	if (status == STATUS_OK)
		collect_names(c->collect, arena, report, c->stopped);
	report->duration_ms = (int64_t)(host_now_ms(c->host) - begun_ms);
	if (status == STATUS_OK && c->keep)
		save_history(c, arena);
	return status == STATUS_OK ? number_report(c, report) : status;
}

bool cycle_take_answer(struct cycle *cycle, const char *body, size_t size)
{
	struct arena arena;
	const char *why = read_answer(cycle, body, size);

	if (why) {
		log_warning("could not use the collector's answer: %s", why);
		return false;
	}
	arena_init(&arena);
	const char *path = state_path(cycle, ANSWER_FILE, &arena);
	enum status status = files_replace(path, body, size);
	if (status != STATUS_OK)
		log_warning("could not write %s: %s", path, status_text(status));
	arena_deinit(&arena);
	return true;
}

void cycle_take_id(struct cycle *cycle, const char *id)
{
	/* A failure is logged there; the id is then told again at the next start. */
	(void)identity_take_id(&cycle->identity, cycle->host, id);
}

void cycle_take_conflict(struct cycle *cycle)
{
	/* A failure is logged there; the numbers then go on as they are. */
	(void)identity_renew_epoch(&cycle->identity, cycle->host);
}
