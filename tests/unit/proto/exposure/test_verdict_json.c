#include "proto/exposure/verdict_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_json(const struct report *report, bool silent,
			const struct assessment *assessment, const char *wanted)
{
	char *text = verdict_json_write(report, silent, assessment);
	assert_string_equal(text, wanted);
	free(text);
}

static void a_server_without_exchange_has_nulls(void **state)
{
	struct report report;
	struct assessment assessment = { .verdict = VERDICT_NOT_APPLICABLE };
	(void)state;
	report_init(&report);
	report.host.name = "exch9.acme.example";
	assert_json(&report, true, &assessment,
		    "{\"server\":\"exch9\",\"organization\":null,\"site\":null,"
		    "\"verdict\":\"not_applicable\",\"silent\":true,\"reasons\":[],"
		    "\"remedy\":{\"options\":[]}}");
}

static void every_member_of_an_assessment_is_written(void **state)
{
	const char *peers[] = { "EXCH2", "EXCH3" };
	struct reason reasons[] = {
		{ .code = "adapter_isolated",
		  .text = "It \"hangs\" elsewhere.",
		  .evidence = { { .key = "adapter", .text = "El90x2" },
				{ .key = "peers", .list = peers, .n_list = 2 },
				{ .key = "event", .number = 9321 } },
		  .n_evidence = 3 },
		{ .code = "no_peer_in_site", .text = "Alone." },
	};
	struct remedy_step steps[] = {
		{ REMEDY_DISABLE_ADAPTER, "El90x2", VERDICT_CLEAR, "Disable it." },
		{ REMEDY_START_MTA, NULL, VERDICT_PROTECTED, "Start it." },
	};
	struct remedy_option options[] = { { &steps[0], 1 }, { &steps[0], 2 } };
	struct missing_path paths[] = { { "El90x1", "EXCH2", GRADE_NONE, PROBE_NET_UNREACHABLE,
					  GRADE_MTA },
					{ "El90x2", "EXCH2", GRADE_UNKNOWN, PROBE_OK, GRADE_EPM } };
	struct assessment assessment = {
		.verdict = VERDICT_EXPOSED,
		.reasons = reasons,
		.n_reasons = 2,
		.remedy = { options, 2, "None is good.", paths, 2 },
	};
	struct report report;
	(void)state;
	report_init(&report);
	report.host.name = "EXCH1";
	report.exchange.organization = "ACME";
	report.exchange.site = "HQ";
	assert_json(&report, false, &assessment,
		    "{\"server\":\"EXCH1\",\"organization\":\"ACME\",\"site\":\"HQ\","
		    "\"verdict\":\"exposed\",\"silent\":false,\"reasons\":["
		    "{\"code\":\"adapter_isolated\",\"text\":\"It \\\"hangs\\\" elsewhere.\","
		    "\"evidence\":{\"adapter\":\"El90x2\",\"peers\":[\"EXCH2\",\"EXCH3\"],"
		    "\"event\":9321}},"
		    "{\"code\":\"no_peer_in_site\",\"text\":\"Alone.\",\"evidence\":{}}],"
		    "\"remedy\":{\"options\":["
		    "{\"steps\":[{\"action\":\"disable_adapter\",\"adapter\":\"El90x2\","
		    "\"verdict_after\":\"clear\",\"text\":\"Disable it.\"}]},"
		    "{\"steps\":[{\"action\":\"disable_adapter\",\"adapter\":\"El90x2\","
		    "\"verdict_after\":\"clear\",\"text\":\"Disable it.\"},"
		    "{\"action\":\"start_mta\",\"verdict_after\":\"protected\","
		    "\"text\":\"Start it.\"}]}],"
		    "\"text\":\"None is good.\",\"missing_paths\":["
		    "{\"adapter\":\"El90x1\",\"peer\":\"EXCH2\",\"grade\":\"none\","
		    "\"error\":\"net_unreachable\",\"proven\":\"mta\"},"
		    "{\"adapter\":\"El90x2\",\"peer\":\"EXCH2\",\"grade\":null,"
		    "\"error\":null,\"proven\":\"epm\"}]}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_without_exchange_has_nulls),
		cmocka_unit_test(every_member_of_an_assessment_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
