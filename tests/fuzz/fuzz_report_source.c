/*
 * Any bytes as a file of reports that a person hands in: it is read to its end, each report has
 * text and stands behind the one before it, and no more is kept of one than a report may have.
 */
#include <stdint.h>
#include <stdlib.h>

#include "collector/cli/report_source.h"
#include "proto/report/report.h"
#include "tests/fuzz/input_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_report(const struct report_source *source, size_t line_before)
{
	char place[REPORT_SOURCE_PLACE_SIZE];

	require(source->text.size > 0 && source->text.size <= REPORT_MAX_BYTES + 1);
	require(source->line > line_before || (source->line == 0 && source->n == 1));
	require(report_source_place(source, place)[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_source source;
	size_t line = 0;
	size_t n = 0;

	const char *wrong = report_source_open(&source, input_file_put("reports", data, size));
	while (!wrong && report_source_next(&source)) {
		check_report(&source, line);
		line = source.line;
		require(source.n == ++n);
	}
	require(wrong || !report_source_has_failed(&source));
	report_source_close(&source);
	return 0;
}
