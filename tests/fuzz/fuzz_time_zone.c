/*
 * Any bytes as the file of a time zone, and as the rule at its end. Whatever is read, clocks there
 * show a time within two days of UTC, and the time has a name that can be printed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/time_zone.h"
#include "collector/base/time_zone_rule.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY_MS (INT64_C(86400) * 1000)

/* The first and last moments of timestamps, and some between. */
static const int64_t moments[] = {
	INT64_C(-62167219200000), -1, 0, 1795000000000, INT64_C(4102444800000),
	INT64_C(253402300799999)
};

static void check_rule(const uint8_t *data, size_t size)
{
	struct time_zone_rule rule;
	int32_t offset_s = 0;
	char *text = mem_strndup((const char *)data, size);

	if (time_zone_rule_read(text, &rule) &&
	    strlen(time_zone_rule_at(&rule, 1795000000, &offset_s)) < 3)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;

	arena_init(&arena);
	const struct time_zone *zone = time_zone_read(data, size, &arena);
	for (size_t i = 0; zone && i < sizeof moments / sizeof *moments; i++) {
		struct time_zone_local local = time_zone_at(zone, moments[i]);
		if (local.ms - moments[i] > 2 * DAY_MS || moments[i] - local.ms > 2 * DAY_MS ||
		    strlen(local.name) >= sizeof local.name)
			abort();
	}
	arena_deinit(&arena);
	check_rule(data, size);
	return 0;
}
