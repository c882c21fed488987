#include "proto/report/json.h"

#include "proto/json/write.h"

static void put_text(struct buffer *out, const char *name, const char *value)
{
	if (value)
		json_put_text_cut(out, name, value, REPORT_MAX_STRING);
}

static void put_number(struct buffer *out, const char *name, int64_t value)
{
	if (value >= 0)
		json_put_integer(out, name, value);
}

static void put_time(struct buffer *out, const char *name, int64_t ms)
{
	if (ms != TIMESTAMP_NONE)
		json_put_time(out, name, ms);
}

static void put_tristate(struct buffer *out, const char *name, enum tristate value)
{
	if (value != TRISTATE_UNKNOWN)
		json_put_bool(out, name, value == TRISTATE_YES);
}

static void put_texts(struct buffer *out, const char *name, const char *const *texts, size_t n)
{
	if (n == 0)
		return;
	json_open_array(out, name);
	for (size_t i = 0; i < n; i++)
		put_text(out, NULL, texts[i]);
	json_close_array(out);
}

static void put_agent(struct buffer *out, const struct report *report)
{
	json_open_object(out, "agent");
	put_text(out, "id", report->agent.id);
	put_text(out, "epoch", report->agent.epoch);
	put_text(out, "version", report->agent.version);
	put_text(out, "platform", report->agent.platform);
	json_close_object(out);
}

static void put_host(struct buffer *out, const struct report *report)
{
	json_open_object(out, "host");
	put_text(out, "name", report->host.name);
	put_text(out, "os", report->host.os);
	put_time(out, "booted_at", report->host.booted_at_ms);
	put_texts(out, "name_resolves_to", report->host.name_resolves_to,
		  report->host.n_name_resolves_to);
	json_close_object(out);
}

static bool knows_exchange(const struct report *report)
{
	return report->exchange.installed != TRISTATE_UNKNOWN || report->exchange.version ||
	       report->exchange.service_pack != REPORT_ABSENT || report->exchange.build ||
	       report->exchange.organization || report->exchange.site || report->exchange.server ||
	       report->exchange.directory || report->exchange.clustered != TRISTATE_UNKNOWN;
}

static void put_exchange(struct buffer *out, const struct report *report)
{
	if (!knows_exchange(report))
		return;
	json_open_object(out, "exchange");
	put_tristate(out, "installed", report->exchange.installed);
	put_text(out, "version", report->exchange.version);
	put_number(out, "service_pack", report->exchange.service_pack);
	put_text(out, "build", report->exchange.build);
	put_text(out, "organization", report->exchange.organization);
	put_text(out, "site", report->exchange.site);
	put_text(out, "server", report->exchange.server);
	put_text(out, "directory", report->exchange.directory);
	put_tristate(out, "clustered", report->exchange.clustered);
	json_close_object(out);
}

static void put_lookups(struct buffer *out, const struct report_adapter *adapter)
{
	if (adapter->n_lookups == 0)
		return;
	json_open_array(out, "lookups");
	for (size_t i = 0; i < adapter->n_lookups; i++) {
		const struct report_lookup *lookup = &adapter->lookups[i];
		json_open_object(out, NULL);
		put_text(out, "address", lookup->address);
		put_text(out, "name", lookup->name);
		put_number(out, "reverse_error", lookup->reverse_error);
		put_number(out, "forward_error", lookup->forward_error);
		json_close_object(out);
	}
	json_close_array(out);
}

static void put_adapter(struct buffer *out, const struct report_adapter *adapter)
{
	json_open_object(out, NULL);
	put_text(out, "id", adapter->id);
	put_text(out, "description", adapter->description);
	put_text(out, "mac", adapter->mac);
	put_tristate(out, "enabled", adapter->enabled);
	put_text(out, "link", link_state_name(adapter->link));
	put_texts(out, "addresses", adapter->addresses, adapter->n_addresses);
	put_texts(out, "gateways", adapter->gateways, adapter->n_gateways);
	put_lookups(out, adapter);
	json_close_object(out);
}

static void put_adapters(struct buffer *out, const struct report *report)
{
	if (!report->adapters_known)
		return;
	json_open_array(out, "adapters");
	for (size_t i = 0; i < report->n_adapters; i++)
		put_adapter(out, &report->adapters[i]);
	json_close_array(out);
}

static void put_bindings(struct buffer *out, const struct report *report)
{
	if (report->n_tcpip_bindings == 0 && report->n_rpc_bindings == 0)
		return;
	json_open_object(out, "bindings");
	put_texts(out, "tcpip", report->tcpip_bindings, report->n_tcpip_bindings);
	put_texts(out, "rpc", report->rpc_bindings, report->n_rpc_bindings);
	json_close_object(out);
}

