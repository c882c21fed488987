/*
 * Any bytes, up to a NUL, as the small texts that stand in reports, configurations and registries:
 * moments, versions, addresses, directory names. What is read is written and read again equal;
 * and what is folded is folded for good.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/x500.h"
#include "proto/base/casefold.h"
#include "proto/base/ipv4.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/base/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_timestamp(const char *text)
{
	char again[TIMESTAMP_TEXT_SIZE];
	int64_t ms;
	int64_t ms_again;

	if (timestamp_parse(text, &ms) != STATUS_OK)
		return;
	if (ms == TIMESTAMP_NONE)
		abort();
	if (timestamp_parse(timestamp_format(ms, again), &ms_again) != STATUS_OK || ms != ms_again)
		abort();
}

static void read_version(const char *text)
{
	char again[VERSION_TEXT_SIZE];
	struct version version;
	struct version version_again;

	if (!version_parse(text, &version))
		return;
	if (!version_parse(version_format(&version, again), &version_again) ||
	    version_compare(&version, &version_again) != 0)
		abort();
}

static void read_address(const char *text)
{
	char again[IPV4_TEXT_SIZE];
	uint32_t address;
	struct ipv4_prefix prefix;

	if (ipv4_prefix_parse(text, &prefix) &&
	    (prefix.length > 32 || !ipv4_prefix_contains(&prefix, prefix.address)))
		abort();
	if (ipv4_parse(text, &address) && strcmp(ipv4_format(address, again), text) != 0)
		abort();
}

static void read_name(const char *text)
{
	struct arena arena;
	struct x500_server name;

	arena_init(&arena);
	if (x500_parse_server(text, &arena, &name) &&
	    (!strstr(text, name.organization) || !strstr(text, name.site) ||
	     !strstr(text, name.server)))
		abort();
	arena_deinit(&arena);
}

static void fold(const char *text)
{
	char *folded = mem_strdup(text);
	size_t n = casefold_copy(folded, text);

	if (n > strlen(text) || strlen(folded) != n || !casefold_equal(text, folded) ||
	    casefold_hash(text) != casefold_hash(folded))
		abort();
	char *again = mem_strdup(folded);
	if (casefold_copy(again, folded) != n || strcmp(again, folded) != 0)
		abort();
	free(again);
	free(folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);

	read_timestamp(text);
	read_version(text);
	read_address(text);
	read_name(text);
	fold(text);
	free(text);
	return 0;
}
