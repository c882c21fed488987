#include "tests/unit/proto/rpc/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/material.h"

void recorded_close(struct recorded *r)
{
	assert_int_equal(r->at, r->size);
	free(r->bytes);
	memset(r, 0, sizeof *r);
}

void recorded_open(struct recorded *r, const char *connection, const char *direction, size_t piece)
{
	char name[sizeof r->name];

	snprintf(name, sizeof name, "dcerpc/%s.%s.bin", connection, direction);
	if (strcmp(name, r->name) == 0)
		return;
	recorded_close(r);
	print_message("%s\n", name); /* the last one named is the one that failed */
	memcpy(r->name, name, sizeof name);
	r->bytes = (uint8_t *)material_read(name, &r->size);
	r->piece = piece;
}

void recorded_next(struct recorded *r)
{
	enum status status;

	do {
		const uint8_t *next = r->bytes + r->at;
		size_t left = r->size - r->at < r->piece ? r->size - r->at : r->piece;
		if (left == 0)
			fail_msg("%s ends within PDU %u", r->name, r->seq + 1);
		status = pdu_stream_take(&r->stream, &next, &left, &r->header);
		r->at = (size_t)(next - r->bytes);
	} while (status == STATUS_TRUNCATED);
	r->seq++;
	if (status != STATUS_OK)
		fail_msg("%s: PDU %u: status %d", r->name, r->seq, (int)status);
}

/* Cuts a line in place at its tabs. */
static void split(char *line, char *columns[RECORDED_MAX_COLUMNS])
{
	static char nothing[1];

	for (size_t i = 0; i < RECORDED_MAX_COLUMNS; i++) {
		columns[i] = line ? line : nothing;
		line = line ? strchr(line, '\t') : NULL;
		if (line)
			*line++ = '\0';
	}
}

size_t recorded_each_row(const char *table,
			 void (*row)(char *columns[RECORDED_MAX_COLUMNS], void *user), void *user)
{
	size_t size;
	size_t n = 0;
	char *text = material_read(table, &size);
	char *line = strchr(text, '\n');

	while (line && line[1]) {
		char *columns[RECORDED_MAX_COLUMNS];
		char *end = strchr(++line, '\n');
		if (end)
			*end = '\0';
		split(line, columns);
		row(columns, user);
		n++;
		line = end;
	}
	free(text);
	return n;
}

void recorded_expect_number(const char *column, unsigned long got)
{
	assert_true(*column != '\0');
	assert_int_equal(strtoul(column, NULL, 0), got);
}
