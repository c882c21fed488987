#include "collector/store/postgresql/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "collector/base/loop.h"
#include "collector/store/postgresql/pipeline.h"
#include "proto/base/mem.h"

static const struct pg_statement begin = { "begin", "begin a change", "BEGIN" };
static const struct pg_statement commit = { "commit", "commit", "COMMIT" };
static const struct pg_statement add_feed = {
	"add_feed", "note a commit", "INSERT INTO feed (id, epoch, at_ms) VALUES ($1, $2, $3)"
};

/*
 * The terminal writes identities, the inventory and the audit log, too. Whoever does locks this
 * before any of their rows, so that no two wait for each other.
 */
static const struct pg_statement lock_counter = {
	"lock_counter", "wait for another's change",
	"SELECT 1 FROM counter WHERE name = 'audit' FOR UPDATE"
};

/*
 * Where there is no name nobody is waited for. That is seen behind the COMMIT, for whoever takes
 * the names away lets those go that wait, without a word (PostgreSQL, SyncRepUpdateSyncStandbysDefined()).
 */
static const struct pg_statement see_standby = {
	"see_standby", "see whether a commit waits for a standby",
	"SELECT current_setting('synchronous_standby_names') = ''"
};

static void send_fence(struct store_db *db)
{
	struct pg_params params = { .n = 0 };

	pg_add_text(&params, db->writer->token);
	pg_pipeline_send(&db->conn, &pg_fence, &params);
}

/*
 * No two commits have a number in common. So one that was given up, and is under way all the same,
 * makes the next one fail until what it stored is read; first of all, before any of its rows is
 * met.
 */
static void send_feed(struct store_db *db)
{
	struct pg_params params = { .n = 0 };

	pg_add_number(&params, db->writer->feed_id + 1);
	pg_add_number(&params, db->writer->epoch);
	pg_add_number(&params, loop_wall_ms());
	pg_pipeline_send(&db->conn, &add_feed, &params);
}

static bool is_about_inventory(const struct store_change *change)
{
	return change->removal || change->n_expected > 0 || change->expect == STORE_EXPECT_REPLACE;
}

static bool is_of_terminal_kind(const struct store_change *change)
{
	return is_about_inventory(change) || change->add_identity || change->drop_identity ||
	       change->audit;
}

/*
 * Rare parts go behind what was gathered before them, so that all is in the order of the changes.
 */
static void put_change(struct pg_segment *segment, struct store_db *db,
		       const struct store_change *change)
{
	if (is_about_inventory(change)) {
		pg_segment_flush(segment);
		pg_send_inventory(db, change);
	}
	if (change->report)
		pg_segment_put_report(segment, change->report);
	for (size_t i = 0; i < change->n_servers; i++)
		pg_segment_put_server(segment, &change->servers[i]);
	for (size_t i = 0; i < change->n_events; i++)
		pg_segment_put_event(segment, &change->events[i]);
	for (size_t i = 0; i < change->n_alerts; i++)
		pg_segment_put_alert(segment, change->alerts[i]);
	for (size_t i = 0; i < change->n_dropped_alerts; i++)
		pg_segment_drop_alert(segment, change->dropped_alerts[i]);
	for (size_t i = 0; i < change->n_deliveries; i++)
		pg_segment_add_delivery(segment, change->deliveries[i]);
	if (pg_is_rare(change)) {
		pg_segment_flush(segment);
		pg_send_others(db, change);
	}
}

static void send_changes(struct store_db *db, const struct store_change *const *changes, size_t n)
{
	struct pg_segment *segment = pg_segment_new(db);
	bool locks = false;

	for (size_t i = 0; !locks && i < n; i++)
		locks = is_of_terminal_kind(changes[i]);
	if (locks)
		pg_pipeline_send(&db->conn, &lock_counter, NULL);
	for (size_t i = 0; i < n; i++)
		put_change(segment, db, changes[i]);
	pg_segment_flush(segment);
	pg_segment_free(segment);
}

