/*
 * Makes records that are borrowed from a row ones whose texts live in an arena.
 */
#pragma once

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"
#include "collector/store/columns.h"
#include "proto/base/arena.h"

/* Any record of columns.h. */
void store_keep_record(const struct store_table *table, void *record, struct arena *arena);

void store_keep_report(struct record_report *report, struct arena *arena);
void store_keep_server(struct record_server *server, struct arena *arena);
void store_keep_identity(struct record_identity *identity, struct arena *arena);
/* Its body, too; but for what it is about. */
void store_keep_delivery(struct record_delivery *delivery, struct arena *arena);
