/* Any bytes as a date of HTTP. What is taken can be written as RFC 3339 and read again. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/https/http_date.h"
#include "proto/base/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TIMESTAMP_TEXT_SIZE];
	int64_t ms = TIMESTAMP_NONE;
	int64_t again = TIMESTAMP_NONE;

	if (http_date_parse((const char *)data, size, &ms) != STATUS_OK) {
		if (ms != TIMESTAMP_NONE)
			abort();
		return 0;
	}
	if (size != HTTP_DATE_SIZE)
		abort();
	if (timestamp_parse(timestamp_format(ms, text), &again) != STATUS_OK || again != ms)
		abort();
	return 0;
}
