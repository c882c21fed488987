/*
 * The rule on missing facts, by brute force: a server about which something is not known is judged,
 * then everything that could be the case is written into its report, one possibility after the
 * other, and judged as well. What the first verdict must be follows from the others.
 */
#include "proto/exposure/exposure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/proto/site/site_builder.h"
#include "tests/unit/rows.h"

#define MOST_ADAPTERS 2

enum installed { INSTALLED, NOT_INSTALLED, INSTALLED_UNKNOWN };
enum mta_file { FILE_BEFORE, FILE_WINDOW, FILE_FIXED, FILE_UNREAD_BUILD_TOLD, FILE_UNREAD };
enum cluster { CLUSTERED, NOT_CLUSTERED, CLUSTER_UNKNOWN };
enum service { RUNNING, STOPPED, PENDING, SERVICE_UNKNOWN };
enum log { LOG_STARTED, LOG_11004, LOG_1720, LOG_EMPTY, LOG_UNREAD };
enum wire { WIRE_GOOD, WIRE_PARTIAL, WIRE_ISOLATED, WIRE_UNJUDGED };

/* One server, described by what is known of it. */
struct facts {
	enum installed installed;
	enum mta_file file;
	enum cluster cluster;
	enum service service;
	enum log log;
	size_t n_adapters; /* MOST_ADAPTERS + 1: the list is not known */
	enum wire adapters[MOST_ADAPTERS];
};

static void write_file(struct builder *b, struct report *report, enum mta_file file)
{
	static const char *const builds[] = { "5.5.2650.24", "5.5.2653.23", "5.5.2654.54" };
	if (file <= FILE_FIXED)
		builder_file(b, report, "Emsmta.exe", builds[file]);
	if (file == FILE_UNREAD_BUILD_TOLD)
		report->exchange.build = "5.5.2653.23";
}

static void write_mta(struct builder *b, struct report *report, enum service service, enum log log)
{
	static const enum service_state states[] = { SERVICE_STATE_RUNNING, SERVICE_STATE_STOPPED,
						     SERVICE_STATE_START_PENDING,
						     SERVICE_STATE_UNKNOWN };
	if (log == LOG_11004 || log == LOG_1720)
		builder_failed_start(b, report, log == LOG_11004 ? 11004 : 1720);
	if (log == LOG_EMPTY || log == LOG_UNREAD)
		report->mta.last_start = (struct report_start){ 0 };
	if (log == LOG_UNREAD)
		builder_problem(b, report, "mta.events");
	report->mta.service = states[service];
}

/* C and D are proven at `mta` by P. */
static void write_adapter(struct builder *b, struct report *report, size_t number, enum wire wire)
{
	static const char *const ids[] = { "A", "B" };
	static const char *const addresses[] = { "10.0.0.5/24", "10.9.0.5/24" };
	const char *id = ids[number];

	builder_adapter(b, report, id, addresses[number]);
	if (wire == WIRE_UNJUDGED)
		return;
	builder_probe(b, report, id, "C", "10.0.0.12",
		      wire == WIRE_ISOLATED ? GRADE_NONE : GRADE_MTA);
	builder_probe(b, report, id, "D", "10.0.0.13", wire == WIRE_GOOD ? GRADE_MTA : GRADE_NONE);
}

static const struct assessment *judge(struct builder *b, const struct facts *facts)
{
	static const enum tristate installed[] = { TRISTATE_YES, TRISTATE_NO, TRISTATE_UNKNOWN };
	static const enum tristate clustered[] = { TRISTATE_YES, TRISTATE_NO, TRISTATE_UNKNOWN };
	struct report *report = builder_server(b, "EXCH1", NULL);
	struct report *prover = builder_server(b, "P", "5.5.2653.23");

	builder_probe(b, prover, "A", "C", "10.0.0.12", GRADE_MTA);
	builder_probe(b, prover, "A", "D", "10.0.0.13", GRADE_MTA);
	report->exchange.installed = installed[facts->installed];
	report->exchange.clustered = clustered[facts->cluster];
	write_file(b, report, facts->file);
	write_mta(b, report, facts->service, facts->log);
	report->adapters_known = facts->n_adapters <= MOST_ADAPTERS;
	for (size_t i = 0; report->adapters_known && i < facts->n_adapters; i++)
		write_adapter(b, report, i, facts->adapters[i]);
	return builder_assess(b, 0);
}

static enum verdict verdict_of(const struct facts *facts)
{
	struct builder b;
	builder_init(&b);
	enum verdict verdict = judge(&b, facts)->verdict;
	builder_deinit(&b);
	return verdict;
}

static unsigned possible(struct facts facts);

static unsigned with_installed(struct facts facts)
{
	unsigned verdicts = 0;
	for (enum installed i = INSTALLED; i <= NOT_INSTALLED; i++) {
		facts.installed = i;
		verdicts |= possible(facts);
	}
	return verdicts;
}

static unsigned with_file(struct facts facts)
{
	enum mta_file first = facts.file == FILE_UNREAD ? FILE_BEFORE : FILE_WINDOW;
	unsigned verdicts = 0;
	for (enum mta_file i = first; i <= FILE_FIXED; i++) {
		facts.file = i;
		verdicts |= possible(facts);
	}
	return verdicts;
}

static unsigned with_cluster(struct facts facts)
{
	unsigned verdicts = 0;
	for (enum cluster i = CLUSTERED; i <= NOT_CLUSTERED; i++) {
		facts.cluster = i;
		verdicts |= possible(facts);
	}
	return verdicts;
}

