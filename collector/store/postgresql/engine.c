#include "collector/store/postgresql/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collector/store/postgresql/internal.h"
#include "collector/store/postgresql/schema.h"
#include "proto/base/mem.h"

/* The address has no password, or it is refused wherever it is used. */
static const char *locate(const struct store_location *location, struct arena *arena)
{
	return arena_strdup(arena, location->address);
}

static bool exists(const struct store_location *location)
{
	(void)location;
	return true;
}

void pg_close(struct store_db *db)
{
	if (!db)
		return;
	if (db->writer) {
		pg_lease_release(db);
		pg_unload(db);
		pg_mirror_free(db->writer->mirror);
		pg_conn_close(&db->writer->next_loop);
		uv_mutex_destroy(&db->writer->loop_use);
		uv_mutex_destroy(&db->writer->use);
		free(db->writer->standings);
		free(db->writer);
	}
	pg_conn_close(&db->conn);
	free(db->directory);
	store_packer_deinit(&db->packer);
	buffer_deinit(&db->base);
	buffer_deinit(&db->text);
	buffer_deinit(&db->packed);
	buffer_deinit(&db->packed_base);
	free(db);
}

/* The tables as a connection needs them. */
enum tables {
	TABLES_PRESENT,       /* of this version */
	TABLES_OLDER_PRESENT, /* or of an older one */
	TABLES_MADE,          /* of this version; where there are none they are made */
};

static enum status look_for_schema(struct store_db *db, enum tables wanted,
				   char error[STORE_ERROR_SIZE])
{
	enum status status = pg_schema_look(&db->conn, wanted == TABLES_OLDER_PRESENT, error);

	return status == STATUS_NOT_FOUND && wanted == TABLES_MADE
		       ? pg_schema_make(&db->conn, error)
		       : status;
}

static enum status open_for(struct store_db **out, const struct store_location *location,
			    const char *use, enum tables wanted, char error[STORE_ERROR_SIZE])
{
	struct store_db *db = mem_alloc(sizeof *db);

	enum status status = pg_conn_open(&db->conn, location, use, error);
	if (status == STATUS_OK)
		status = look_for_schema(db, wanted, error);
	if (status == STATUS_OK) {
		*out = db;
		return STATUS_OK;
	}
	pg_close(db);
	*out = NULL;
	return status;
}

enum status pg_open_as(struct store_db **out, const struct store_location *location,
		       const char *use, char error[STORE_ERROR_SIZE])
{
	return open_for(out, location, use, TABLES_OLDER_PRESENT, error);
}

static enum status open_reader(struct store_db **out, const struct store_location *location,
			       char error[STORE_ERROR_SIZE])
{
	return open_for(out, location, "reader", TABLES_PRESENT, error);
}

static enum status open_admin(struct store_db **out, const struct store_location *location,
			      bool create, char error[STORE_ERROR_SIZE])
{
	enum status status =
		open_for(out, location, "terminal", create ? TABLES_MADE : TABLES_PRESENT, error);
	if (status != STATUS_OK)
		return status;
	status = pg_fleet_check(*out, location->directory,
				create ? PG_FLEET_REMEMBER : PG_FLEET_LOOK, error);
	if (status != STATUS_OK) {
		pg_close(*out);
		*out = NULL;
	}
	return status;
}

static struct pg_writer *writer_new(void)
{
	struct pg_writer *writer = mem_alloc(sizeof *writer);

	writer->mirror = pg_mirror_new();
	if (uv_mutex_init(&writer->loop_use) != 0 || uv_mutex_init(&writer->use) != 0)
		abort(); /* only for lack of memory */
	return writer;
}

/* Under a lease that is its collector's, or one of its own. */
static enum status begin_lease(struct store_db *db, const struct store_claim *claim,
			       char error[STORE_ERROR_SIZE])
{
	if (!claim)
		return pg_lease_take(db, error);
	snprintf(db->writer->token, sizeof db->writer->token, "%s", claim->token);
	db->writer->epoch = claim->epoch;
	db->writer->confirmed_id = claim->last_commit;
	return STATUS_OK;
}

static enum status load_writer(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct store_clocks *clocks = &db->writer->clocks;

	enum status status = pg_read_clock(db, "age_ms", &clocks->age_ms, error);
	if (status == STATUS_OK)
		status = pg_read_clock(db, "latest_ms", &clocks->latest_ms, error);
	if (status == STATUS_OK)
		status = pg_load_loss(db, error);
	if (status == STATUS_OK)
		status = pg_look_at_standby(db, error);
	if (status == STATUS_OK)
		status = pg_load(db, error);
	return status == STATUS_OK ? pg_save_loss(db, error) : status;
}

static enum status open_writer(struct store_db **out, const struct store_location *location,
			       const struct store_claim *claim, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_open_as(out, location, "writer", error);

	if (status != STATUS_OK)
		return status;
	(*out)->writer = writer_new();
	(*out)->writer->has_to_wait = location->require_synchronous;
	status = pg_fleet_check(*out, location->directory, PG_FLEET_REMEMBER, error);
	if (status == STATUS_OK)
		status = begin_lease(*out, claim, error);
	if (status == STATUS_OK)
		status = pg_schema_update(&(*out)->conn, (*out)->writer->token, error);
	if (status == STATUS_OK)
		status = load_writer(*out, error);
	if (status != STATUS_OK) {
		pg_close(*out);
		*out = NULL;
	}
	return status;
}

static void pair(struct store_db *reader, struct store_db *writer)
{
	reader->beside = writer->writer;
	reader->servers = writer->writer;
	writer->writer->loop = reader;
}

