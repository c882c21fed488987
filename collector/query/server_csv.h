/*
 * Servers as CSV (RFC 4180): a header line, then a line a server with verdict, reason, remedy and
 * times. What a cell says comes from reports, so it is made harmless: control characters, line ends
 * and marks of direction become '?', and a cell that a spreadsheet would take for a formula, since
 * it begins with = + - @ (also full width), begins with an apostrophe instead.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/remarks.h"
#include "collector/model/view.h"
#include "proto/base/buffer.h"

void server_csv_add_header(struct buffer *out);
void server_csv_add(struct buffer *out, const struct view *view, const struct remark_pair *pair,
		    int64_t now_ms);

/*
 * Is the text written behind an apostrophe? So is what a spreadsheet would take for a formula, and
 * what looks like one that is written so: whoever reads a cell takes one apostrophe off.
 */
bool server_csv_needs_apostrophe(const char *text);

/* Writes a cell, without the comma before it; NULL is an empty cell. */
void server_csv_add_cell(struct buffer *out, const char *text);