/* The tables that reports go to, before the transaction: mostly they are there. */
static enum status make_days(struct store_db *db, const struct store_change *const *changes,
			     size_t n, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < n; i++) {
		const struct record_report *report = changes[i]->report;
		int64_t day = report ? pg_day_of(report->received_at_ms) : 0;
		if (report && !pg_memory_has_day(&db->writer->memory, day))
			status = pg_make_day(db, day, error);
	}
	return status;
}

/* Somebody is told that it is stored. */
static bool is_promised(const struct store_change *change)
{
	return change->report || change->silence || change->dropped_silence ||
	       is_of_terminal_kind(change);
}

static enum status see_promise(struct store_db *db, const struct store_change *const *changes,
			       size_t n, char error[STORE_ERROR_SIZE])
{
	bool is_asynchronous = db->writer->has_to_wait && db->conn.last_number;
	bool promised = false;

	pg_mirror_show_asynchronous(db->writer->mirror, is_asynchronous);
	for (size_t i = 0; is_asynchronous && !promised && i < n; i++)
		promised = is_promised(changes[i]);
	if (!promised)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE, "the database at %s has " STORE_ASYNCHRONOUS,
		 db->conn.place);
	return STATUS_REFUSED;
}

enum status pg_look_at_standby(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	int64_t is_asynchronous = 0;

	if (!db->writer->has_to_wait)
		return STATUS_OK;
	enum status status = pg_run_numbers(db, &see_standby, NULL, &is_asynchronous, 1, error);
	if (status == STATUS_OK)
		pg_mirror_show_asynchronous(db->writer->mirror, is_asynchronous != 0);
	return status;
}

static enum status commit_judged(struct store_db *db, const struct store_change *const *changes,
				 size_t n, char error[STORE_ERROR_SIZE])
{
	enum status status = make_days(db, changes, n, error);

	if (status != STATUS_OK)
		return status;
	pg_pipeline_begin(&db->conn);
	pg_pipeline_send(&db->conn, &begin, NULL);
	send_fence(db);
	send_feed(db);
	send_changes(db, changes, n);
	pg_pipeline_send(&db->conn, &commit, NULL);
	if (db->writer->has_to_wait)
		pg_pipeline_send(&db->conn, &see_standby, NULL);
	status = pg_pipeline_commit(&db->conn, error);
	if (status == STATUS_OK) {
		db->writer->confirmed_id = ++db->writer->feed_id;
		pg_mirror_show_commit(db->writer->mirror, db->writer->confirmed_id);
		status = see_promise(db, changes, n, error);
	}
	/*
	 * The number was taken by a commit that was given up: nothing is wrong with these changes.
	 */
	return status == STATUS_INVALID && db->conn.failed == add_feed.what ? STATUS_CONFLICT
									    : status;
}

static bool is_for_terminal(const struct store_change *change)
{
	return !change->report && change->n_servers == 0 && change->n_events == 0 &&
	       change->n_alerts == 0 && change->n_dropped_alerts == 0 && change->n_deliveries == 0;
}

static void send_aside(struct store_db *db, const struct store_change *change)
{
	if (is_about_inventory(change))
		pg_send_inventory(db, change);
	pg_send_others(db, change);
}

/* The terminal's: identities, the inventory, removals, the audit log. It needs no lease. */
static enum status commit_aside(struct store_db *db, const struct store_change *const *changes,
				size_t n, char error[STORE_ERROR_SIZE])
{
	for (size_t i = 0; i < n; i++) {
		if (is_for_terminal(changes[i]))
			continue;
		snprintf(error, STORE_ERROR_SIZE,
			 "only the collector that has the lease may store that");
		return STATUS_UNSUPPORTED;
	}
	enum status status = pg_conn_connect(&db->conn, error);
	if (status != STATUS_OK)
		return status;
	pg_pipeline_begin(&db->conn);
	pg_pipeline_send(&db->conn, &begin, NULL);
	pg_pipeline_send(&db->conn, &lock_counter, NULL);
	for (size_t i = 0; i < n; i++)
		send_aside(db, changes[i]);
	pg_pipeline_send(&db->conn, &commit, NULL);
	return pg_pipeline_commit(&db->conn, error);
}

