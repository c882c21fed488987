#include "collector/model/server_facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "collector/model/known_builds.h"
#include "proto/base/arena.h"
#include "proto/exposure/advisory.h"
#include "proto/json/write.h"
#include "proto/report/log_words.h"
#include "proto/report/probe_words.h"

/* A value in as many forms as there are; the first that is set counts. */
struct value {
	const char *text;
	enum tristate yes_or_no;
	bool is_number;
	int64_t number;
};

/* Where the tree is written. */
struct tree {
	const struct report *report;
	int64_t at_ms; /* of the report */
	struct buffer *out;
};

static struct value text(const char *value)
{
	return (struct value){ .text = value };
}

static struct value number(int64_t value)
{
	return (struct value){ .is_number = value != REPORT_ABSENT, .number = value };
}

static struct value yes_or_no(enum tristate value)
{
	return (struct value){ .yes_or_no = value };
}

static bool is_known(const struct value *value)
{
	return value->text || value->yes_or_no != TRISTATE_UNKNOWN || value->is_number;
}

static void put_value(struct buffer *out, const char *name, struct value value)
{
	if (value.yes_or_no != TRISTATE_UNKNOWN)
		json_put_bool(out, name, value.yes_or_no == TRISTATE_YES);
	else if (value.is_number)
		json_put_integer(out, name, value.number);
	else
		json_put_text(out, name, value.text);
}

/* Adds where a fact comes from or, where it is not known, why. */
static void add_source(const struct tree *tree, const char *fact, const char *source, bool known)
{
	const struct report_problem *problem =
		known ? NULL : report_find_problem(tree->report, fact);

	if (!known)
		source = problem && problem->message ? problem->message : "not reported";
	json_put_text(tree->out, "source", source);
}

/* Begins a fact, whose own facts follow up to end_fact(). */
static void begin_fact(const struct tree *tree, const char *fact, const char *label,
		       struct value value, const char *source, int64_t at_ms)
{
	struct buffer *out = tree->out;

	json_open_object(out, NULL);
	json_put_text(out, "fact", fact);
	json_put_text(out, "label", label);
	put_value(out, "value", value);
	add_source(tree, fact, source, is_known(&value));
	json_put_time(out, "at", at_ms);
	json_open_array(out, "facts");
}

static void end_fact(const struct tree *tree)
{
	json_close_array(tree->out);
	json_close_object(tree->out);
}

static void add_fact(const struct tree *tree, const char *fact, const char *label,
		     struct value value, const char *source)
{
	begin_fact(tree, fact, label, value, source, tree->at_ms);
	end_fact(tree);
}

static void add_exchange(const struct tree *tree)
{
	const struct report *r = tree->report;

	begin_fact(tree, "exchange.installed", "Exchange with an MTA is installed",
		   yes_or_no(r->exchange.installed), "registry and services", tree->at_ms);
	add_fact(tree, "exchange.version", "Version", text(r->exchange.version), "registry");
	add_fact(tree, "exchange.service_pack", "Service pack", number(r->exchange.service_pack),
		 "registry");
	add_fact(tree, "exchange.build", "Build", text(r->exchange.build), "registry");
	add_fact(tree, "exchange.clustered", "It is a node of a cluster",
		 yes_or_no(r->exchange.clustered), "registry and services");
	end_fact(tree);
}

/* Is a version at least the one that holds the fix? */
static enum tristate meets(const char *text)
{
	struct version version;

	if (!text || !version_parse(text, &version))
		return TRISTATE_UNKNOWN;
	version = advisory_normalize(version);
	return version_compare(&version, &advisory_q285350.fixed_in) >= 0 ? TRISTATE_YES
									  : TRISTATE_NO;
}

static const char *version_of(const struct report_file *file)
{
	return file && file->state == FILE_STATE_VERSIONED ? file->version : NULL;
}

static void add_known_build(const struct tree *tree, const char *version)
{
	const char *warning = known_build_warning(version);
	struct arena arena;

	arena_init(&arena);
	const char *words = known_build_words(version, &arena);
	if (words)
		add_fact(tree, "files/" ADVISORY_MTA_FILE "/article", "This build came with",
			 text(words), "Microsoft's articles");
	if (warning)
		add_fact(tree, "files/" ADVISORY_MTA_FILE "/warning", "Known of this build",
			 text(warning), "Microsoft's articles");
	arena_deinit(&arena);
}

static void add_fix(const struct tree *tree)
{
	const char *version = version_of(report_find_file(tree->report, ADVISORY_MTA_FILE));
	char fixed[VERSION_TEXT_SIZE];
	char label[sizeof ADVISORY_MTA_FILE + VERSION_TEXT_SIZE + 32];

	snprintf(label, sizeof label, "%s is %s or later", ADVISORY_MTA_FILE,
		 version_format(&advisory_q285350.fixed_in, fixed));
	begin_fact(tree, "files/" ADVISORY_MTA_FILE, label, yes_or_no(meets(version)),
		   "version resource of the file", tree->at_ms);
	add_fact(tree, "files/" ADVISORY_MTA_FILE, "Version of " ADVISORY_MTA_FILE, text(version),
		 "version resource of the file");
	if (version)
		add_known_build(tree, version);
	end_fact(tree);
}