static void put_probe(struct buffer *out, const struct report_probe *probe)
{
	json_open_object(out, NULL);
	put_text(out, "adapter", probe->adapter);
	put_text(out, "peer", probe->peer);
	put_text(out, "from", probe->from);
	put_text(out, "to", probe->to);
	put_text(out, "via", probe->via);
	put_text(out, "grade", grade_name(probe->grade));
	put_number(out, "for_s", probe->for_s);
	put_text(out, "error", probe_error_name(probe->error));
	put_number(out, "ms", probe->ms);
	put_number(out, "attempts", probe->attempts);
	json_close_object(out);
}

static void put_probes(struct buffer *out, const char *name, const struct report_probe *probes,
		       size_t n)
{
	if (n == 0)
		return;
	json_open_array(out, name);
	for (size_t i = 0; i < n; i++)
		put_probe(out, &probes[i]);
	json_close_array(out);
}

static void put_events(struct buffer *out, const struct report_start *start)
{
	if (start->n_events == 0)
		return;
	json_open_array(out, "events");
	for (size_t i = 0; i < start->n_events; i++) {
		const struct report_event *event = &start->events[i];
		json_open_object(out, NULL);
		put_number(out, "id", event->id);
		put_time(out, "at", event->at_ms);
		put_number(out, "nt_error", event->nt_error);
		put_text(out, "text", event->text);
		json_close_object(out);
	}
	json_close_array(out);
}

static void put_start(struct buffer *out, const char *name, const struct report_start *start)
{
	if (!start->present)
		return;
	json_open_object(out, name);
	put_time(out, "at", start->at_ms);
	put_text(out, "outcome", start_outcome_name(start->outcome));
	put_events(out, start);
	json_close_object(out);
}

static void put_log(struct buffer *out, const struct report_log *log)
{
	if (!log->known)
		return;
	json_open_object(out, "log");
	put_text(out, "path", log->path);
	put_number(out, "records", log->records);
	put_number(out, "lost", log->lost);
	put_number(out, "foreign", log->foreign);
	put_time(out, "oldest_at", log->oldest_at_ms);
	put_time(out, "newest_at", log->newest_at_ms);
	json_close_object(out);
}

static void put_mta(struct buffer *out, const struct report *report)
{
	if (!report->mta.known)
		return;
	json_open_object(out, "mta");
	put_text(out, "service", service_state_name(report->mta.service));
	put_text(out, "start_type", start_type_name(report->mta.start_type));
	put_number(out, "exit_code", report->mta.exit_code);
	put_number(out, "rpc_port", report->mta.rpc_port);
	put_start(out, "last_start", &report->mta.last_start);
	put_start(out, "last_failure", &report->mta.last_failure);
	put_log(out, &report->mta.log);
	json_close_object(out);
}

static void put_files(struct buffer *out, const struct report *report)
{
	if (report->n_files == 0)
		return;
	json_open_array(out, "files");
	for (size_t i = 0; i < report->n_files; i++) {
		const struct report_file *file = &report->files[i];
		json_open_object(out, NULL);
		put_text(out, "name", file->name);
		put_text(out, "path", file->path);
		put_text(out, "state", file_state_name(file->state));
		put_text(out, "version", file->version);
		put_number(out, "size", file->size);
		put_time(out, "modified", file->modified_ms);
		put_text(out, "sha256", file->sha256);
		json_close_object(out);
	}
	json_close_array(out);
}

static void put_problems(struct buffer *out, const struct report *report)
{
	if (report->n_problems == 0)
		return;
	json_open_array(out, "problems");
	for (size_t i = 0; i < report->n_problems; i++) {
		const struct report_problem *problem = &report->problems[i];
		json_open_object(out, NULL);
		put_text(out, "fact", problem->fact);
		put_number(out, "code", problem->code);
		put_text(out, "message", problem->message);
		json_close_object(out);
	}
	json_close_array(out);
}

char *report_json_write(const struct report *report)
{
	struct buffer out = { 0 };

	json_open_object(&out, NULL);
	json_put_text(&out, "schema", REPORT_SCHEMA);
	put_agent(&out, report);
	put_number(&out, "sequence", report->sequence);
	put_time(&out, "collected_at", report->collected_at_ms);
	put_number(&out, "interval_s", report->interval_s);
	put_number(&out, "duration_ms", report->duration_ms);
	put_time(&out, "received_at", report->received_at_ms);
	put_number(&out, "age_s", report->age_s);
	put_host(&out, report);
	put_exchange(&out, report);
	put_adapters(&out, report);
	put_bindings(&out, report);
	put_probes(&out, "probes", report->probes, report->n_probes);
	put_probes(&out, "self_probes", report->self_probes, report->n_self_probes);
	put_mta(&out, report);
	put_files(&out, report);
	put_problems(&out, report);
	json_close_object(&out);
	return buffer_take_text(&out);
}
