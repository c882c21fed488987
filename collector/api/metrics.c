#include "collector/api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/base/exposition.h"
#include "collector/base/histogram.h"
#include "collector/base/text_map.h"
#include "collector/crypto/tls_context.h"
#include "collector/pipeline/alerting.h"
#include "proto/exposure/exposure.h"

/* The servers of one site by verdict; the silent ones count as what they were. */
struct site_tally {
	const char *organization; /* NULL where its servers name none; so with `site` */
	const char *site;
	size_t by_verdict[VERDICT_COUNT];
	size_t silent;
	struct site_tally *next;
};

struct tallies {
	struct arena *arena;
	struct text_map by_name;
	struct site_tally *first;
};

static struct site_tally *tally_of(struct tallies *tallies, const struct view *view)
{
	const char *organization = view->organization ? view->organization : "";
	const char *site = view->site ? view->site : "";
	const char *name =
		arena_printf(tallies->arena, "%zu:%s%s", strlen(organization), organization, site);
	struct site_tally *tally = text_map_get(&tallies->by_name, name);

	if (tally)
		return tally;
	tally = arena_alloc(tallies->arena, sizeof *tally);
	tally->organization = organization;
	tally->site = site;
	tally->next = tallies->first;
	tallies->first = tally;
	text_map_add(&tallies->by_name, name, tally);
	return tally;
}

static void count_servers(struct tallies *tallies, const struct fleet *fleet)
{
	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct view *view = fleet_view(fleet, i);
		if (!view)
			continue;
		struct site_tally *tally = tally_of(tallies, view);
		tally->by_verdict[view->verdict]++;
		tally->silent += view->silent;
	}
}

static void expose_sites(const struct fleet *fleet, struct arena *arena, struct buffer *out)
{
	struct tallies tallies = { .arena = arena };

	count_servers(&tallies, fleet);
	exposition_family(out, "mtawatch_servers", "gauge",
			  "Servers by site and verdict; a silent one counts by its last verdict.");
	for (const struct site_tally *t = tallies.first; t; t = t->next) {
		for (int v = 0; v < VERDICT_COUNT; v++)
			exposition_sample(out, "mtawatch_servers", (double)t->by_verdict[v],
					  "organization", t->organization, "site", t->site,
					  "verdict", verdict_name((enum verdict)v), NULL);
	}
	exposition_family(out, "mtawatch_servers_silent", "gauge",
			  "Servers whose last report is too old to prove anything.");
	for (const struct site_tally *t = tallies.first; t; t = t->next)
		exposition_sample(out, "mtawatch_servers_silent", (double)t->silent, "organization",
				  t->organization, "site", t->site, NULL);
	text_map_deinit(&tallies.by_name);
}

struct version_tally {
	const char *version;
	size_t n;
	struct version_tally *next;
};

/* By the latest reports: what is still to be brought up to date. */
static void expose_agents(const struct fleet *fleet, struct arena *arena, struct buffer *out)
{
	static const char name[] = "mtawatch_agent_info";
	struct text_map by_version = { .n = 0 };
	struct version_tally *first = NULL;

	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct view *view = fleet_view(fleet, i);
		const char *version = view && view->agent_version ? view->agent_version : "";
		struct version_tally *tally = text_map_get(&by_version, version);
		if (!tally) {
			tally = arena_alloc(arena, sizeof *tally);
			*tally = (struct version_tally){ version, 0, first };
			text_map_add(&by_version, version, tally);
			first = tally;
		}
		tally->n++;
	}
	exposition_family(out, name, "gauge", "Servers by the version of their agent.");
	for (const struct version_tally *t = first; t; t = t->next)
		exposition_sample(out, name, (double)t->n, "version", t->version, NULL);
	text_map_deinit(&by_version);
}

static bool is_worth_a_sample(const struct view *view)
{
	return view && (view->silent || view->verdict < VERDICT_CLEAR);
}

/* Only the servers that somebody has to look at: a fleet may have a hundred thousand. */
static void expose_servers(const struct fleet *fleet, struct buffer *out)
{
	static const char verdict[] = "mtawatch_server_verdict";
	static const char reported[] = "mtawatch_server_report_timestamp_seconds";

	exposition_family(out, verdict, "gauge",
			  "1 for each server that is silent or whose verdict is not harmless.");
	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct view *v = fleet_view(fleet, i);
		if (is_worth_a_sample(v))
			exposition_sample(out, verdict, 1, "organization", v->organization, "site",
					  v->site, "server", v->server, "verdict",
					  verdict_name(v->verdict), "silent",
					  v->silent ? "true" : "false", NULL);
	}
	exposition_family(out, reported, "gauge", "Time of the latest report of these servers.");
	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct view *v = fleet_view(fleet, i);
		if (is_worth_a_sample(v))
			exposition_sample(out, reported, (double)v->reported_at_ms / 1000,
					  "organization", v->organization, "site", v->site,
					  "server", v->server, NULL);
	}
}