void pg_writer_add_standing(struct pg_writer *writer, struct pg_body *body, struct pg_body *base)
{
	writer->standings = mem_make_room(writer->standings, writer->n_standings,
					  &writer->standings_room, sizeof *writer->standings);
	writer->standings[writer->n_standings++] =
		(struct pg_standing){ pg_body_ref(body), pg_body_ref(base) };
}

void pg_writer_drop_standings(struct pg_writer *writer)
{
	for (size_t i = 0; i < writer->n_standings; i++) {
		pg_body_unref(writer->standings[i].body);
		pg_body_unref(writer->standings[i].base);
	}
	writer->n_standings = 0;
}

/* `*standing`: the next report's, if it becomes a latest one. */
static void show_change(struct pg_picture *picture, const struct store_change *change,
			const struct pg_standing **standing)
{
	const struct record_report *report = change->report;

	if (change->removal)
		pg_picture_remove(picture, change->removal->key);
	if (report)
		pg_picture_note(picture, report->agent_id, report->epoch, report->sequence);
	if (report && report->is_latest) {
		pg_picture_put_report(picture, report, (*standing)->body, (*standing)->base);
		(*standing)++;
	}
	for (size_t i = 0; i < change->n_servers; i++)
		pg_picture_put_server(picture, &change->servers[i]);
}

static void show_in(struct pg_picture *picture, const struct pg_writer *writer,
		    const struct store_change *const *changes, size_t n)
{
	const struct pg_standing *standing = writer->standings;

	for (size_t i = 0; i < n; i++)
		show_change(picture, changes[i], &standing);
}

/* Shows the loop what is committed; where no servers were read yet they come with all others. */
static void show_changes(struct pg_writer *writer, const struct store_change *const *changes,
			 size_t n)
{
	bool has_servers = pg_mirror_has_servers(writer->mirror);
	struct pg_picture *picture = pg_mirror_lock(writer->mirror);

	if (has_servers)
		show_in(picture, writer, changes, n);
	pg_writer_drop_standings(writer);
	pg_mirror_unlock(writer->mirror);
	if (n > 0)
		pg_mirror_note_commit(writer->mirror);
}

/* A list that cannot be read now is read by the sweep. */
static void show_expected(struct store_db *db, const struct store_change *const *changes, size_t n)
{
	char ignored[STORE_ERROR_SIZE];
	bool changed = false;

	for (size_t i = 0; !changed && i < n; i++)
		changed = is_about_inventory(changes[i]);
	if (changed)
		pg_mirror_expected(db, ignored);
}

static enum status commit_loaded(struct store_db *db, const struct store_change *const *changes,
				 size_t n, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_need_load(db, error);
	if (status == STATUS_OK)
		status = pg_see_lost(db, error);
	if (status == STATUS_OK)
		status = commit_judged(db, changes, n, error);
	if (status != STATUS_OK) {
		pg_unload(db);
		return status;
	}
	show_changes(db->writer, changes, n);
	show_expected(db, changes, n);
	return STATUS_OK;
}

/* Old reports go by days, in the sweep. */
enum status pg_commit(struct store_db *db, const struct store_change *const *changes, size_t n,
		      const struct store_limits *limits, char error[STORE_ERROR_SIZE])
{
	(void)limits;

	if (!db->writer)
		return commit_aside(db, changes, n, error);
	uv_mutex_lock(&db->writer->use);
	enum status status = commit_loaded(db, changes, n, error);
	uv_mutex_unlock(&db->writer->use);
	return status;
}

static enum status see_fence(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *result;

	pg_add_text(&params, db->writer->token);
	enum status status = pg_run(&db->conn, &pg_fence, &params, &result, error);
	PQclear(result);
	return status;
}

static enum status touch(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	enum status status = see_fence(db, error); /* before so much is read */

	if (status == STATUS_OK)
		status = pg_load(db, error);
	if (status == STATUS_OK)
		status = pg_save_loss(db, error);
	if (status == STATUS_OK)
		status = commit_loaded(db, NULL, 0, error);
	return status == STATUS_OK ? pg_connect_loop(db->writer, error) : status;
}

/* A commit of nothing waits for a standby as others do. */
enum status pg_touch(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	uv_mutex_lock(&db->writer->use);
	enum status status = touch(db, error);
	uv_mutex_unlock(&db->writer->use);
	return status;
}
