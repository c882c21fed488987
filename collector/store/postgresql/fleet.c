/*
 * Which installation a database has, and a data directory is of: so that a mistaken address does
 * not give one fleet's agents and alerts to another.
 */
#include "collector/store/postgresql/internal.h"

#include <stdio.h>
#include <string.h>

#include "collector/base/file_open.h"
#include "collector/base/file_replace.h"
#include "proto/base/arena.h"

static const struct pg_statement read_fleet = { "read_fleet", "see whose store that is",
						"SELECT value FROM meta WHERE name = 'fleet'" };

/* What the directory remembers; "": nothing. */
static void remembered(const char *path, char fleet[PG_UUID_SIZE])
{
	const char *ignored = NULL;
	FILE *file = file_open(path, &ignored);

	fleet[0] = '\0';
	if (!file)
		return;
	if (!fgets(fleet, PG_UUID_SIZE, file))
		fleet[0] = '\0';
	fclose(file); /* only read: nothing can be lost */
	fleet[strcspn(fleet, "\r\n")] = '\0';
}

static enum status compare(const struct store_db *db, const char *path, const char *fleet,
			   enum pg_fleet_use use, char error[STORE_ERROR_SIZE])
{
	char before[PG_UUID_SIZE];
	char line[PG_UUID_SIZE + 1];

	remembered(path, before);
	if (before[0] && strcmp(before, fleet) != 0 && use != PG_FLEET_REPLACE) {
		snprintf(error, STORE_ERROR_SIZE,
			 "the database at %s has the store of another fleet (%s) than the data "
			 "directory is of (%s); remove '%s' if it is meant to go with this one",
			 db->conn.place, fleet, before, path);
		return STATUS_CONFLICT;
	}
	if (use == PG_FLEET_LOOK || (use == PG_FLEET_REMEMBER && before[0]))
		return STATUS_OK;
	int n = snprintf(line, sizeof line, "%s\n", fleet);
	return file_replace(path, 0600, line, (size_t)n, error, STORE_ERROR_SIZE);
}

enum status pg_fleet_check(struct store_db *db, const char *directory, enum pg_fleet_use use,
			   char error[STORE_ERROR_SIZE])
{
	struct arena arena;
	PGresult *rows;

	enum status status = pg_run(&db->conn, &read_fleet, NULL, &rows, error);
	if (status != STATUS_OK)
		return status;
	arena_init(&arena);
	const char *fleet = PQntuples(rows) > 0 ? pg_text(rows, 0, 0) : "";
	status = compare(db, arena_printf(&arena, "%s/" STORE_FLEET, directory), fleet, use, error);
	if (status == STATUS_OK)
		snprintf(db->fleet, sizeof db->fleet, "%s", fleet);
	arena_deinit(&arena);
	PQclear(rows);
	return status;
}
