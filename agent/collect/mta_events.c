#include "agent/collect/internal.h"

#include "proto/exposure/advisory.h"

#define NAME_KEY  "SYSTEM\\CurrentControlSet\\Control\\ComputerName\\"
#define TCPIP_KEY "SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters"
#define MAX_NAMES 5

/* Where Windows keeps the names of its machine; the active one is the former until it starts. */
static const struct {
	const char *key;
	const char *name;
} name_values[] = {
	{ NAME_KEY "ComputerName", "ComputerName" },
	{ NAME_KEY "ActiveComputerName", "ComputerName" },
	{ TCPIP_KEY, "Hostname" },
	{ TCPIP_KEY, "NV Hostname" },
};

/* The names that this machine's events may bear. A name that is not told is no problem here. */
static size_t get_names(struct collecting *c, const char *names[MAX_NAMES])
{
	size_t n = 0;
	if (c->report->host.name)
		names[n++] = c->report->host.name;
	for (size_t i = 0; i < sizeof name_values / sizeof *name_values; i++) {
		struct host_value value;
		struct os_error ignored;
		if (host_read_value(c->host, name_values[i].key, name_values[i].name, c->arena,
				    &value, &ignored) == STATUS_OK &&
		    value.kind == HOST_VALUE_STRING && value.text[0])
			names[n++] = value.text;
	}
	return n;
}

static void add_problem(struct collecting *c, const char *message)
{
	report_add_problem(c->report, c->arena, "mta.events", REPORT_ABSENT, message);
}

/*
 * Is it the log of another machine? On a cluster each node has the others' events (KB 224969), and
 * an MTA that never started on this one has none of its own.
 */
static void check_owner(struct collecting *c, const struct host_answer *answer)
{
	bool no_own = answer->of_source == 0 && answer->log.foreign > 0;
	bool none_at_all = answer->own == 0 && answer->log.records > 0;
	if (c->report->exchange.clustered == TRISTATE_YES || !answer->other ||
	    !c->report->host.name || !(no_own || none_at_all))
		return;
	add_problem(c, arena_printf(c->arena,
				    "event log %s is that of %s, not of %s: copy this server's own "
				    "log (if it bore that name once, its events of then do not "
				    "count)",
				    answer->log.path, answer->other, c->report->host.name));
}

/* Is a record lost behind the last event that tells how a start went? */
static void check_losses(struct collecting *c, const struct host_answer *answer)
{
	if (answer->log.lost == 0)
		return;
	for (size_t i = answer->n_before_loss; i < answer->n; i++) {
		if (mta_starts_tells_outcome(answer->events[i].id))
			return;
	}
	add_problem(c, arena_printf(c->arena,
				    "event log %s: damaged records: %lu, one of them behind the "
				    "last start of the MTA that it tells of; it may have told of "
				    "another start",
				    answer->log.path, (unsigned long)answer->log.lost));
}

static void fill_log(struct collecting *c, const struct host_log *log)
{
	c->report->mta.log = (struct report_log){
		.known = true,
		.path = report_text(log->path, c->arena),
		.records = (int64_t)log->records,
		.lost = (int64_t)log->lost,
		.foreign = (int64_t)log->foreign,
		.oldest_at_ms = log->oldest_ms,
		.newest_at_ms = log->newest_ms,
	};
}

void collect_events(struct collecting *c)
{
	const char *names[MAX_NAMES];
	const struct host_question question = {
		.source = ADVISORY_MTA_SOURCE,
		.ids = mta_starts_event_ids,
		.n_ids = mta_starts_n_event_ids,
		.computers = names,
		.n_computers = get_names(c, names),
	};
	struct host_answer answer;
	struct os_error error;
	struct mta_starts history;
	if (host_read_events(c->host, &question, c->arena, &answer, &error) != STATUS_OK) {
		collect_problem(c, "mta.events", &error);
		return;
	}
	mta_starts_judge(answer.events, answer.n, c->report->mta.service, host_wall_ms(c->host),
			 c->arena, &history);
	c->report->mta.last_start = history.last_start;
	c->report->mta.last_failure = history.last_failure;
	c->running_build = history.build;
	fill_log(c, &answer.log);
	if (answer.gap)
		collect_problem(c, "mta.events", answer.gap);
	check_losses(c, &answer);
	check_owner(c, &answer);
}
