#include "agent/collect/collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/count.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"
#include "tests/fake_host.h"
#include "tests/unit/rows.h"

#define SETUP  "SOFTWARE\\Microsoft\\Exchange\\Setup"
#define MTA    "SYSTEM\\CurrentControlSet\\Services\\MSExchangeMTA"
#define PARAMS MTA "\\Parameters"

#define TEXT(k, n, t)                                                                              \
	{                                                                                          \
		.key = (k), .name = (n), .value = { HOST_VALUE_STRING, .text = (t) }               \
	}
#define NUMBER(k, n, v)                                                                            \
	{                                                                                          \
		.key = (k), .name = (n), .value = { HOST_VALUE_NUMBER, .number = (v) }             \
	}

static struct arena arena;
static struct report report;
static struct collect *collect;
static struct fake_host machine;

/* A server as setup leaves it. Tests copy and change it. */
static struct fake_value values[8];
static const struct fake_value good_values[] = {
	TEXT(SETUP, "Services", "C:\\exchsrvr"),
	NUMBER(SETUP, "NewestBuild", 2653),
	TEXT(PARAMS, "X500 DN",
	     "/o=ACME/ou=HQ/cn=Configuration/cn=Servers/cn=EXCH1/cn=Microsoft MTA"),
	TEXT(PARAMS, "MTA Run Directory", "D:\\mtadata"),
	NUMBER(PARAMS, "TCP/IP port for RPC listens", 5001),
	NUMBER(MTA, "Start", 2),
};
static struct fake_service services[2];
static const struct fake_service good_services[] = {
	{ "MSExchangeMTA", { SERVICE_STATE_RUNNING, 0 }, STATUS_OK },
};
static struct ipv4_prefix address = { 0x0a000005, 24 };
static uint32_t gateway = 0x0a000001;
static struct host_adapter adapters[] = {
	{ .id = "El90x1",
	  .description = "3Com",
	  .mac = "00-50-04-a1-b2-c3",
	  .enabled = true,
	  .link = LINK_UP,
	  .addresses = &address,
	  .n_addresses = 1,
	  .gateways = &gateway,
	  .n_gateways = 1 },
	{ .id = "El90x2", .enabled = false, .link = LINK_DOWN },
};

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	memcpy(values, good_values, sizeof good_values);
	memcpy(services, good_services, sizeof good_services);
	machine = (struct fake_host){
		.name = "EXCH1",
		.os = "Windows NT 4.0 Service Pack 6",
		.booted_at_ms = 5000,
		.wall_ms = 1000000,
		.values = values,
		.n_values = COUNT(good_values),
		.services = services,
		.n_services = COUNT(good_services),
		.adapters = adapters,
		.n_adapters = COUNT(adapters),
	};
	collect = collect_new(fake_host(&machine));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	collect_free(collect);
	fake_host_join(&machine);
	arena_deinit(&arena);
	return 0;
}

static void run(void)
{
	collect_facts(collect, &arena, &report);
}

static const struct report_problem *problem(const char *fact)
{
	const struct report_problem *found = report_find_problem(&report, fact);
	if (!found)
		fail_msg("no problem is told for %s", fact);
	return found;
}

static void a_machine_without_exchange_is_told_as_such(void **state)
{
	(void)state;
	machine.n_values = 0;
	machine.n_services = 0;
	run();
	assert_int_equal(report.exchange.installed, TRISTATE_NO);
	assert_int_equal(report.exchange.clustered, TRISTATE_UNKNOWN);
	assert_false(report.mta.known);
	assert_int_equal(report.n_files, 0);
	assert_int_equal(report.n_problems, 0);
	assert_string_equal(report.host.name, "EXCH1");
	assert_int_equal(report.host.booted_at_ms, 5000);
	assert_int_equal(report.collected_at_ms, 1000000);
}

/*
 * A part of the registry is missing, or an MTA of former days was left behind: never an all-clear.
 */