/* What agents were told of their reports. */
static void expose_reports(const struct http_stats *stats, struct buffer *out)
{
	static const char name[] = "mtawatch_reports_total";
	static const struct {
		const char *result;
		int from;
		int to; /* statuses */
	} results[] = {
		{ "accepted", 200, 200 },     { "malformed", 400, 400 },
		{ "unauthorized", 401, 403 }, { "conflicting", 409, 409 },
		{ "too_large", 413, 413 },    { "unsupported_type", 415, 415 },
		{ "invalid", 422, 422 },      { "unavailable", 500, 599 },
	};

	exposition_family(out, name, "counter", "Reports by what their agents were told.");
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		exposition_sample(out, name,
				  (double)http_stats_count(stats, "/v1/reports", results[i].from,
							   results[i].to),
				  "result", results[i].result, NULL);
}

static void expose_strangers(const struct api *api, struct buffer *out)
{
	static const char name[] = "mtawatch_refused_identities_total";
	static const char *const kinds[API_STRANGERS] = { [API_STRANGER_LOGIN] = "login",
							  [API_STRANGER_TOKEN] = "token",
							  [API_STRANGER_AGENT] = "agent" };

	exposition_family(out, name, "counter",
			  "Logins, calls and agents whose token or key is not known.");
	for (size_t i = 0; i < API_STRANGERS; i++)
		exposition_sample(out, name, (double)api->n_strangers[i], "kind", kinds[i], NULL);
}

static double resident_bytes(void)
{
	char line[128] = "";
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm)
		return 0;
	const char *resident = fgets(line, sizeof line, statm) ? strchr(line, ' ') : NULL;
	fclose(statm); /* only read */
	return resident ? (double)strtoul(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE) : 0;
}

