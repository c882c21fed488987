#include "collector/store/sqlite/internal.h"

STORE_DEFINE_GIVE(alert)
STORE_DEFINE_GIVE(silence)
STORE_DEFINE_GIVE(hook)
STORE_DEFINE_GIVE(summary)

/* What `change` asks of silences and hooks. */
static enum status put_others(struct store_db *db, const struct store_change *change,
			      char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	if (change->silence)
		status = store_db_put(db, STORE_ADD_SILENCE, &store_silences, change->silence,
				      "store a silence", error);
	if (status == STATUS_OK && change->dropped_silence)
		status = STORE_RUN(db, STORE_DROP_SILENCE, "end a silence", error,
				   STORE_NUMBER(*change->dropped_silence));
	if (status == STATUS_OK && change->hook)
		status = store_db_put(db, STORE_PUT_HOOK, &store_hooks, change->hook,
				      "store what is known of a hook", error);
	for (size_t i = 0; status == STATUS_OK && i < change->n_summaries; i++)
		status = store_db_put(db, STORE_PUT_SUMMARY, &store_summaries, change->summaries[i],
				      "store what a hook is to be told in a summary", error);
	return status;
}

/* Most changes leave what the indexes are of, so that these need not be written. */
static enum status put_alert(struct store_db *db, const struct record_alert *alert,
			     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store an alert";
	enum status status =
		store_db_put(db, STORE_CHANGE_ALERT, &store_alerts, alert, what, error);

	if (status != STATUS_OK || sqlite3_changes(db->handle) > 0)
		return status;
	return store_db_put(db, STORE_PUT_ALERT, &store_alerts, alert, what, error);
}

enum status store_db_put_alerts(struct store_db *db, const struct store_change *change,
				char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < change->n_alerts; i++)
		status = put_alert(db, change->alerts[i], error);
	for (size_t i = 0; status == STATUS_OK && i < change->n_dropped_alerts; i++)
		status = STORE_RUN(db, STORE_DROP_ALERT, "drop an alert", error,
				   STORE_NUMBER(change->dropped_alerts[i]));
	if (status == STATUS_OK && change->trim_alerts_ms)
		status = STORE_RUN(db, STORE_TRIM_ALERTS, "drop old alerts", error,
				   STORE_NUMBER(STORE_MAX_ALERTS));
	if (status == STATUS_OK && change->trim_alerts_ms)
		status = STORE_RUN(db, STORE_TRIM_SILENCES, "drop silences that are over", error,
				   STORE_NUMBER(change->trim_alerts_ms));
	if (status == STATUS_OK)
		status = put_others(db, change, error);
	return status == STATUS_OK ? store_db_put_deliveries(db, change, error) : status;
}

/* Every row of a statement whose parameters are bound. */
static enum status each_alert(struct store_db *db, sqlite3_stmt *list, store_each_alert *each,
			      void *user, char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, list, &store_alerts, "read the alerts",
			     STORE_READER(give_alert, each, user), error);
}

enum status store_db_read_open_alerts(struct store_db *db, store_each_alert *each, void *user,
				      char error[STORE_ERROR_SIZE])
{
	return each_alert(db, store_db_statement(db, STORE_OPEN_ALERTS), each, user, error);
}

static enum status read_some(struct store_db *db, enum store_statement which,
			     enum record_alert_state state, const struct store_alert_place *from,
			     store_each_alert *each, void *user, char error[STORE_ERROR_SIZE])
{
	const struct store_parameter parameters[] = {
		STORE_NUMBER(state),
		STORE_NUMBER(from->before),
		STORE_TEXT(from->name),
	};

	return each_alert(
		db, store_db_bound(db, which, parameters, which == STORE_ALERTS_BY_ID ? 2 : 3),
		each, user, error);
}

/* One condition after the other: their rows come by the index, and nothing has to be sorted. */
static enum status read_worst_first(struct store_db *db, enum record_alert_state state,
				    const struct store_alert_place *from, store_each_alert *each,
				    void *user, char error[STORE_ERROR_SIZE])
{
	enum condition first = (enum condition)0; /* the worst */
	enum status status = STATUS_OK;
	int64_t before = from->before;

	if (*from->name && !condition_from_name(from->name, &first))
		return STATUS_OK; /* none is behind one that there is not */
	for (int i = (int)first; status == STATUS_OK && i < CONDITION_COUNT; i++) {
		const struct store_alert_place place = { condition_name((enum condition)i),
							 before };
		status = read_some(db, STORE_ALERTS_OF_CONDITION, state, &place, each, user, error);
		before = INT64_MAX;
	}
	return status;
}

enum status store_db_read_alerts(struct store_db *db, enum record_alert_state state,
				 enum store_alert_order order, const struct store_alert_place *from,
				 store_each_alert *each, void *user, char error[STORE_ERROR_SIZE])
{
	static const enum store_statement statements[] = {
		[STORE_ALERTS_NEWEST] = STORE_ALERTS_BY_ID,
		[STORE_ALERTS_SERVER] = STORE_ALERTS_BY_SERVER,
		[STORE_ALERTS_SITE] = STORE_ALERTS_BY_SITE,
	};

	if (order == STORE_ALERTS_WORST)
		return read_worst_first(db, state, from, each, user, error);
	return read_some(db, statements[order], state, from, each, user, error);
}

enum status store_db_read_alert(struct store_db *db, int64_t id, store_each_alert *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	struct store_reader *reader = STORE_READER(give_alert, each, user);
	enum status status = store_db_rows(db, STORE_BOUND(db, STORE_ONE_ALERT, STORE_NUMBER(id)),
					   &store_alerts, "read an alert", reader, error);

	return status == STATUS_OK && reader->n == 0 ? STATUS_NOT_FOUND : status;
}

enum status store_db_read_silences(struct store_db *db, store_each_silence *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LIST_SILENCES), &store_silences,
			     "read the silences", STORE_READER(give_silence, each, user), error);
}

enum status store_db_read_hooks(struct store_db *db, store_each_hook *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LIST_HOOKS), &store_hooks,
			     "read what is known of the hooks", STORE_READER(give_hook, each, user),
			     error);
}

enum status store_db_read_summaries(struct store_db *db, store_each_summary *each, void *user,
				    char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LIST_SUMMARIES), &store_summaries,
			     "read what hooks are to be told in summaries",
			     STORE_READER(give_summary, each, user), error);
}

enum status store_db_read_last_alert_id(struct store_db *db, int64_t *out,
					char error[STORE_ERROR_SIZE])
{
	return store_db_numbers(db, store_db_statement(db, STORE_LAST_ALERT_ID), "read the alerts",
				out, 1, error);
}
