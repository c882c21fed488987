/*
 * Reads reports on standard input, one per line, and answers each with one line: the report as it
 * is written again, or "!STATUS POINTER DETAIL" separated by tabs. For test_report_schema.py.
 */
#include "proto/base/arena.h"
#include "proto/report/json.h"

#include <stdio.h>
#include <stdlib.h>

static void answer(const char *text, size_t size)
{
	struct arena arena;
	struct report report;
	struct json_error error;

	arena_init(&arena);
	enum status status = report_json_read(text, size, &arena, &report, &error);
	if (status == STATUS_OK) {
		char *again = report_json_write(&report);
		puts(again);
		free(again);
	} else {
		printf("!%d\t%s\t%s\n", (int)status, error.pointer, error.detail);
	}
	arena_deinit(&arena);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;

	while ((size = getline(&line, &room, stdin)) > 0) {
		answer(line, (size_t)size - 1);
		if (fflush(stdout) != 0)
			break;
	}
	free(line);
	return ferror(stdin) || ferror(stdout);
}