static void an_mta_on_the_disk_is_never_told_as_none(void **state)
{
	static const struct fake_file program[] = { { .path = "C:\\exchsrvr\\bin\\Emsmta.exe" } };
	static const struct host_event event = { .id = 9298 };
	static const struct {
		const char *what; /* in the message */
		bool disk_only;
		size_t n_files;
		size_t n_events;
		enum tristate installed;
	} cases[] = {
		{ "C:\\exchsrvr\\bin\\Emsmta.exe is there", true, 1, 0, TRISTATE_UNKNOWN },
		{ "the event log holds events of MSExchangeMTA", true, 0, 1, TRISTATE_UNKNOWN },
		{ NULL, true, 0, 0, TRISTATE_NO },
		{ NULL, false, 0, 1, TRISTATE_NO }, /* what a running Windows has of former days */
	};
	(void)state;

	for_each_row(i, cases) {
		machine.n_values = 0;
		machine.n_services = 0;
		machine.disk_only = cases[i].disk_only;
		machine.files = program;
		machine.n_files = cases[i].n_files;
		machine.events = &event;
		machine.n_events = cases[i].n_events;
		run();
		assert_int_equal(report.exchange.installed, cases[i].installed);
		if (!cases[i].what) {
			assert_null(report_find_problem(&report, "exchange.installed"));
			continue;
		}
		const char *said = problem("exchange.installed")->message;
		assert_non_null(strstr(said, cases[i].what));
		assert_non_null(strstr(said, "export HKEY_LOCAL_MACHINE\\SYSTEM\\"
					     "CurrentControlSet\\Services"));
		assert_int_equal(exposure_verdict_alone(&report), VERDICT_UNKNOWN);
	}
}

static void exchange_is_read_out_of_the_registry(void **state)
{
	(void)state;
	run();
	assert_int_equal(report.exchange.installed, TRISTATE_YES);
	assert_int_equal(report.exchange.clustered, TRISTATE_NO);
	assert_string_equal(report.exchange.organization, "ACME");
	assert_string_equal(report.exchange.site, "HQ");
	assert_string_equal(report.exchange.server, "EXCH1");
	assert_string_equal(report.exchange.directory, "C:\\exchsrvr");
	assert_string_equal(report.exchange.build, "5.5.2653.23");
	assert_string_equal(report.exchange.version, "5.5");
	assert_int_equal(report.exchange.service_pack, 4);
	assert_int_equal(report.mta.service, SERVICE_STATE_RUNNING);
	assert_int_equal(report.mta.start_type, START_TYPE_AUTO);
	assert_int_equal(report.mta.exit_code, 0);
	assert_int_equal(report.mta.rpc_port, 5001);
	assert_int_equal(report.n_problems, 0);
}

static void adapters_are_written_as_the_report_spells_them(void **state)
{
	(void)state;
	run();
	assert_true(report.adapters_known);
	assert_int_equal(report.n_adapters, 2);
	assert_string_equal(report.adapters[0].addresses[0], "10.0.0.5/24");
	assert_string_equal(report.adapters[0].gateways[0], "10.0.0.1");
	assert_int_equal(report.adapters[0].enabled, TRISTATE_YES);
	assert_int_equal(report.adapters[0].link, LINK_UP);
	assert_int_equal(report.adapters[1].enabled, TRISTATE_NO);
	assert_int_equal(report.adapters[1].n_addresses, 0);
}

static void a_denied_event_log_is_a_problem_and_no_start(void **state)
{
	(void)state;
	machine.events_status = STATUS_DENIED;
	run();
	assert_int_equal(problem("mta.events")->code, FAKE_HOST_ERROR_CODE);
	assert_false(report.mta.last_start.present);
	assert_int_equal(report.mta.service, SERVICE_STATE_RUNNING);
}

