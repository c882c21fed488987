#include "proto/report/json.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/json/fields.h"

#define MAX_CODE INT64_C(4294967295) /* a DWORD */
#define MAX_ID   INT64_C(65535)

/* Reads an enumeration by its name; `kind`_from_name is of proto/report/report.h. */
#define GET_ENUM(in, at, name, kind, out)                                                          \
	do {                                                                                       \
		const char *text_ = json_borrow_text(in, at, name);                                \
		if (text_ && !kind##_from_name(text_, out))                                        \
			json_refuse_choice(in, at, name);                                          \
	} while (0)

static void get_count(struct json_reading *in, const struct json_place *at, const char *name,
		      int64_t *out)
{
	*out = REPORT_ABSENT;
	json_get_integer(in, at, name, 0, JSON_MAX_INTEGER, out);
}

static void get_code(struct json_reading *in, const struct json_place *at, const char *name,
		     int64_t *out)
{
	*out = REPORT_ABSENT;
	json_get_integer(in, at, name, 0, MAX_CODE, out);
}

static void get_time(struct json_reading *in, const struct json_place *at, const char *name,
		     int64_t *out)
{
	*out = TIMESTAMP_NONE;
	json_get_time(in, at, name, out);
}

static void get_tristate(struct json_reading *in, const struct json_place *at, const char *name,
			 enum tristate *out)
{
	bool value;
	if (json_get_bool(in, at, name, &value))
		*out = value ? TRISTATE_YES : TRISTATE_NO;
}

static void read_agent(struct json_reading *in, const struct json_place *root, struct report *out)
{
	struct json_place at;

	json_require(in, root, "agent");
	if (!json_get_object(in, root, "agent", &at))
		return;
	json_require(in, &at, "id");
	json_get_name(in, &at, "id", &out->agent.id);
	json_require(in, &at, "epoch");
	json_get_name(in, &at, "epoch", &out->agent.epoch);
	json_get_text(in, &at, "version", &out->agent.version);
	json_get_text(in, &at, "platform", &out->agent.platform);
}

static void read_host(struct json_reading *in, const struct json_place *root, struct report *out)
{
	struct json_place at;

	json_require(in, root, "host");
	if (!json_get_object(in, root, "host", &at))
		return;
	json_require(in, &at, "name");
	json_get_name(in, &at, "name", &out->host.name);
	if (out->host.name && *out->host.name == '.') /* its short form would be empty */
		json_refuse(in, &at, "name", STATUS_INVALID, "expected a host name");
	json_get_text(in, &at, "os", &out->host.os);
	get_time(in, &at, "booted_at", &out->host.booted_at_ms);
	json_get_texts(in, &at, "name_resolves_to", &out->host.name_resolves_to,
		       &out->host.n_name_resolves_to);
}

static void read_times(struct json_reading *in, const struct json_place *root, struct report *out)
{
	json_require(in, root, "sequence");
	get_count(in, root, "sequence", &out->sequence);
	json_require(in, root, "collected_at");
	get_time(in, root, "collected_at", &out->collected_at_ms);
	json_require(in, root, "interval_s");
	json_get_integer(in, root, "interval_s", 1, JSON_MAX_INTEGER, &out->interval_s);
	if (out->interval_s > REPORT_MAX_INTERVAL)
		json_refuse(in, root, "interval_s", STATUS_LIMIT, "expected at most 86400");
	get_count(in, root, "duration_ms", &out->duration_ms);
	get_time(in, root, "received_at", &out->received_at_ms);
	get_count(in, root, "age_s", &out->age_s);
}

static void read_exchange(struct json_reading *in, const struct json_place *root,
			  struct report *out)
{
	struct json_place at;

	if (!json_get_object(in, root, "exchange", &at))
		return;
	get_tristate(in, &at, "installed", &out->exchange.installed);
	json_get_text(in, &at, "version", &out->exchange.version);
	get_count(in, &at, "service_pack", &out->exchange.service_pack);
	json_get_text(in, &at, "build", &out->exchange.build);
	json_get_text(in, &at, "organization", &out->exchange.organization);
	json_get_text(in, &at, "site", &out->exchange.site);
	json_get_text(in, &at, "server", &out->exchange.server);
	json_get_text(in, &at, "directory", &out->exchange.directory);
	get_tristate(in, &at, "clustered", &out->exchange.clustered);
}

static void read_lookup(struct json_reading *in, const struct json_place *at, void *item)
{
	struct report_lookup *lookup = item;

	json_get_text(in, at, "address", &lookup->address);
	json_get_text(in, at, "name", &lookup->name);
	get_code(in, at, "reverse_error", &lookup->reverse_error);
	get_code(in, at, "forward_error", &lookup->forward_error);
}

static void read_adapter(struct json_reading *in, const struct json_place *at, void *item)
{
	struct report_adapter *adapter = item;

	adapter->id = "";
	json_get_text(in, at, "id", &adapter->id);
	json_get_text(in, at, "description", &adapter->description);
	json_get_text(in, at, "mac", &adapter->mac);
	get_tristate(in, at, "enabled", &adapter->enabled);
	GET_ENUM(in, at, "link", link_state, &adapter->link);
	json_get_texts(in, at, "addresses", &adapter->addresses, &adapter->n_addresses);
	json_get_texts(in, at, "gateways", &adapter->gateways, &adapter->n_gateways);
	adapter->lookups = json_get_list(in, at, "lookups", SIZE_MAX, sizeof *adapter->lookups,
					 read_lookup, &adapter->n_lookups, NULL);
}

static void read_bindings(struct json_reading *in, const struct json_place *root,
			  struct report *out)
{
	struct json_place at;

	if (!json_get_object(in, root, "bindings", &at))
		return;
	json_get_texts(in, &at, "tcpip", &out->tcpip_bindings, &out->n_tcpip_bindings);
	json_get_texts(in, &at, "rpc", &out->rpc_bindings, &out->n_rpc_bindings);
}

static bool choose_grade(const char *text, void *item)
{
	return grade_from_name(text, &((struct report_probe *)item)->grade);
}

static bool choose_error(const char *text, void *item)
{
	return probe_error_from_name(text, &((struct report_probe *)item)->error);
}

static void read_probe(struct json_reading *in, const struct json_place *at, void *item)
{
	static const struct json_member table[] = {
		{ "adapter", JSON_MEMBER_TEXT, offsetof(struct report_probe, adapter), NULL },
		{ "peer", JSON_MEMBER_TEXT, offsetof(struct report_probe, peer), NULL },
		{ "from", JSON_MEMBER_TEXT, offsetof(struct report_probe, from), NULL },
		{ "to", JSON_MEMBER_TEXT, offsetof(struct report_probe, to), NULL },
		{ "via", JSON_MEMBER_TEXT, offsetof(struct report_probe, via), NULL },
		{ "grade", JSON_MEMBER_CHOICE, 0, choose_grade },
		{ "for_s", JSON_MEMBER_COUNT, offsetof(struct report_probe, for_s), NULL },
		{ "error", JSON_MEMBER_CHOICE, 0, choose_error },
		{ "ms", JSON_MEMBER_COUNT, offsetof(struct report_probe, ms), NULL },
		{ "attempts", JSON_MEMBER_COUNT, offsetof(struct report_probe, attempts), NULL },
	};
	struct report_probe *probe = item;

	probe->grade = GRADE_UNKNOWN;
	probe->for_s = probe->ms = probe->attempts = REPORT_ABSENT;
	json_read_members(in, at, table, sizeof table / sizeof *table, probe);
}

static void read_event(struct json_reading *in, const struct json_place *at, void *item)
{
	struct report_event *event = item;

	event->id = REPORT_ABSENT;
	json_get_integer(in, at, "id", 0, MAX_ID, &event->id);
	get_time(in, at, "at", &event->at_ms);
	get_code(in, at, "nt_error", &event->nt_error);
	json_get_text(in, at, "text", &event->text);
}

static void read_start(struct json_reading *in, const struct json_place *mta, const char *name,
		       struct report_start *start)
{
	struct json_place at;

	if (!json_get_object(in, mta, name, &at))
		return;
	start->present = true;
	get_time(in, &at, "at", &start->at_ms);
	GET_ENUM(in, &at, "outcome", start_outcome, &start->outcome);
	start->events = json_get_list(in, &at, "events", SIZE_MAX, sizeof *start->events,
				      read_event, &start->n_events, NULL);
}

static void read_log(struct json_reading *in, const struct json_place *mta, struct report_log *out)
{
	struct json_place at;

	if (!json_get_object(in, mta, "log", &at))
		return;
	out->known = true;
	json_get_text(in, &at, "path", &out->path);
	get_count(in, &at, "records", &out->records);
	get_count(in, &at, "lost", &out->lost);
	get_count(in, &at, "foreign", &out->foreign);
	get_time(in, &at, "oldest_at", &out->oldest_at_ms);
	get_time(in, &at, "newest_at", &out->newest_at_ms);
}

static void read_mta(struct json_reading *in, const struct json_place *root, struct report *out)
{
	struct json_place at;

	if (!json_get_object(in, root, "mta", &at))
		return;
	out->mta.known = true;
	GET_ENUM(in, &at, "service", service_state, &out->mta.service);
	GET_ENUM(in, &at, "start_type", start_type, &out->mta.start_type);
	get_code(in, &at, "exit_code", &out->mta.exit_code);
	json_get_integer(in, &at, "rpc_port", 0, MAX_ID, &out->mta.rpc_port);
	read_start(in, &at, "last_start", &out->mta.last_start);
	read_start(in, &at, "last_failure", &out->mta.last_failure);
	read_log(in, &at, &out->mta.log);
}

static void read_file(struct json_reading *in, const struct json_place *at, void *item)
{
	struct report_file *file = item;

	json_get_text(in, at, "name", &file->name);
	json_get_text(in, at, "path", &file->path);
	GET_ENUM(in, at, "state", file_state, &file->state);
	json_get_text(in, at, "version", &file->version);
	get_count(in, at, "size", &file->size);
	get_time(in, at, "modified", &file->modified_ms);
	json_get_text(in, at, "sha256", &file->sha256);
}

static void read_problem(struct json_reading *in, const struct json_place *at, void *item)
{
	struct report_problem *problem = item;

	json_get_text(in, at, "fact", &problem->fact);
	get_code(in, at, "code", &problem->code);
	json_get_text(in, at, "message", &problem->message);
}

static void read_lists(struct json_reading *in, const struct json_place *root, struct report *out)
{
	out->adapters =
		json_get_list(in, root, "adapters", REPORT_MAX_ADAPTERS, sizeof *out->adapters,
			      read_adapter, &out->n_adapters, &out->adapters_known);
	out->probes = json_get_list(in, root, "probes", REPORT_MAX_PROBES, sizeof *out->probes,
				    read_probe, &out->n_probes, NULL);
	out->self_probes =
		json_get_list(in, root, "self_probes", REPORT_MAX_PROBES, sizeof *out->self_probes,
			      read_probe, &out->n_self_probes, NULL);
	out->files = json_get_list(in, root, "files", SIZE_MAX, sizeof *out->files, read_file,
				   &out->n_files, NULL);
	out->problems = json_get_list(in, root, "problems", SIZE_MAX, sizeof *out->problems,
				      read_problem, &out->n_problems, NULL);
}

/* First of all: a report of another schema may differ in everything else. */
static void check_schema(struct json_reading *in, const struct json_place *root)
{
	json_require(in, root, "schema");
	const char *schema = json_borrow_text(in, root, "schema");
	if (schema && strcmp(schema, REPORT_SCHEMA) != 0)
		json_refuse(in, root, "schema", STATUS_UNSUPPORTED, "expected " REPORT_SCHEMA);
}

static void read_report(struct json_reading *in, const struct json_place *root, struct arena *arena,
			struct report *out)
{
	report_init(out);
	check_schema(in, root);
	read_agent(in, root, out);
	read_times(in, root, out);
	read_host(in, root, out);
	if (out->host.name) {
		size_t n = text_short_name_length(out->host.name);
		out->host.short_name = arena_strndup(arena, out->host.name, n);
	}
	read_exchange(in, root, out);
	read_bindings(in, root, out);
	read_lists(in, root, out);
	read_mta(in, root, out);
}

enum status report_json_read(const char *text, size_t size, struct arena *arena, struct report *out,
			     struct json_error *error)
{
	struct json_reading in;
	struct json_place root;
	struct report report;

	if (size > REPORT_MAX_BYTES) {
		error->pointer[0] = '\0';
		snprintf(error->detail, sizeof error->detail, "expected at most %d bytes",
			 REPORT_MAX_BYTES);
		return STATUS_LIMIT;
	}
	if (json_begin(&in, text, size, REPORT_MAX_STRING, arena, &root) == STATUS_OK)
		read_report(&in, &root, arena, &report);
	json_end(&in);
	if (in.status == STATUS_OK)
		*out = report;
	else
		*error = in.error;
	return in.status;
}