static void expose_one(struct buffer *out, const char *name, const char *type, const char *help,
		       double value)
{
	exposition_family(out, name, type, help);
	exposition_sample(out, name, value, NULL);
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void expose_certificate(const struct tls_context *tls, struct buffer *out)
{
	if (tls)
		expose_one(out, "mtawatch_certificate_expiry_timestamp_seconds", "gauge",
			   "When the server's certificate ends.",
			   (double)tls_context_info(tls)->not_after_ms / 1000);
}

static void expose_connections(const struct server *server, struct buffer *out)
{
	struct server_counts counts = server_counts(server);
	const char *handshakes = "mtawatch_tls_handshakes_total";
	const char *cut = "mtawatch_connections_cut_total";

	expose_one(out, "mtawatch_connections", "gauge", "Open connections.",
		   (double)counts.connections);
	expose_one(out, "mtawatch_connections_accepted_total", "counter", "Connections so far.",
		   (double)counts.accepted);
	expose_one(out, "mtawatch_connections_turned_away_total", "counter",
		   "Connections that were too many, in all or of one address.",
		   (double)counts.turned_away);
	expose_one(out, "mtawatch_request_body_bytes", "gauge",
		   "Bodies of requests that are being received or answered.",
		   (double)counts.body_bytes);
	expose_one(out, "mtawatch_request_bodies_refused_total", "counter",
		   "Requests answered 503 because the bodies of others took all the room.",
		   (double)counts.bodies_refused);
	expose_one(out, "mtawatch_waiting_bytes", "gauge",
		   "Answers and parts of requests that wait in memory for slow peers.",
		   (double)counts.waiting_bytes);
	exposition_family(out, cut, "counter",
			  "Connections that were cut, of slow peers and of strangers in excess.");
	exposition_sample(out, cut, (double)counts.slow, "reason", "slow", NULL);
	exposition_sample(out, cut, (double)counts.crowded, "reason", "crowded", NULL);
	exposition_sample(out, cut, (double)counts.displaced, "reason", "displaced", NULL);
	exposition_family(out, handshakes, "counter", "TLS handshakes by their end.");
	exposition_sample(out, handshakes, (double)counts.handshakes_done, "result", "done", NULL);
	exposition_sample(out, handshakes, (double)counts.handshakes_failed, "result", "failed",
			  NULL);
	expose_certificate(server_tls(server), out);
}

static void expose_loop(const struct histogram *turns, struct buffer *out)
{
	static const char name[] = "mtawatch_loop_lag_seconds";

	exposition_family(out, name, "histogram",
			  "How long the event loop was held by what it did at a time, while all "
			  "others waited.");
	histogram_expose(turns, name, NULL, NULL, NULL, NULL, out);
}

static void expose_store(const struct api *api, struct buffer *out)
{
	expose_one(out, "mtawatch_judges", "gauge",
		   "Whether this collector judges; of those that share a database one does.",
		   api->pipeline != NULL);
	if (!api->pipeline)
		return; /* nobody is to be woken because it stands by */
	expose_one(out, "mtawatch_ready", "gauge", "Whether reports can be stored.",
		   pipeline_is_ready(api->pipeline));
	expose_one(out, "mtawatch_store_lost_commits_total", "counter",
		   "Commits that the database had confirmed and lacked later.",
		   (double)store_lost_commits(api->store));
	expose_one(out, "mtawatch_store_asynchronous", "gauge",
		   "Whether the database lacks the synchronous standby that is required.",
		   store_is_asynchronous(api->store));
}

static void expose_process(const struct api *api, struct buffer *out)
{
	struct rusage used;

	exposition_family(out, "mtawatch_build_info", "gauge", "1, with the version as a label.");
	exposition_sample(out, "mtawatch_build_info", 1, "version", MTAWATCH_VERSION, NULL);
	expose_store(api, out);
	expose_connections(api->server, out);
	expose_loop(api->loop_turns, out);
	if (getrusage(RUSAGE_SELF, &used) == 0)
		expose_one(out, "process_cpu_seconds_total", "counter",
			   "Processor time, user and system.",
			   seconds(used.ru_utime) + seconds(used.ru_stime));
	expose_one(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
		   resident_bytes());
	expose_one(out, "process_start_time_seconds", "gauge", "When the collector began.",
		   (double)api->started_ms / 1000);
}

static void expose_alerts(const struct alerts *alerts, struct buffer *out)
{
	static const char name[] = "mtawatch_alerts_firing";

	exposition_family(out, name, "gauge", "Alerts that fire, by condition.");
	for (int i = 0; i < CONDITION_COUNT; i++)
		exposition_sample(out, name, (double)alerts_count_firing(alerts, (enum condition)i),
				  "condition", condition_name((enum condition)i), NULL);
}

/* One family for all hooks; `which` picks a number of its counts. */
static void expose_hooks(struct alerting *alerting, const char *name, const char *type,
			 const char *help, double (*which)(const struct outbox_counts *counts),
			 struct buffer *out)
{
	struct hooks *hooks = alerting_hooks(alerting);

	exposition_family(out, name, type, help);
	for (size_t i = 0; i < hooks_count(hooks); i++) {
		const char *hook = hooks_at(hooks, i)->name;
		struct outbox_counts counts = outbox_count(alerting_outbox(alerting), hook);
		exposition_sample(out, name, which(&counts), "hook", hook, NULL);
	}
}

static double count_waiting(const struct outbox_counts *counts)
{
	return (double)counts->waiting;
}

static double count_delivered(const struct outbox_counts *counts)
{
	return (double)counts->delivered;
}

static double count_failed(const struct outbox_counts *counts)
{
	return (double)counts->failed;
}

static double count_dead(const struct outbox_counts *counts)
{
	return (double)counts->dead;
}

static void expose_outbox(struct alerting *alerting, struct buffer *out)
{
	expose_hooks(alerting, "mtawatch_hook_queue_length", "gauge",
		     "Notifications that wait for a hook.", count_waiting, out);
	expose_hooks(alerting, "mtawatch_hook_deliveries_total", "counter",
		     "Notifications that a hook has taken.", count_delivered, out);
	expose_hooks(alerting, "mtawatch_hook_failures_total", "counter", "Attempts that failed.",
		     count_failed, out);
	expose_hooks(alerting, "mtawatch_hook_dead_letters_total", "counter",
		     "Notifications that could not be delivered.", count_dead, out);
}

static void expose_fleet(const struct api *api, struct arena *arena, struct buffer *out)
{
	const struct fleet *fleet = pipeline_fleet(api->pipeline);

	expose_sites(fleet, arena, out);
	expose_agents(fleet, arena, out);
	expose_servers(fleet, out);
	expose_reports(api->stats, out);
	expose_strangers(api, out);
	expose_alerts(alerting_alerts(api->alerting), out);
	expose_outbox(api->alerting, out);
}

void api_metrics_get(struct call *call)
{
	const struct api *api = call->context;
	struct answer answer = { .status = 200, .content_type = EXPOSITION_CONTENT_TYPE };
	struct buffer out;

	buffer_init(&out);
	expose_process(api, &out);
	if (api->pipeline)
		expose_fleet(api, &call->arena, &out);
	http_stats_expose(api->stats, &out);
	answer.body = buffer_take(&out, &answer.size);
	call_answer(call, &answer);
}