static void a_failed_start_stands_in_the_report(void **state)
{
	(void)state;
	const char *listen[] = { "11004", "BASE" };
	const char *fatal[] = { "4", "BASE" };
	const struct host_event events[] = {
		{ .id = 9321, .at_ms = 10000, .strings = listen, .n_strings = 2 },
		{ .id = 9266, .at_ms = 11000, .strings = fatal, .n_strings = 2 }
	};
	machine.events = events;
	machine.n_events = COUNT(events);
	services[0].service = (struct host_service){ SERVICE_STATE_STOPPED, 2140 };
	run();
	assert_int_equal(report.mta.last_start.outcome, START_OUTCOME_FAILED);
	assert_int_equal(report.mta.last_start.events[0].nt_error, 11004);
	assert_string_equal(report.mta.last_start.events[0].text, "11004 BASE");
	assert_int_equal(report.mta.exit_code, 2140);
}

static void missing_rights_do_not_hide_a_server(void **state)
{
	(void)state;
	services[0].status = STATUS_DENIED;
	run();
	assert_int_equal(report.exchange.installed, TRISTATE_YES);
	assert_int_equal(report.mta.service, SERVICE_STATE_UNKNOWN);
	assert_int_equal(problem("mta.service")->code, FAKE_HOST_ERROR_CODE);
}

static void where_nothing_may_be_asked_nothing_is_said(void **state)
{
	(void)state;
	const struct fake_value denied[] = {
		{ .key = MTA, .status = STATUS_DENIED },
		{ .key = "Cluster", .status = STATUS_DENIED },
	};
	services[0].status = STATUS_DENIED;
	machine.values = denied;
	machine.n_values = COUNT(denied);
	run();
	assert_int_equal(report.exchange.installed, TRISTATE_UNKNOWN);
	assert_int_equal(report.exchange.clustered, TRISTATE_UNKNOWN);
	problem("exchange.installed");
	problem("exchange.clustered");
	problem("mta.service");
	problem("files/Emsmta.exe");
	assert_int_equal(report.n_files, 0);
	assert_null(report.exchange.version);
}

static void a_cluster_is_known_by_its_service_or_its_hive(void **state)
{
	(void)state;
	services[1] = (struct fake_service){ "ClusSvc", { SERVICE_STATE_STOPPED, 0 }, STATUS_OK };
	machine.n_services = 2;
	run();
	assert_int_equal(report.exchange.clustered, TRISTATE_YES);
	machine.n_services = 1;
	values[COUNT(good_values)] = (struct fake_value)TEXT("Cluster\\Nodes\\1", "NodeName", "A");
	machine.n_values = COUNT(good_values) + 1;
	run();
	assert_int_equal(report.exchange.clustered, TRISTATE_YES);
}

static void the_directory_comes_from_the_service_where_setup_is_silent(void **state)
{
	(void)state;
	values[0] = (struct fake_value)TEXT(MTA, "ImagePath", "\"E:\\ex\\BIN\\emsmta.exe\" /x");
	run();
	assert_string_equal(report.exchange.directory, "E:\\ex");
	values[0] = (struct fake_value)TEXT(MTA, "ImagePath", "E:\\ex\\other.exe");
	run();
	assert_null(report.exchange.directory);
	problem("exchange.directory");
	problem("files/Emsmta.exe");
}

static void a_name_that_cannot_be_taken_apart_is_a_problem(void **state)
{
	(void)state;
	values[2].value.text = "/o=ACME/cn=Servers/cn=EXCH1";
	run();
	assert_null(report.exchange.organization);
	assert_null(report.exchange.site);
	assert_null(report.exchange.server);
	assert_non_null(strstr(problem("exchange.site")->message, "cn=EXCH1"));
}

static void builds_between_service_packs_are_told_as_far_as_known(void **state)
{
	(void)state;
	values[1].value.number = 2651;
	run();
	assert_string_equal(report.exchange.build, "5.5.2651");
	assert_int_equal(report.exchange.service_pack, 3);
	values[1].value.number = 4417;
	run();
	assert_string_equal(report.exchange.version, "6.0");
	assert_int_equal(report.exchange.service_pack, REPORT_ABSENT);
	values[1].value.number = 70000;
	run();
	assert_null(report.exchange.build);
	assert_null(report.exchange.version);
}

