/*
 * Any bytes as a list of expected servers. What is understood is in the order of keys, each once,
 * within the limits, and means the same when it is written again as CSV with everything quoted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/query/inventory_text.h"
#include "collector/query/server_csv.h"
#include "proto/base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_quoted(struct buffer *out, const char *text)
{
	buffer_add_char(out, '"');
	if (server_csv_needs_apostrophe(text))
		buffer_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buffer_add_char(out, '"');
		buffer_add_char(out, *text);
	}
	buffer_add_char(out, '"');
}

static void put_row(struct buffer *out, const struct record_expected *row)
{
	put_quoted(out, row->server);
	buffer_add_char(out, ',');
	put_quoted(out, row->organization);
	buffer_add_char(out, ',');
	put_quoted(out, row->site);
	buffer_add_text(out, "\r\n");
}

static void check(const struct record_expected *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(rows[i].server) > INVENTORY_MAX_FIELD || !*rows[i].key ||
		    (i > 0 && strcmp(rows[i - 1].key, rows[i].key) >= 0))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_expected *rows = NULL;
	struct record_expected *again = NULL;
	size_t n = 0;
	size_t n_again = 0;
	char error[INVENTORY_ERROR_SIZE];
	struct buffer text;
	struct arena arena;

	arena_init(&arena);
	buffer_init(&text);
	if (inventory_text_read((const char *)data, size, 1, &arena, &rows, &n, error) ==
	    STATUS_OK) {
		check(rows, n);
		/* Without a heading the first row could be taken for one: "E,Name,org". */
		buffer_add_text(&text, "# written again\nserver,organization,site\r\n");
		for (size_t i = 0; i < n; i++)
			put_row(&text, &rows[i]);
		if (inventory_text_read(text.bytes, text.size, 1, &arena, &again, &n_again,
					error) != STATUS_OK ||
		    n_again != n)
			abort();
		for (size_t i = 0; i < n; i++) {
			if (strcmp(rows[i].site, again[i].site) != 0 ||
			    strcmp(rows[i].server, again[i].server) != 0)
				abort();
		}
	}
	buffer_deinit(&text);
	arena_deinit(&arena);
	return 0;
}
