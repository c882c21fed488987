#include "agent/host/image/root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/material.h"

/* A directory of the test's own, emptied by its teardown. */
static char dir[64];
static struct arena arena;
static struct image_root *root;
static struct os_error error;

static const char *in_dir(const char *name)
{
	return arena_printf(&arena, "%s/%s", dir, name);
}

static void put_bytes(const char *name, const char *bytes, size_t n)
{
	FILE *file = fopen(in_dir(name), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void put_file(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void put_dir(const char *name)
{
	assert_int_equal(mkdir(in_dir(name), 0700), 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/mtawatch-root-XXXXXX");
	root = NULL;
	arena_init(&arena);
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	char command[128];
	image_root_close(root);
	arena_deinit(&arena);
	snprintf(command, sizeof command, "rm -r '%s'", dir);
	return system(command);
}

static void open_root(void)
{
	enum status status = image_root_open(&root, dir, &error);
	if (status != STATUS_OK)
		fail_msg("%s", error.text);
}

#define REG "REGEDIT4\n\n"

static const char *text_of(const char *key, const char *name)
{
	struct host_value value;
	enum status status = image_root_read_value(root, key, name, &arena, &value, &error);
	return status == STATUS_OK && value.kind == HOST_VALUE_STRING ? value.text : NULL;
}

static void a_file_is_found_in_any_case_below_its_drive(void **state)
{
	(void)state;
	struct host_file file = { 0 };
	put_dir("c");
	put_dir("c/EXCHSRVR");
	put_dir("c/EXCHSRVR/Bin");
	put_file("c/EXCHSRVR/Bin/EMSMTA.EXE", "12345");
	open_root();
	assert_int_equal(
		image_root_get_file(root, "C:\\exchsrvr\\bin\\Emsmta.exe", true, &file, &error),
		STATUS_OK);
	assert_int_equal(file.size, 5);
	assert_memory_equal(file.bytes, "12345", 5);
	assert_true(file.modified_ms > 0);
	host_free_file(&file);
	assert_int_equal(
		image_root_get_file(root, "D:\\exchsrvr\\bin\\Emsmta.exe", false, &file, &error),
		STATUS_NOT_FOUND);
}

static void the_folder_of_the_drive_may_be_missing(void **state)
{
	(void)state;
	struct host_file file = { 0 };
	put_dir("exchsrvr");
	put_file("exchsrvr/P2.xv2", "abc");
	open_root();
	assert_int_equal(image_root_get_file(root, "c:\\ExchSrvr\\p2.XV2", false, &file, &error),
			 STATUS_OK);
	assert_int_equal(file.size, 3);
	assert_null(file.bytes);
}

static void a_path_never_leaves_the_directory(void **state)
{
	(void)state;
	struct host_file file = { 0 };
	put_dir("in");
	put_file("secret", "x");
	open_root();
	assert_int_equal(image_root_get_file(root, "C:\\in\\..\\secret", true, &file, &error),
			 STATUS_NOT_FOUND);
	assert_int_equal(image_root_get_file(root, "..\\etc\\passwd", true, &file, &error),
			 STATUS_NOT_FOUND);
}

static void a_directory_is_no_file(void **state)
{
	(void)state;
	struct host_file file = { 0 };
	put_dir("exchsrvr");
	open_root();
	assert_int_equal(image_root_get_file(root, "C:\\exchsrvr", false, &file, &error),
			 STATUS_NOT_FOUND);
	assert_int_equal(image_root_get_file(root, "C:\\exchsrvr", true, &file, &error),
			 STATUS_NOT_FOUND);
}

static void all_exports_together_are_the_registry(void **state)
{
	(void)state;
	put_file("a.reg", REG "[HKEY_LOCAL_MACHINE\\A]\n\"V\"=\"a\"\n\"W\"=\"w\"\n");
	put_file("b.REG", REG "[HKEY_LOCAL_MACHINE\\A]\n\"V\"=\"b\"\n");
	open_root();
	assert_string_equal(text_of("A", "V"), "b");
	assert_string_equal(text_of("a", "w"), "w");
	assert_int_equal(image_root_find_key(root, "A", &error), STATUS_OK);
	assert_int_equal(image_root_find_key(root, "B", &error), STATUS_NOT_FOUND);
}

static void a_changed_export_is_read_anew(void **state)
{
	(void)state;
	put_file("a.reg", REG "[HKEY_LOCAL_MACHINE\\A]\n\"V\"=\"old\"\n");
	open_root();
	assert_string_equal(text_of("A", "V"), "old");
	put_file("a.reg", REG "[HKEY_LOCAL_MACHINE\\A]\n\"V\"=\"newer\"\n");
	assert_string_equal(text_of("A", "V"), "newer");
	assert_int_equal(unlink(in_dir("a.reg")), 0);
	assert_null(text_of("A", "V"));
}

static void without_an_export_there_is_no_registry_rather_than_an_empty_one(void **state)
{
	(void)state;
	struct host_value value;
	struct host_service service;
	open_root();
	assert_int_equal(image_root_read_value(root, "A", "V", &arena, &value, &error),
			 STATUS_SYSTEM);
	assert_non_null(strstr(error.text, "no export"));
	assert_int_equal(image_root_query_service(root, "X", &service, &error), STATUS_SYSTEM);
}

static void an_export_that_cannot_be_understood_is_named_with_its_line(void **state)
{
	(void)state;
	put_file("bad.reg", REG "[-HKEY_LOCAL_MACHINE\\A]\n");
	assert_int_equal(image_root_open(&root, dir, &error), STATUS_MALFORMED);
	assert_non_null(strstr(error.text, "bad.reg, line 3"));
	root = NULL;
}

static void a_value_that_cannot_be_understood_is_a_failure_only_where_it_is_read(void **state)
{
	(void)state;
	struct host_value value;
	put_file("bad.reg", REG "[HKEY_LOCAL_MACHINE\\A]\n\"V\"=dword:x\n\"W\"=\"w\"\n");
	open_root();
	assert_string_equal(text_of("A", "W"), "w");
	assert_int_equal(image_root_read_value(root, "A", "V", &arena, &value, &error),
			 STATUS_MALFORMED);
	assert_non_null(strstr(error.text, "\"V\": line 4 of its export"));
}

static void without_select_there_is_one_control_set(void **state)
{
	(void)state;
	put_file("a.reg", REG "[\\ControlSet002\\X]\n\"V\"=\"old\"\n"
			      "[\\ControlSet001\\X]\n\"V\"=\"first\"\n");
	open_root();
	assert_string_equal(text_of("SYSTEM\\CurrentControlSet\\X", "V"), "first");
}

static void what_no_export_holds_is_told_with_what_they_hold(void **state)
{
	(void)state;
	put_file("a.reg", REG "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\X]\n");
	open_root();
	assert_null(text_of("SYSTEM\\CurrentControlSet\\X", "V"));
	assert_non_null(strstr(error.text, "no key of HKEY_LOCAL_MACHINE\\SYSTEM"));
	assert_non_null(strstr(error.text, "only SOFTWARE\\Microsoft"));
}

static void the_current_control_set_is_the_one_that_select_names(void **state)
{
	(void)state;
	put_file("a.reg", REG "[HKEY_LOCAL_MACHINE\\SYSTEM\\Select]\n\"Current\"=dword:00000002\n"
			      "[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\X]\n\"V\"=\"old\"\n"
			      "[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet002\\X]\n\"V\"=\"now\"\n");
	open_root();
	assert_string_equal(text_of("SYSTEM\\CurrentControlSet\\X", "V"), "now");
	assert_int_equal(image_root_find_key(root, "SYSTEM\\CurrentControlSet\\X", &error),
			 STATUS_OK);
	assert_null(text_of("SYSTEM\\CurrentControlSetX", "V"));
}

static void services_have_the_state_that_the_list_tells(void **state)
{
	(void)state;
	struct host_service service;
	put_file("a.reg", REG "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Known]\n");
	put_file("services.txt", "# states\r\n\r\n  MSExchangeMTA\tstopped 2140 # failed\r\n"
				 "msexchangeds running\r\n");
	open_root();
	assert_int_equal(image_root_query_service(root, "msexchangemta", &service, &error),
			 STATUS_OK);
	assert_int_equal(service.state, SERVICE_STATE_STOPPED);
	assert_int_equal(service.exit_code, 2140);
	assert_int_equal(image_root_query_service(root, "MSExchangeDS", &service, &error),
			 STATUS_OK);
	assert_int_equal(service.state, SERVICE_STATE_RUNNING);
	assert_int_equal(service.exit_code, REPORT_ABSENT);
	assert_int_equal(image_root_query_service(root, "Other", &service, &error), STATUS_OK);
	assert_int_equal(service.state, SERVICE_STATE_NOT_INSTALLED);
	assert_int_equal(image_root_query_service(root, "Known", &service, &error),
			 STATUS_NOT_FOUND);
	assert_non_null(strstr(error.text, "Known"));
}

static void expect_bad_services(const char *text, const char *word)
{
	put_file("services.txt", text);
	image_root_close(root);
	root = NULL;
	assert_int_equal(image_root_open(&root, dir, &error), STATUS_MALFORMED);
	assert_non_null(strstr(error.text, word));
	root = NULL;
}

static enum service_state state_of(const char *name)
{
	struct host_service service = { SERVICE_STATE_UNKNOWN, REPORT_ABSENT };
	enum status status = image_root_query_service(root, name, &service, &error);
	return status == STATUS_OK ? service.state : SERVICE_STATE_UNKNOWN;
}

#define SERVICES_PATH "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\"

static void services_may_be_what_notepad_saves(void **state)
{
	(void)state;
	put_file("a.reg", REG SERVICES_PATH "MSExchangeMTA]\n");
	put_file("services.txt", "\xEF\xBB\xBFMSExchangeMTA STOPPED");
	open_root();
	assert_int_equal(state_of("MSExchangeMTA"), SERVICE_STATE_STOPPED);
	put_bytes("services.txt", "\xFF\xFEX\0 \0R\0u\0n\0n\0i\0n\0g\0\r\0\n\0", 24);
	assert_int_equal(state_of("X"), SERVICE_STATE_RUNNING);
	put_file("services.txt", "X Start_Pending\rY Stop-Pending\r");
	assert_int_equal(state_of("Y"), SERVICE_STATE_STOP_PENDING);
	expect_bad_services("PK\3\4", "Excel");
}

static void services_may_be_what_sc_query_prints(void **state)
{
	(void)state;
	struct host_service service;
	put_file("a.reg", REG SERVICES_PATH "MSExchangeMTA]\n");
	put_file("services.txt",
		 "\r\nSERVICE_NAME: ClusSvc\r\nDISPLAY_NAME: Cluster Service\r\n"
		 "        TYPE               : 10  WIN32_OWN_PROCESS \r\n"
		 "        STATE              : 4  RUNNING \r\n"
		 "                                (STOPPABLE,NOT_PAUSABLE,IGNORES_SHUTDOWN)\r\n"
		 "        WIN32_EXIT_CODE    : 0\t(0x0)\r\n"
		 "\r\nSERVICE_NAME: MSExchangeMTA\r\n"
		 "        STATE              : 1  STOPPED \r\n"
		 "        WIN32_EXIT_CODE    : 1066\t(0x42a)\r\n"
		 "        SERVICE_EXIT_CODE  : 2140\t(0x85c)\r\n"
		 "        CHECKPOINT         : 0x0\r\n");
	open_root();
	assert_int_equal(state_of("clussvc"), SERVICE_STATE_RUNNING);
	assert_int_equal(image_root_query_service(root, "MSExchangeMTA", &service, &error),
			 STATUS_OK);
	assert_int_equal(service.state, SERVICE_STATE_STOPPED);
	assert_int_equal(service.exit_code, 2140);
	expect_bad_services("SERVICE_NAME: X\n  STATE : RUNNING\n", "line 2: a state");
}

static void services_may_be_what_net_start_prints(void **state)
{
	(void)state;
	put_file("a.reg", REG SERVICES_PATH
		 "MSExchangeMTA]\n" SERVICES_PATH
		 "MSExchangeDS]\n\"DisplayName\"=\"Microsoft Exchange Verzeichnis\"\n");
	put_file("services.txt", "Diese Windows 2000-Dienste sind gestartet:\r\n\r\n"
				 "   Anmeldedienst\r\n   Microsoft Exchange Verzeichnis\r\n"
				 "\r\nDer Befehl wurde erfolgreich ausgef\x81hrt.\r\n\r\n");
	open_root();
	assert_int_equal(state_of("MSExchangeDS"), SERVICE_STATE_RUNNING);
	assert_int_equal(state_of("MSExchangeMTA"), SERVICE_STATE_STOPPED);
	assert_int_equal(state_of("ClusSvc"), SERVICE_STATE_NOT_INSTALLED);
	put_file("services.txt", "These Windows NT services are started:\n\n"
				 "   Microsoft Exchange Message Transfer Agent\n");
	assert_int_equal(state_of("MSExchangeMTA"), SERVICE_STATE_RUNNING);
}

static void a_bad_list_of_services_is_named_with_its_line(void **state)
{
	(void)state;
	expect_bad_services("A running\nB sleeping\n", "line 2: a service without one of");
	expect_bad_services("A\n", "line 1: a service without one of");
	expect_bad_services("A stopped x\n", "line 1: an exit code");
	expect_bad_services("A stopped -1\n", "line 1: an exit code");
	expect_bad_services("A stopped 4294967296\n", "line 1: an exit code");
	expect_bad_services("A stopped 1 2\n", "line 1: more words");
}

static const uint16_t mta_ids[] = { 9298, 9321, 9266 };

static const struct host_question mta_question = { .source = "msexchangemta",
						   .ids = mta_ids,
						   .n_ids = 3 };

static enum status read_events(struct host_answer *out)
{
	return image_root_read_events(root, &mta_question, &arena, out, &error);
}

static void events_come_from_the_log_in_record_order(void **state)
{
	(void)state;
	material_or_skip();
	struct host_answer answer;
	size_t size = 0;
	char *log = material_read("evt/samba_mta.evt", &size);
	put_dir("WINNT");
	put_dir("WINNT/system32");
	put_dir("WINNT/system32/config");
	put_bytes("WINNT/system32/config/AppEvent.Evt", log, size);
	free(log);
	open_root();
	assert_int_equal(read_events(&answer), STATUS_OK);
	const struct host_event *events = answer.events;
	size_t n = answer.n;
	assert_true(n >= 12);
	assert_int_equal(events[0].id, 9298);
	assert_string_equal(events[0].strings[0], "5.5 (build 2650.24)");
	assert_int_equal(events[0].at_ms, INT64_C(980000000000));
	assert_int_equal(events[1].id, 9321);
	assert_string_equal(events[1].strings[0], "11004");
	assert_int_equal(events[2].id, 9266);
	assert_int_equal(events[n - 1].id, 9298);
}

static void a_log_that_is_none_is_a_failure(void **state)
{
	(void)state;
	struct host_answer answer = { .n = 0 };
	open_root();
	assert_int_equal(read_events(&answer), STATUS_NOT_FOUND);
	put_file("app.evt",
		 "this is no event log at all, and longer than a header would have to be");
	assert_int_equal(read_events(&answer), STATUS_MALFORMED);
	assert_non_null(strstr(error.text, "app.evt"));
	assert_null(answer.events);
}

static void the_disk_names_its_machine(void **state)
{
	(void)state;
	struct host_identity identity = { 0 };
	put_file("a.reg",
		 REG "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\"
		     "ComputerName]\n\"ComputerName\"=\"EXCH1\"\n"
		     "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n"
		     "\"CurrentVersion\"=\"4.0\"\n\"CSDVersion\"=\"Service Pack 6\"\n");
	open_root();
	assert_int_equal(image_root_identify(root, &arena, &identity, &error), STATUS_OK);
	assert_string_equal(identity.name, "EXCH1");
	assert_string_equal(identity.os, "Windows NT 4.0 Service Pack 6");
	put_file("a.reg", REG "[HKEY_LOCAL_MACHINE\\X]\n");
	assert_int_equal(image_root_identify(root, &arena, &identity, &error), STATUS_NOT_FOUND);
}

static void what_is_no_directory_is_refused(void **state)
{
	(void)state;
	put_file("file", "x");
	assert_int_equal(image_root_open(&root, in_dir("file"), &error), STATUS_NOT_FOUND);
	assert_int_equal(image_root_open(&root, in_dir("absent"), &error), STATUS_NOT_FOUND);
	root = NULL;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_found_in_any_case_below_its_drive),
		TEST(the_folder_of_the_drive_may_be_missing),
		TEST(a_path_never_leaves_the_directory),
		TEST(a_directory_is_no_file),
		TEST(all_exports_together_are_the_registry),
		TEST(a_changed_export_is_read_anew),
		TEST(without_an_export_there_is_no_registry_rather_than_an_empty_one),
		TEST(an_export_that_cannot_be_understood_is_named_with_its_line),
		TEST(a_value_that_cannot_be_understood_is_a_failure_only_where_it_is_read),
		TEST(without_select_there_is_one_control_set),
		TEST(what_no_export_holds_is_told_with_what_they_hold),
		TEST(the_current_control_set_is_the_one_that_select_names),
		TEST(services_have_the_state_that_the_list_tells),
		TEST(services_may_be_what_notepad_saves),
		TEST(services_may_be_what_sc_query_prints),
		TEST(services_may_be_what_net_start_prints),
		TEST(a_bad_list_of_services_is_named_with_its_line),
		TEST(events_come_from_the_log_in_record_order),
		TEST(a_log_that_is_none_is_a_failure),
		TEST(the_disk_names_its_machine),
		TEST(what_is_no_directory_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