static const struct report_file *file(const char *name)
{
	const struct report_file *found = report_find_file(&report, name);
	assert_non_null(found);
	return found;
}

static void files_are_looked_for_where_they_belong(void **state)
{
	(void)state;
	const struct fake_file files[] = {
		{ "C:\\exchsrvr\\bin\\Emsmta.exe", "text", 4, 7000, STATUS_OK },
		{ "D:\\mtadata\\P2.xv2", "abc", 3, 8000, STATUS_OK },
		{ "C:\\exchsrvr\\bin\\Dcprods.cat", "", 0, 9000, STATUS_OK },
		{ "C:\\exchsrvr\\res\\Mtamsg.dll", "x", 1, 1, STATUS_DENIED },
	};
	machine.files = files;
	machine.n_files = COUNT(files);
	run();
	assert_int_equal(report.n_files, 12);
	assert_int_equal(file("Emsmta.exe")->state, FILE_STATE_UNVERSIONED);
	assert_int_equal(file("P2.xv2")->size, 3);
	assert_int_equal(file("P2.xv2")->modified_ms, 8000);
	assert_string_equal(file("P2.xv2")->path, "D:\\mtadata\\P2.xv2");
	assert_string_equal(file("P2.xv2")->sha256,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
			    "b410ff61f20015ad");
	assert_int_equal(file("Dcprods.cat")->state, FILE_STATE_UNVERSIONED);
	assert_int_equal(file("Mtamsg.dll")->state, FILE_STATE_UNREADABLE);
	assert_int_equal(file("Mtamsg.dll")->size, REPORT_ABSENT);
	problem("files/Mtamsg.dll");
	assert_int_equal(file("X400om.dll")->state, FILE_STATE_MISSING);
	assert_null(file("X400om.dll")->path);
}

static void a_file_is_read_again_only_when_it_has_changed(void **state)
{
	(void)state;
	struct fake_file files[] = { { "D:\\mtadata\\P2.xv2", "abc", 3, 8000, STATUS_OK } };
	machine.files = files;
	machine.n_files = 1;
	run();
	run();
	assert_int_equal(machine.n_file_reads, 1);
	assert_non_null(file("P2.xv2")->sha256);
	files[0].bytes = "abd";
	files[0].modified_ms = 8001;
	run();
	assert_int_equal(machine.n_file_reads, 2);
	assert_int_equal(file("P2.xv2")->modified_ms, 8001);
	assert_int_not_equal(strncmp(file("P2.xv2")->sha256, "ba78", 4), 0);
}

static void a_judged_disk_tells_nothing_of_the_judging_machine(void **state)
{
	(void)state;
	machine.disk_only = true;
	run();
	collect_names(collect, &arena, &report, NULL);
	assert_false(report.adapters_known);
	assert_int_equal(report.n_adapters, 0);
	assert_int_equal(problem("adapters")->code, REPORT_ABSENT);
	assert_string_equal(problem("adapters")->message, "adapters: not on the disk");
	assert_int_equal(report.host.n_name_resolves_to, 0);
	assert_int_equal(machine.n_lookups_asked, 0);
}

static void unknown_adapters_are_a_problem(void **state)
{
	(void)state;
	machine.adapters_status = STATUS_SYSTEM;
	run();
	assert_false(report.adapters_known);
	problem("adapters");
}

/* Each gap names what could not be read; the rest of the adapters stands. */
static void what_is_missing_of_the_adapters_is_a_problem(void **state)
{
	(void)state;
	machine.states_status = STATUS_DENIED;
	machine.gateways_status = STATUS_SYSTEM;
	run();
	assert_true(report.adapters_known);
	assert_int_equal(report.n_adapters, 2);
	assert_int_equal(report.adapters[0].enabled, TRISTATE_UNKNOWN);
	assert_int_equal(problem("adapters.link")->code, FAKE_HOST_ERROR_CODE);
	assert_int_equal(problem("adapters.gateways")->code, FAKE_HOST_ERROR_CODE);
	assert_int_equal(report.n_problems, 2);
}