static void add_path(const struct tree *tree, const char *adapter, const struct site_path *path)
{
	char label[REPORT_MAX_STRING + 64];
	char source[128];
	const char *error = probe_error_words(path->error);
	const char *proven = grade_name(path->proven);

	if (path->grade == GRADE_UNKNOWN)
		return;
	snprintf(label, sizeof label, "%s, proven to answer: %s", path->peer,
		 proven ? proven : "nothing");
	snprintf(source, sizeof source, "probe from this adapter%s%s", error ? ": " : "",
		 error ? error : "");
	add_fact(tree, adapter, label, text(grade_name(path->grade)), source);
}

static void add_adapters(const struct tree *tree, const struct site_server *server)
{
	size_t isolated = 0;

	for (size_t i = 0; i < server->n_adapters; i++)
		isolated += server->adapters[i].state == ADAPTER_ISOLATED;
	begin_fact(tree, "adapters", "Active adapters that are cut off from the site",
		   number(tree->report->adapters_known ? (int64_t)isolated : REPORT_ABSENT),
		   "probes, held against what each peer was proven to answer", tree->at_ms);
	for (size_t i = 0; i < server->n_adapters; i++) {
		const struct site_adapter *adapter = &server->adapters[i];
		begin_fact(tree, "adapters", adapter->id, text(adapter_state_name(adapter->state)),
			   "judged from its paths", tree->at_ms);
		for (size_t k = 0; k < adapter->n_paths; k++)
			add_path(tree, "probes", &adapter->paths[k]);
		end_fact(tree);
	}
	end_fact(tree);
}

static void add_start(const struct tree *tree, const char *fact, const char *label,
		      const struct report_start *start)
{
	char event[64];

	if (!start->present)
		return;
	begin_fact(tree, fact, label, text(start_outcome_name(start->outcome)), "Application log",
		   start->at_ms);
	for (size_t i = 0; i < start->n_events; i++) {
		const struct report_event *e = &start->events[i];
		if (e->nt_error != REPORT_ABSENT)
			snprintf(event, sizeof event, "Event %" PRId64 ", NT Error %" PRId64, e->id,
				 e->nt_error);
		else
			snprintf(event, sizeof event, "Event %" PRId64, e->id);
		begin_fact(tree, "mta.events", event, text(e->text ? e->text : ""),
			   "Application log", e->at_ms);
		end_fact(tree);
	}
	end_fact(tree);
}

static void add_log(const struct tree *tree)
{
	const struct report *r = tree->report;
	struct arena arena;

	arena_init(&arena);
	add_fact(tree, "mta.log", "Event log that was read",
		 text(report_log_words(&r->mta.log, report_none_failed(r), &arena)),
		 "Application log");
	arena_deinit(&arena);
}

static void add_mta(const struct tree *tree)
{
	const struct report *r = tree->report;

	begin_fact(tree, "mta.service", "The MTA's service",
		   text(r->mta.known ? service_state_name(r->mta.service) : NULL), "services",
		   tree->at_ms);
	add_fact(tree, "mta.start_type", "It starts",
		 text(r->mta.known ? start_type_name(r->mta.start_type) : NULL), "services");
	add_start(tree, "mta.events", "Last start", &r->mta.last_start);
	add_start(tree, "mta.events", "Last start that failed", &r->mta.last_failure);
	if (r->mta.log.known)
		add_log(tree);
	end_fact(tree);
}

void server_facts_add(const struct snapshot *latest, const struct site_server *adapters,
		      struct buffer *out)
{
	struct tree tree = { &latest->report, latest->at_ms, out };

	json_open_array(out, NULL);
	add_exchange(&tree);
	add_fix(&tree);
	add_adapters(&tree, adapters);
	add_mta(&tree);
	json_close_array(out);
}

static void add_file(const struct advisory_file *required, const struct report_file *file,
		     struct buffer *out)
{
	char fixed[VERSION_TEXT_SIZE];

	json_open_object(out, NULL);
	json_put_text(out, "name", required->name);
	json_put_text(out, "state", file ? file_state_name(file->state) : NULL);
	json_put_text(out, "version", version_of(file));
	json_put_text(out, "required",
		      required->versioned ? version_format(&advisory_q285350.fixed_in, fixed)
					  : NULL);
	put_value(out, "meets",
		  yes_or_no(required->versioned ? meets(version_of(file)) : TRISTATE_UNKNOWN));
	put_value(out, "size", number(file ? file->size : REPORT_ABSENT));
	json_put_time(out, "modified", file ? file->modified_ms : TIMESTAMP_NONE);
	json_close_object(out);
}

void server_facts_add_files(const struct report *report, struct buffer *out)
{
	json_open_array(out, NULL);
	for (size_t i = 0; i < advisory_q285350.n_files; i++) {
		const struct advisory_file *required = &advisory_q285350.files[i];
		add_file(required, report_find_file(report, required->name), out);
	}
	json_close_array(out);
}
