#include "proto/report/json.h"

#include "proto/json/text.h"

static void put_text(struct json_text *t, const char *name, const char *value)
{
	if (value)
		json_text_string(t, name, value);
}

static void put_number(struct json_text *t, const char *name, int64_t value)
{
	if (value >= 0)
		json_text_integer(t, name, value);
}

static void put_time(struct json_text *t, const char *name, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];
	if (ms != TIMESTAMP_NONE)
		json_text_string(t, name, timestamp_format(ms, text));
}

static void put_tristate(struct json_text *t, const char *name, enum tristate value)
{
	if (value != TRISTATE_UNKNOWN)
		json_text_bool(t, name, value == TRISTATE_YES);
}

static void put_texts(struct json_text *t, const char *name, const char *const *texts, size_t n)
{
	if (n == 0)
		return;
	json_text_open(t, name, '[');
	for (size_t i = 0; i < n; i++)
		json_text_string(t, NULL, texts[i]);
	json_text_close(t, ']');
}

static void put_agent(struct json_text *t, const struct report *report)
{
	json_text_open(t, "agent", '{');
	put_text(t, "id", report->agent.id);
	put_text(t, "epoch", report->agent.epoch);
	put_text(t, "version", report->agent.version);
	put_text(t, "platform", report->agent.platform);
	json_text_close(t, '}');
}

static void put_host(struct json_text *t, const struct report *report)
{
	json_text_open(t, "host", '{');
	put_text(t, "name", report->host.name);
	put_text(t, "os", report->host.os);
	put_time(t, "booted_at", report->host.booted_at_ms);
	put_texts(t, "name_resolves_to", report->host.name_resolves_to,
		  report->host.n_name_resolves_to);
	json_text_close(t, '}');
}

static bool knows_exchange(const struct report *report)
{
	return report->exchange.installed != TRISTATE_UNKNOWN || report->exchange.version ||
	       report->exchange.service_pack != REPORT_ABSENT || report->exchange.build ||
	       report->exchange.organization || report->exchange.site || report->exchange.server ||
	       report->exchange.directory || report->exchange.clustered != TRISTATE_UNKNOWN;
}

static void put_exchange(struct json_text *t, const struct report *report)
{
	if (!knows_exchange(report))
		return;
	json_text_open(t, "exchange", '{');
	put_tristate(t, "installed", report->exchange.installed);
	put_text(t, "version", report->exchange.version);
	put_number(t, "service_pack", report->exchange.service_pack);
	put_text(t, "build", report->exchange.build);
	put_text(t, "organization", report->exchange.organization);
	put_text(t, "site", report->exchange.site);
	put_text(t, "server", report->exchange.server);
	put_text(t, "directory", report->exchange.directory);
	put_tristate(t, "clustered", report->exchange.clustered);
	json_text_close(t, '}');
}

static void put_lookups(struct json_text *t, const struct report_adapter *adapter)
{
	if (adapter->n_lookups == 0)
		return;
	json_text_open(t, "lookups", '[');
	for (size_t i = 0; i < adapter->n_lookups; i++) {
		const struct report_lookup *lookup = &adapter->lookups[i];
		json_text_open(t, NULL, '{');
		put_text(t, "address", lookup->address);
		put_text(t, "name", lookup->name);
		put_number(t, "reverse_error", lookup->reverse_error);
		put_number(t, "forward_error", lookup->forward_error);
		json_text_close(t, '}');
	}
	json_text_close(t, ']');
}

static void put_adapter(struct json_text *t, const struct report_adapter *adapter)
{
	json_text_open(t, NULL, '{');
	put_text(t, "id", adapter->id);
	put_text(t, "description", adapter->description);
	put_text(t, "mac", adapter->mac);
	put_tristate(t, "enabled", adapter->enabled);
	put_text(t, "link", link_state_name(adapter->link));
	put_texts(t, "addresses", adapter->addresses, adapter->n_addresses);
	put_texts(t, "gateways", adapter->gateways, adapter->n_gateways);
	put_lookups(t, adapter);
	json_text_close(t, '}');
}

static void put_adapters(struct json_text *t, const struct report *report)
{
	if (!report->adapters_known)
		return;
	json_text_open(t, "adapters", '[');
	for (size_t i = 0; i < report->n_adapters; i++)
		put_adapter(t, &report->adapters[i]);
	json_text_close(t, ']');
}

static void put_bindings(struct json_text *t, const struct report *report)
{
	if (report->n_tcpip_bindings == 0 && report->n_rpc_bindings == 0)
		return;
	json_text_open(t, "bindings", '{');
	put_texts(t, "tcpip", report->tcpip_bindings, report->n_tcpip_bindings);
	put_texts(t, "rpc", report->rpc_bindings, report->n_rpc_bindings);
	json_text_close(t, '}');
}