static void an_unknown_boot_time_is_a_problem(void **state)
{
	(void)state;
	machine.booted_at_ms = TIMESTAMP_NONE;
	machine.boot_time_status = STATUS_SYSTEM;
	run();
	assert_int_equal(problem("host.booted_at")->code, FAKE_HOST_ERROR_CODE);
}

/* A value that is there but of another kind is not the same as none. */
static void values_that_cannot_be_are_problems(void **state)
{
	(void)state;
	static const char bindings[] = "SYSTEM\\CurrentControlSet\\Services\\Rpc\\Linkage";
	values[2] = (struct fake_value)NUMBER(PARAMS, "X500 DN", 1);
	values[4].value.number = 65536;
	values[5].value.number = 7;
	values[1] = (struct fake_value)TEXT(SETUP, "NewestBuild", "2653");
	values[6] = (struct fake_value)TEXT(bindings, "Bind", "\\Device\\El90x1");
	machine.n_values = 7;
	run();
	assert_non_null(strstr(problem("exchange.site")->message, "\"X500 DN\": it is not text"));
	assert_non_null(strstr(problem("exchange.build")->message, "it is not a number"));
	assert_non_null(strstr(problem("mta.rpc_port")->message, "it is not a port"));
	assert_non_null(strstr(problem("mta.start_type")->message, "it is not 2, 3 or 4"));
	assert_non_null(strstr(problem("bindings.rpc")->message, "it is not a list"));
	assert_int_equal(report.mta.rpc_port, REPORT_ABSENT);
	values[4].value.number = 65535;
	run();
	assert_int_equal(report.mta.rpc_port, 65535);
}

static void names_of_addresses_come_with_their_errors(void **state)
{
	(void)state;
	const struct fake_lookup lookups[] = {
		{ 0x0a000005, "exch1.acme.example", HOST_LOOKUP_OK, HOST_LOOKUP_NO_DATA, 0 },
		{ 0x0a000006, "EXCH1", HOST_LOOKUP_OK, HOST_LOOKUP_OK, 0 },
	};
	machine.lookups = lookups;
	machine.n_lookups = COUNT(lookups);
	run();
	collect_names(collect, &arena, &report, NULL);
	assert_int_equal(report.adapters[0].n_lookups, 1);
	assert_string_equal(report.adapters[0].lookups[0].address, "10.0.0.5");
	assert_string_equal(report.adapters[0].lookups[0].name, "exch1.acme.example");
	assert_int_equal(report.adapters[0].lookups[0].reverse_error, 0);
	assert_int_equal(report.adapters[0].lookups[0].forward_error, 11004);
	assert_int_equal(report.host.n_name_resolves_to, 1);
	assert_string_equal(report.host.name_resolves_to[0], "10.0.0.6");
}

static void no_name_is_asked_of_an_address_that_dhcp_did_not_give(void **state)
{
	struct ipv4_prefix none = { 0, 32 };
	(void)state;

	adapters[1].addresses = &none;
	adapters[1].n_addresses = 1;
	run();
	collect_names(collect, &arena, &report, NULL);
	adapters[1].n_addresses = 0;
	assert_string_equal(report.adapters[1].addresses[0], "0.0.0.0/32");
	assert_int_equal(report.adapters[1].n_lookups, 0);
	assert_null(report_find_problem(&report, "adapters/El90x2/lookups"));
}

