#include "collector/store/keep.h"

#include "proto/base/mem.h"

void store_keep_record(const struct store_table *table, void *record, struct arena *arena)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		const struct store_column *column = &table->columns[i];
		const char **text = (void *)((char *)record + column->offset);
		if (column->kind == STORE_COLUMN_TEXT || column->kind == STORE_COLUMN_TEXT_OR_NULL)
			*text = arena_strdup(arena, *text);
	}
}

void store_keep_report(struct record_report *report, struct arena *arena)
{
	report->key = arena_strdup(arena, report->key);
	report->agent_id = arena_strdup(arena, report->agent_id);
	report->epoch = arena_strdup(arena, report->epoch);
	report->imported_by = arena_strdup(arena, report->imported_by);
	report->body = arena_strndup(arena, report->body, report->body_size);
}

void store_keep_server(struct record_server *server, struct arena *arena)
{
	server->key = arena_strdup(arena, server->key);
	server->verdict = arena_strdup(arena, server->verdict);
	server->verdict_json = arena_strdup(arena, server->verdict_json);
	server->adapters_json = arena_strdup(arena, server->adapters_json);
}

void store_keep_delivery(struct record_delivery *delivery, struct arena *arena)
{
	const char *body = delivery->body ? delivery->body : "";

	store_keep_record(&store_deliveries, delivery, arena);
	delivery->body = arena_strndup(arena, body, delivery->body_size);
}

enum status store_keep_expected(void *user, const struct record_expected *expected)
{
	struct store_expected_rows *all = user;

	all->rows = mem_make_room(all->rows, all->n, &all->room, sizeof *all->rows);
	struct record_expected *row = &all->rows[all->n++];
	*row = *expected;
	store_keep_record(&store_expected, row, &all->arena);
	return STATUS_OK;
}
