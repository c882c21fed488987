/* The names of a Windows NT 4.0's adapters, out of a registry as regedit exports it. */
#include "agent/host/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SET_BY_HAND  UINT32_C(0x0a000005) /* 10.0.0.5 */
#define OF_CLUSTER   UINT32_C(0x0a000002) /* 10.0.0.2: virtual, and the first in the system's order */
#define SECOND_ONE   UINT32_C(0x0a000006)
#define BY_DHCP      UINT32_C(0xc0a80109) /* 192.168.1.9 */
#define OF_AN_OLD_ID UINT32_C(0x0a000007)

#define CARDS    "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\NetworkCards\\"
#define SERVICES "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\"

/* Card 2 is by DHCP; card 3 was taken out, and its service with it; card 4 has no description. */
static const char registry[] =
	"REGEDIT4\n\n" CARDS "1]\n"
	"\"ServiceName\"=\"El90x1\"\n\"Description\"=\"3Com EtherLink PCI\"\n\n" SERVICES
	"El90x1\\Parameters\\Tcpip]\n"
	"\"DhcpIPAddress\"=\"0.0.0.0\"\n"
	/* 10.0.0.5 and 10.0.0.6 */
	"\"IPAddress\"=hex(7):31,30,2e,30,2e,30,2e,35,00,31,30,2e,30,2e,30,2e,36,00,00\n\n" CARDS
	"2]\n"
	"\"ServiceName\"=\"E100B1\"\n\"Description\"=\"Intel PRO/100\"\n\n" SERVICES
	"E100B1\\Parameters\\Tcpip]\n"
	"\"DhcpIPAddress\"=\"192.168.1.9\"\n"
	"\"IPAddress\"=hex(7):30,2e,30,2e,30,2e,30,00,00\n\n" CARDS "3]\n"
	"\"ServiceName\"=\"Gone1\"\n\n" CARDS "64]\n"
	"\"ServiceName\"=\"N100_1\"\n\n" SERVICES "N100_1\\Parameters\\Tcpip]\n"
	/* 10.0.0.7 */
	"\"IPAddress\"=hex(7):31,30,2e,30,2e,30,2e,37,00,00\n";

static char dir[64];
static struct host *host;
static struct arena arena;

static int set_up(void **state)
{
	struct host_options options = { .image_root = dir, .disk_only = true };
	struct os_error error;
	char path[128];
	(void)state;

	strcpy(dir, "/tmp/mtawatch-card-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/cards.reg", dir);
	FILE *file = fopen(path, "w");
	if (!file || fputs(registry, file) < 0 || fclose(file) != 0)
		return -1;
	arena_init(&arena);
	return host_open(&host, &options, &error) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];
	(void)state;

	host_close(host);
	arena_deinit(&arena);
	snprintf(command, sizeof command, "rm -r '%s'", dir);
	return system(command);
}

/* An adapter as NT 4.0's tables have it, named. */
static struct host_adapter named(struct ipv4_prefix *addresses, size_t n)
{
	struct host_adapter adapter = { .id = "if2",
					.description = "El90x1 Adapter",
					.addresses = addresses,
					.n_addresses = n };

	card_name_adapter(host, &adapter, &arena);
	return adapter;
}

static void an_adapter_has_the_name_of_the_card_with_its_address(void **state)
{
	struct ipv4_prefix address = { SET_BY_HAND, 24 };
	(void)state;

	struct host_adapter adapter = named(&address, 1);
	assert_string_equal(adapter.id, "El90x1");
	assert_string_equal(adapter.description, "3Com EtherLink PCI");
}

static void a_virtual_address_that_comes_first_hides_no_name(void **state)
{
	struct ipv4_prefix addresses[] = { { OF_CLUSTER, 24 }, { SET_BY_HAND, 24 } };
	struct ipv4_prefix more[] = { { OF_CLUSTER, 24 }, { SECOND_ONE, 24 } };
	(void)state;

	assert_string_equal(named(addresses, 2).id, "El90x1");
	assert_string_equal(named(more, 2).id, "El90x1");
}

static void an_address_by_dhcp_counts_as_one_that_was_set(void **state)
{
	struct ipv4_prefix address = { BY_DHCP, 24 };
	(void)state;

	assert_string_equal(named(&address, 1).id, "E100B1");
}

static void the_last_card_that_is_tried_needs_no_description(void **state)
{
	struct ipv4_prefix address = { OF_AN_OLD_ID, 24 };
	(void)state;

	struct host_adapter adapter = named(&address, 1);
	assert_string_equal(adapter.id, "N100_1");
	assert_string_equal(adapter.description, "El90x1 Adapter");
}

static void an_adapter_whose_addresses_no_card_has_keeps_its_number(void **state)
{
	struct ipv4_prefix address = { OF_CLUSTER, 24 };
	(void)state;

	assert_string_equal(named(&address, 1).id, "if2");
	assert_string_equal(named(NULL, 0).id, "if2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_adapter_has_the_name_of_the_card_with_its_address),
		cmocka_unit_test(a_virtual_address_that_comes_first_hides_no_name),
		cmocka_unit_test(an_address_by_dhcp_counts_as_one_that_was_set),
		cmocka_unit_test(the_last_card_that_is_tried_needs_no_description),
		cmocka_unit_test(an_adapter_whose_addresses_no_card_has_keeps_its_number),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
