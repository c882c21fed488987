/* What hooks are owed in summaries. Declared in collector/store/sqlite/internal.h. */
#include "collector/store/sqlite/internal.h"

/* Columns as STORE_LIST_SUMMARIES has them: the hook, the kind, counts, times. */
enum {
	FIRST_COUNT = 2,
	N_COUNTS = 5,
	FIRST_TIME = FIRST_COUNT + N_COUNTS,
	N_TIMES = 5,
};

static enum status put_summary(struct store_db *db, const struct record_summary *s,
			       char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store what a hook is to be told in a summary";
	const int64_t counts[N_COUNTS] = { s->held, s->opened, s->resolved, s->report_opened,
					   s->report_resolved };
	const int64_t times[N_TIMES] = { s->since_ms, s->due_ms, s->storm_ms, s->calm_ms,
					 s->reported_ms };
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_SUMMARY);
	bool bound = put && store_db_bind_text(put, 1, s->hook) &&
		     store_db_bind_number(put, 2, (int64_t)s->kind);

	for (int i = 0; bound && i < N_COUNTS; i++)
		bound = store_db_bind_number(put, 1 + FIRST_COUNT + i, counts[i]);
	for (int i = 0; bound && i < N_TIMES; i++)
		bound = store_db_bind_time(put, 1 + FIRST_TIME + i, times[i]);
	return bound ? store_db_run(db, put, what, error) : store_db_fail(db, what, error);
}

enum status store_db_put_summaries(struct store_db *db, const struct store_change *change,
				   char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < change->n_summaries; i++)
		status = put_summary(db, change->summaries[i], error);
	return status;
}

struct reading {
	const struct store_db *db;
	store_each_summary *each;
	void *user;
	char *error;
};

static enum status visit_summary(sqlite3_stmt *row, void *user)
{
	const struct reading *reading = user;
	int kind;
	enum status status =
		store_db_choice(reading->db, row, 1, RECORD_SUMMARY_NONE, RECORD_SUMMARY_DIGEST,
				"summary", &kind, reading->error);
	if (status != STATUS_OK)
		return status;

	const struct record_summary summary = {
		.hook = store_db_text(row, 0),
		.kind = (enum record_summary_kind)kind,
		.held = sqlite3_column_int64(row, FIRST_COUNT),
		.opened = sqlite3_column_int64(row, FIRST_COUNT + 1),
		.resolved = sqlite3_column_int64(row, FIRST_COUNT + 2),
		.report_opened = sqlite3_column_int64(row, FIRST_COUNT + 3),
		.report_resolved = sqlite3_column_int64(row, FIRST_COUNT + 4),
		.since_ms = store_db_time(row, FIRST_TIME),
		.due_ms = store_db_time(row, FIRST_TIME + 1),
		.storm_ms = store_db_time(row, FIRST_TIME + 2),
		.calm_ms = store_db_time(row, FIRST_TIME + 3),
		.reported_ms = store_db_time(row, FIRST_TIME + 4),
	};
	return reading->each(reading->user, &summary);
}

enum status store_db_read_summaries(struct store_db *db, store_each_summary *each, void *user,
				    char error[STORE_ERROR_SIZE])
{
	struct reading reading = { db, each, user, error };

	return store_db_list(db, store_db_statement(db, STORE_LIST_SUMMARIES),
			     "read what hooks are to be told in summaries", visit_summary, &reading,
			     error);
}