static void an_address_without_a_name_has_no_way_back(void **state)
{
	(void)state;
	const struct fake_lookup lookups[] = {
		{ 0x0a000005, "", HOST_LOOKUP_NO_DATA, HOST_LOOKUP_OK, 0 },
	};
	machine.lookups = lookups;
	machine.n_lookups = 1;
	run();
	collect_names(collect, &arena, &report, NULL);
	assert_null(report.adapters[0].lookups[0].name);
	assert_int_equal(report.adapters[0].lookups[0].reverse_error, 11004);
	assert_int_equal(report.adapters[0].lookups[0].forward_error, REPORT_ABSENT);
	assert_int_equal(problem("host.name_resolves_to")->code, 11001);
}

static void answers_are_kept_for_a_while(void **state)
{
	(void)state;
	run();
	collect_names(collect, &arena, &report, NULL);
	run();
	collect_names(collect, &arena, &report, NULL);
	assert_int_equal(machine.n_lookups_asked, 1);
	assert_int_equal(report.adapters[0].n_lookups, 1);
	machine.now_ms += 900000;
	run();
	collect_names(collect, &arena, &report, NULL);
	assert_int_equal(machine.n_lookups_asked, 2);
}

static void a_lookup_that_hangs_delays_nobody(void **state)
{
	(void)state;
	const struct fake_lookup lookups[] = {
		{ 0x0a000005, "late.acme.example", HOST_LOOKUP_OK, HOST_LOOKUP_OK, 3000 },
	};
	machine.lookups = lookups;
	machine.n_lookups = 1;
	uint64_t begun_ms = machine.now_ms;
	run();
	collect_names(collect, &arena, &report, NULL);
	assert_true(machine.now_ms - begun_ms <= COLLECT_NAMES_WAIT_MS + 100);
	assert_int_equal(report.adapters[0].n_lookups, 0);
	problem("adapters/El90x1/lookups");

	/* A later cycle has the answer, and nothing was asked a second time. */
	for (int i = 0; i < 40 && report.adapters[0].n_lookups == 0; i++) {
		run();
		collect_names(collect, &arena, &report, NULL);
	}
	assert_string_equal(report.adapters[0].lookups[0].name, "late.acme.example");
	assert_int_equal(machine.n_lookups_asked, 1);
}

static void texts_fit_into_a_report(void **state)
{
	(void)state;
	char text[3 * REPORT_MAX_STRING];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	values[0].value.text = text;
	run();
	assert_int_equal(strlen(report.exchange.directory), REPORT_MAX_STRING);
	for (size_t i = 0; i < report.n_problems; i++)
		assert_true(strlen(report.problems[i].message) <= REPORT_MAX_STRING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_machine_without_exchange_is_told_as_such),
		TEST(an_mta_on_the_disk_is_never_told_as_none),
		TEST(exchange_is_read_out_of_the_registry),
		TEST(adapters_are_written_as_the_report_spells_them),
		TEST(a_denied_event_log_is_a_problem_and_no_start),
		TEST(a_failed_start_stands_in_the_report),
		TEST(missing_rights_do_not_hide_a_server),
		TEST(where_nothing_may_be_asked_nothing_is_said),
		TEST(a_cluster_is_known_by_its_service_or_its_hive),
		TEST(the_directory_comes_from_the_service_where_setup_is_silent),
		TEST(a_name_that_cannot_be_taken_apart_is_a_problem),
		TEST(builds_between_service_packs_are_told_as_far_as_known),
		TEST(files_are_looked_for_where_they_belong),
		TEST(a_file_is_read_again_only_when_it_has_changed),
		TEST(a_judged_disk_tells_nothing_of_the_judging_machine),
		TEST(unknown_adapters_are_a_problem),
		TEST(what_is_missing_of_the_adapters_is_a_problem),
		TEST(an_unknown_boot_time_is_a_problem),
		TEST(values_that_cannot_be_are_problems),
		TEST(names_of_addresses_come_with_their_errors),
		TEST(no_name_is_asked_of_an_address_that_dhcp_did_not_give),
		TEST(an_address_without_a_name_has_no_way_back),
		TEST(answers_are_kept_for_a_while),
		TEST(a_lookup_that_hangs_delays_nobody),
		TEST(texts_fit_into_a_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
