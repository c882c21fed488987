/*
 * Any bytes as the number of an event and a message table; what lies in it, and the bytes
 * themselves, as texts with strings in them. What comes out is one line of UTF-8 that a report
 * takes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/report/report.h"
#include "proto/windows/message_table.h"
#include "tests/fuzz/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(const uint8_t *bytes, size_t size)
{
	struct arena arena;
	char *pattern = mem_strndup((const char *)bytes, size);
	const char *const strings[] = { pattern, "", "11004" };
	arena_init(&arena);
	const char *text = message_table_fill(pattern, strings, 3, &arena);
	size_t length = strlen(text);
	check_utf8(text);
	if (length > REPORT_MAX_STRING || (length > 0 && text[length - 1] == ' '))
		abort();
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7F)
			abort();
	}
	arena_deinit(&arena);
	free(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_table_entry message;
	uint32_t id = 0;
	if (size < sizeof id)
		return 0;
	memcpy(&id, data, sizeof id);
	const uint8_t *table = data + sizeof id;
	fill(table, size - sizeof id);
	if (!message_table_find(table, size - sizeof id, id, &message))
		return 0;
	if (message.size == 0)
		return 0; /* an empty text lies nowhere */
	if (message.bytes < table || message.size > (size_t)(data + size - message.bytes))
		abort();
	fill(message.bytes, message.size);
	return 0;
}
