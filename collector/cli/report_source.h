/*
 * A file of reports that a person hands in: one report, as `mtawatch-agent report` prints it, or a
 * report a line, as `export` does. Read report by report, however long it is; a byte order mark,
 * UTF-16 and CR LF do no harm.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proto/base/arena.h"
#include "proto/base/buffer.h"

#define REPORT_SOURCE_PLACE_SIZE 512

struct report_source {
	const char *name; /* "standard input" for "-" */
	size_t line;      /* of the report; 0: the file is one report */
	size_t n;         /* reports so far */
	/*
	 * The report as it stands there. Of one that is longer than a report may be only a little
	 * more than that.
	 */
	struct buffer text;

	FILE *file;            /* private, as what follows */
	size_t lines;          /* read so far */
	unsigned char head[3]; /* read to look for a mark, and still to be given out */
	size_t head_at;
	size_t head_n;
	struct arena arena; /* of what had to be decoded as a whole */
};

/* NULL, or why it cannot be read, in the file's arena. report_source_close() is due either way. */
const char *report_source_open(struct report_source *file, const char *name);

/* Reads the next report into `text`. False: there is none, or reading failed (errno; ferror()). */
bool report_source_next(struct report_source *file);

/* "exch8.json", "export.jsonl:17": where the report stands. Returns `place`. */
const char *report_source_place(const struct report_source *file,
				char place[REPORT_SOURCE_PLACE_SIZE]);

bool report_source_has_failed(const struct report_source *file);
void report_source_close(struct report_source *file);