static unsigned with_service(struct facts facts)
{
	unsigned verdicts = 0;
	for (enum service i = RUNNING; i <= STOPPED; i++) {
		facts.service = i;
		verdicts |= possible(facts);
	}
	return verdicts;
}

static unsigned with_log(struct facts facts)
{
	static const enum log logs[] = { LOG_STARTED, LOG_11004 };
	unsigned verdicts = 0;
	for_each_row(i, logs) {
		facts.log = logs[i];
		verdicts |= possible(facts);
	}
	return verdicts;
}

static unsigned with_adapter(struct facts facts, size_t number)
{
	unsigned verdicts = 0;
	for (enum wire i = WIRE_GOOD; i <= WIRE_ISOLATED; i++) {
		facts.adapters[number] = i;
		verdicts |= possible(facts);
	}
	return verdicts;
}

static unsigned with_adapter_list(struct facts facts)
{
	facts.n_adapters = 1;
	facts.adapters[0] = WIRE_GOOD;
	unsigned verdicts = possible(facts);
	facts.n_adapters = 2;
	facts.adapters[1] = WIRE_UNJUDGED;
	return verdicts | with_adapter(facts, 1);
}

/* The verdicts of everything that may be the case, one bit each. */
static unsigned possible(struct facts facts)
{
	if (facts.installed == INSTALLED_UNKNOWN)
		return with_installed(facts);
	if (facts.file >= FILE_UNREAD_BUILD_TOLD)
		return with_file(facts);
	if (facts.cluster == CLUSTER_UNKNOWN)
		return with_cluster(facts);
	if (facts.service == SERVICE_UNKNOWN)
		return with_service(facts);
	if (facts.log == LOG_UNREAD)
		return with_log(facts);
	if (facts.n_adapters > MOST_ADAPTERS)
		return with_adapter_list(facts);
	for (size_t i = 0; i < facts.n_adapters; i++) {
		/* Of a single active adapter nothing depends; it is left as it is. */
		if (facts.adapters[i] == WIRE_UNJUDGED && facts.n_adapters > 1)
			return with_adapter(facts, i);
	}
	return 1U << verdict_of(&facts);
}

/* The sentence of the rule, spelled out. */
static enum verdict expected(unsigned verdicts)
{
	bool harmful =
		verdicts & (1U << VERDICT_FAILING | 1U << VERDICT_EXPOSED | 1U << VERDICT_AT_RISK);
	bool harmless = verdicts & (1U << VERDICT_CLEAR | 1U << VERDICT_PROTECTED |
				    1U << VERDICT_NOT_APPLICABLE);

	for (int i = 0; i < VERDICT_COUNT; i++) {
		if (verdicts == 1U << i)
			return (enum verdict)i;
	}
	if (harmful && harmless)
		return VERDICT_UNKNOWN;
	if (harmless)
		return VERDICT_CLEAR;
	return verdicts & 1U << VERDICT_AT_RISK ? VERDICT_AT_RISK : VERDICT_EXPOSED;
}

static void check(const struct facts *facts)
{
	unsigned verdicts = possible(*facts);
	struct builder b;

	builder_init(&b);
	const struct assessment *assessment = judge(&b, facts);
	bool names_missing = builder_find_reason(assessment, "facts_missing") != NULL;
	bool is_certain = (verdicts & (verdicts - 1)) == 0;
	if (assessment->verdict != expected(verdicts) || names_missing == is_certain)
		fail_msg("installed %d file %d cluster %d service %d log %d adapters %zu (%d %d): "
			 "%s of the set %#x, facts_missing %d",
			 facts->installed, facts->file, facts->cluster, facts->service, facts->log,
			 facts->n_adapters, facts->adapters[0], facts->adapters[1],
			 verdict_name(assessment->verdict), verdicts, names_missing);
	builder_deinit(&b);
}

/* Every way in which up to two adapters, or an unknown list of them, may stand. */
static void check_all_adapters(struct facts facts)
{
	for (facts.n_adapters = 0; facts.n_adapters <= MOST_ADAPTERS + 1; facts.n_adapters++) {
		size_t told = facts.n_adapters > MOST_ADAPTERS ? 0 : facts.n_adapters;
		size_t ways = told == 0 ? 1 : told == 1 ? 4 : 16;
		for (size_t way = 0; way < ways; way++) {
			facts.adapters[0] = (enum wire)(way % 4);
			facts.adapters[1] = (enum wire)(way / 4);
			check(&facts);
		}
	}
}

static void check_all_of(enum installed installed)
{
	struct facts facts = { .installed = installed };
	for (int i = 0; i < 5 * 3 * 4 * 5; i++) {
		facts.file = (enum mta_file)(i % 5);
		facts.cluster = (enum cluster)(i / 5 % 3);
		facts.service = (enum service)(i / 15 % 4);
		facts.log = (enum log)(i / 60);
		check_all_adapters(facts);
	}
}

static void a_server_with_exchange_gets_what_its_possibilities_give(void **state)
{
	(void)state;
	check_all_of(INSTALLED);
}

static void a_server_without_exchange_gets_what_its_possibilities_give(void **state)
{
	(void)state;
	check_all_of(NOT_INSTALLED);
}

static void an_unknown_installation_gets_what_its_possibilities_give(void **state)
{
	(void)state;
	check_all_of(INSTALLED_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_with_exchange_gets_what_its_possibilities_give),
		cmocka_unit_test(a_server_without_exchange_gets_what_its_possibilities_give),
		cmocka_unit_test(an_unknown_installation_gets_what_its_possibilities_give),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