static void put_probe(struct json_text *t, const struct report_probe *probe)
{
	json_text_open(t, NULL, '{');
	put_text(t, "adapter", probe->adapter);
	put_text(t, "peer", probe->peer);
	put_text(t, "from", probe->from);
	put_text(t, "to", probe->to);
	put_text(t, "via", probe->via);
	put_text(t, "grade", grade_name(probe->grade));
	put_number(t, "for_s", probe->for_s);
	put_text(t, "error", probe_error_name(probe->error));
	put_number(t, "ms", probe->ms);
	put_number(t, "attempts", probe->attempts);
	json_text_close(t, '}');
}

static void put_probes(struct json_text *t, const char *name, const struct report_probe *probes,
		       size_t n)
{
	if (n == 0)
		return;
	json_text_open(t, name, '[');
	for (size_t i = 0; i < n; i++)
		put_probe(t, &probes[i]);
	json_text_close(t, ']');
}

static void put_events(struct json_text *t, const struct report_start *start)
{
	if (start->n_events == 0)
		return;
	json_text_open(t, "events", '[');
	for (size_t i = 0; i < start->n_events; i++) {
		const struct report_event *event = &start->events[i];
		json_text_open(t, NULL, '{');
		put_number(t, "id", event->id);
		put_time(t, "at", event->at_ms);
		put_number(t, "nt_error", event->nt_error);
		put_text(t, "text", event->text);
		json_text_close(t, '}');
	}
	json_text_close(t, ']');
}

static void put_start(struct json_text *t, const char *name, const struct report_start *start)
{
	if (!start->present)
		return;
	json_text_open(t, name, '{');
	put_time(t, "at", start->at_ms);
	put_text(t, "outcome", start_outcome_name(start->outcome));
	put_events(t, start);
	json_text_close(t, '}');
}

static void put_log(struct json_text *t, const struct report_log *log)
{
	if (!log->known)
		return;
	json_text_open(t, "log", '{');
	put_text(t, "path", log->path);
	put_number(t, "records", log->records);
	put_number(t, "lost", log->lost);
	put_number(t, "foreign", log->foreign);
	put_time(t, "oldest_at", log->oldest_at_ms);
	put_time(t, "newest_at", log->newest_at_ms);
	json_text_close(t, '}');
}

static void put_mta(struct json_text *t, const struct report *report)
{
	if (!report->mta.known)
		return;
	json_text_open(t, "mta", '{');
	put_text(t, "service", service_state_name(report->mta.service));
	put_text(t, "start_type", start_type_name(report->mta.start_type));
	put_number(t, "exit_code", report->mta.exit_code);
	put_number(t, "rpc_port", report->mta.rpc_port);
	put_start(t, "last_start", &report->mta.last_start);
	put_start(t, "last_failure", &report->mta.last_failure);
	put_log(t, &report->mta.log);
	json_text_close(t, '}');
}

static void put_files(struct json_text *t, const struct report *report)
{
	if (report->n_files == 0)
		return;
	json_text_open(t, "files", '[');
	for (size_t i = 0; i < report->n_files; i++) {
		const struct report_file *file = &report->files[i];
		json_text_open(t, NULL, '{');
		put_text(t, "name", file->name);
		put_text(t, "path", file->path);
		put_text(t, "state", file_state_name(file->state));
		put_text(t, "version", file->version);
		put_number(t, "size", file->size);
		put_time(t, "modified", file->modified_ms);
		put_text(t, "sha256", file->sha256);
		json_text_close(t, '}');
	}
	json_text_close(t, ']');
}

static void put_problems(struct json_text *t, const struct report *report)
{
	if (report->n_problems == 0)
		return;
	json_text_open(t, "problems", '[');
	for (size_t i = 0; i < report->n_problems; i++) {
		const struct report_problem *problem = &report->problems[i];
		json_text_open(t, NULL, '{');
		put_text(t, "fact", problem->fact);
		put_number(t, "code", problem->code);
		put_text(t, "message", problem->message);
		json_text_close(t, '}');
	}
	json_text_close(t, ']');
}

char *report_json_write(const struct report *report)
{
	struct json_text t = { 0 };

	json_text_limit_strings(&t, REPORT_MAX_STRING);
	json_text_open(&t, NULL, '{');
	json_text_string(&t, "schema", REPORT_SCHEMA);
	put_agent(&t, report);
	put_number(&t, "sequence", report->sequence);
	put_time(&t, "collected_at", report->collected_at_ms);
	put_number(&t, "interval_s", report->interval_s);
	put_number(&t, "duration_ms", report->duration_ms);
	put_time(&t, "received_at", report->received_at_ms);
	put_number(&t, "age_s", report->age_s);
	put_host(&t, report);
	put_exchange(&t, report);
	put_adapters(&t, report);
	put_bindings(&t, report);
	put_probes(&t, "probes", report->probes, report->n_probes);
	put_probes(&t, "self_probes", report->self_probes, report->n_self_probes);
	put_mta(&t, report);
	put_files(&t, report);
	put_problems(&t, report);
	json_text_close(&t, '}');
	return json_text_take(&t);
}