static void pair_asker(struct store_db *reader, struct store_db *writer)
{
	reader->servers = writer->writer;
}

/* Whether the database is the one that we write to is what the fence of each commit tells. */
static enum status look(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	(void)db;
	error[0] = '\0';
	return STATUS_OK;
}

static int64_t count_lost(struct store_db *db)
{
	return pg_mirror_n_lost(db->writer->mirror);
}

static int64_t last_commit(struct store_db *db)
{
	return pg_mirror_last_commit(db->writer->mirror);
}

static struct store_loss last_loss(struct store_db *db)
{
	return pg_mirror_last_loss(db->writer->mirror);
}

static bool is_asynchronous(struct store_db *db)
{
	return pg_mirror_is_asynchronous(db->writer->mirror);
}

static enum status read_latest_time(struct store_db *db, int64_t *out, char error[STORE_ERROR_SIZE])
{
	return pg_read_clock(db, "latest_ms", out, error);
}

/* Takes what a restore that was cut off has left out of the way. */
static enum status make_hidden_schema(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_schema_look(conn, true, error);

	if (status == STATUS_OK) {
		snprintf(error, STORE_ERROR_SIZE,
			 "there is a store already in the database at %s; 'DROP SCHEMA mtawatch "
			 "CASCADE' removes it",
			 conn->place);
		return STATUS_CONFLICT;
	}
	if (status == STATUS_TRUNCATED)
		status = pg_schema_drop(conn, error);
	else if (status == STATUS_NOT_FOUND)
		status = STATUS_OK;
	if (status == STATUS_OK)
		status = pg_schema_make(conn, error);
	return status == STATUS_OK ? pg_schema_hide(conn, error) : status;
}

static enum status begin_restore(struct store_db **out, const struct store_location *location,
				 char error[STORE_ERROR_SIZE])
{
	struct store_db *db = mem_alloc(sizeof *db);

	enum status status = pg_conn_open(&db->conn, location, "restore", error);
	if (status == STATUS_OK)
		status = make_hidden_schema(&db->conn, error);
	if (status == STATUS_OK) {
		db->writer = writer_new();
		status = begin_lease(db, NULL, error);
	}
	if (status == STATUS_OK)
		status = load_writer(db, error);
	if (status == STATUS_OK)
		*out = db;
	else
		pg_close(db);
	return status;
}

/* The data directory goes with what was restored for it, if it is there. */
static enum status remember_restored(struct store_db *db, const char *directory,
				     char error[STORE_ERROR_SIZE])
{
	return access(directory, F_OK) == 0 ? pg_fleet_check(db, directory, PG_FLEET_REPLACE, error)
					    : STATUS_OK;
}

static enum status end_restore(struct store_db *db, const struct store_location *location,
			       enum status status, char error[STORE_ERROR_SIZE])
{
	char ignored[STORE_ERROR_SIZE]; /* why the restore failed is what matters */

	if (status == STATUS_OK)
		status = remember_restored(db, location->directory, error);
	if (status == STATUS_OK)
		status = pg_schema_show(&db->conn, error);
	else
		pg_schema_drop(&db->conn, ignored);
	pg_close(db);
	return status;
}

const struct store_engine postgresql_engine = {
	.exists = exists,
	.locate = locate,
	.open_writer = open_writer,
	.open_reader = open_reader,
	.open_admin = open_admin,
	.pair = pair,
	.pair_asker = pair_asker,
	.close = pg_close,
	.open_seat = pg_open_seat,
	.beat = pg_beat,
	.read_look = pg_read_look,
	.take_lease = pg_take_lease,
	.release_lease = pg_release_lease,
	.commit = pg_commit,
	.look = look,
	.sweep = pg_sweep,
	.touch = pg_touch,
	.count_lost = count_lost,
	.last_commit = last_commit,
	.last_loss = last_loss,
	.is_asynchronous = is_asynchronous,
	.read_servers = pg_read_servers,
	.read_server = pg_read_server,
	.read_removals = pg_read_removals,
	.read_other_names = pg_read_other_names,
	.read_expected = pg_read_expected,
	.read_former_expected = pg_read_former_expected,
	.read_latest_time = read_latest_time,
	.read_expected_version = pg_read_expected_version,
	.read_open_alerts = pg_read_open_alerts,
	.read_silences = pg_read_silences,
	.read_hooks = pg_read_hooks,
	.read_summaries = pg_read_summaries,
	.read_last_alert_id = pg_read_last_alert_id,
	.read_alerts = pg_read_alerts,
	.read_alert = pg_read_alert,
	.read_deliveries = pg_read_deliveries,
	.read_delivery = pg_read_delivery,
	.read_report_until = pg_read_report_until,
	.read_body_hash = pg_read_body_hash,
	.read_last_sequence = pg_read_last_sequence,
	.read_identity = pg_read_identity,
	.read_identities = pg_read_identities,
	.read_audit_after = pg_read_audit_after,
	.read_audit_before = pg_read_audit_before,
	.read_last_audit = pg_read_last_audit,
	.read_history = pg_read_history,
	.read_remarks = pg_read_remarks,
	.read_bookmarks = pg_read_bookmarks,
	.read_histories = pg_read_histories,
	.read_trend = pg_read_trend,
	.read_last_trends = pg_read_last_trends,
	.read_reports = pg_read_reports,
	.begin_snapshot = pg_begin_snapshot,
	.set_last_audit = pg_set_last_audit,
	.begin_restore = begin_restore,
	.end_restore = end_restore,
	.check = pg_check,
};
