/*
 * Makes records that are borrowed from a row ones whose texts live in an arena.
 */
#pragma once

#include <stddef.h>

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"
#include "collector/store/columns.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

/* Any record of columns.h. */
void store_keep_record(const struct store_table *table, void *record, struct arena *arena);

void store_keep_report(struct record_report *report, struct arena *arena);
void store_keep_server(struct record_server *server, struct arena *arena);
/* Its body, too; but for what it is about. */
void store_keep_delivery(struct record_delivery *delivery, struct arena *arena);

/*
 * Rows of an inventory, as the reads of one hand them over. `arena` is the owner's to begin and
 * end.
 */
struct store_expected_rows {
	struct arena arena;
	struct record_expected *rows; /* to be freed */
	size_t n;
	size_t room;
};
/* As store_each_expected; `user` are the rows. */
enum status store_keep_expected(void *user, const struct record_expected *expected);
