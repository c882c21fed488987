/*
 * Any bytes as a report. What is accepted is written and read again equal; what is refused is
 * refused with a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/report/json.h"
#include "tests/fuzz/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct report *report, struct arena *arena)
{
	struct report again;
	struct json_error error;
	char *text = report_json_write(report);

	if (report_json_read(text, strlen(text), arena, &again, &error) != STATUS_OK)
		abort();
	check_same_report(report, &again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct report report;
	struct json_error error = { .detail = "" };

	arena_init(&arena);
	if (report_json_read((const char *)data, size, &arena, &report, &error) == STATUS_OK)
		check_again(&report, &arena);
	else if (!*error.detail)
		abort();
	arena_deinit(&arena);
	return 0;
}
