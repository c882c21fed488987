#include "collector/store/sqlite/internal.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/timestamp.h"

/* Columns as STORE_ALERT_COLUMNS has them: numbers, texts, conditions, times. */
enum {
	FIRST_TEXT = 5,
	N_TEXTS = 16,
	FIRST_CONDITION = FIRST_TEXT + N_TEXTS,
	N_CONDITIONS = 4,
	FIRST_SET = FIRST_CONDITION + N_CONDITIONS,
	N_SETS = 2,
	FIRST_TIME = FIRST_SET + N_SETS,
	N_TIMES = 9,
};

static bool bind_texts(sqlite3_stmt *put, const struct record_alert *a)
{
	const char *texts[N_TEXTS] = {
		a->key,      a->server,          a->organization, a->site,
		a->cause,    a->verdict,         a->reason,       a->text,
		a->now_text, a->remedy,          a->options,      a->adapter,
		a->clocks,   a->acknowledged_by, a->comment,      a->acknowledgements
	};
	const enum condition conditions[N_CONDITIONS] = { a->condition, a->opened,
							  a->notified_condition,
							  a->acknowledged_condition };
	bool bound = true;

	for (int i = 0; bound && i < N_TEXTS; i++)
		bound = store_db_bind_text(put, 1 + FIRST_TEXT + i, texts[i]);
	for (int i = 0; bound && i < N_CONDITIONS; i++)
		bound = store_db_bind_text(put, 1 + FIRST_CONDITION + i,
					   condition_name(conditions[i]));
	return bound;
}

static enum status put_alert(struct store_db *db, const struct record_alert *a,
			     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store an alert";
	const int64_t numbers[FIRST_TEXT] = { a->id, (int64_t)a->state, (int64_t)a->notified,
					      a->flapping, a->event };
	const unsigned sets[N_SETS] = { a->degrees, a->notified_degrees };
	const int64_t times[N_TIMES] = { a->since_ms,
					 a->gone_ms,
					 a->fired_ms,
					 a->resolved_ms,
					 a->event_ms,
					 a->notified_ms,
					 a->acknowledged_ms,
					 a->acknowledged_until_ms,
					 a->notified_acknowledged_ms };
	char words[N_SETS][CONDITION_SET_TEXT_SIZE];
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_ALERT);
	bool bound = put && bind_texts(put, a);

	for (int i = 0; bound && i < FIRST_TEXT; i++)
		bound = store_db_bind_number(put, 1 + i, numbers[i]);
	for (int i = 0; bound && i < N_SETS; i++)
		bound = store_db_bind_text(put, 1 + FIRST_SET + i,
					   condition_set_text(sets[i], words[i]));
	for (int i = 0; bound && i < N_TIMES; i++)
		bound = store_db_bind_time(put, 1 + FIRST_TIME + i, times[i]);
	return bound ? store_db_run(db, put, what, error) : store_db_fail(db, what, error);
}

static enum status put_silence(struct store_db *db, const struct record_silence *s,
			       char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store a silence";
	sqlite3_stmt *add = store_db_statement(db, STORE_ADD_SILENCE);

	if (!add || !store_db_bind_number(add, 1, s->id) ||
	    !store_db_bind_text(add, 2, s->server) ||
	    !store_db_bind_text(add, 3, s->organization) || !store_db_bind_text(add, 4, s->site) ||
	    !store_db_bind_text(add, 5, s->condition) || !store_db_bind_text(add, 6, s->comment) ||
	    !store_db_bind_text(add, 7, s->by) || !store_db_bind_number(add, 8, s->starts_ms) ||
	    !store_db_bind_number(add, 9, s->ends_ms))
		return store_db_fail(db, what, error);
	return store_db_run(db, add, what, error);
}

/* Runs a statement whose one parameter is a number. */
static enum status run_with(struct store_db *db, enum store_statement which, int64_t number,
			    const char *what, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *statement = store_db_statement(db, which);

	if (!statement || !store_db_bind_number(statement, 1, number))
		return store_db_fail(db, what, error);
	return store_db_run(db, statement, what, error);
}

static enum status put_hook(struct store_db *db, const struct record_hook *hook,
			    char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store what is known of a hook";
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_HOOK);

	if (!put || !store_db_bind_text(put, 1, hook->name) ||
	    !store_db_bind_number(put, 2, hook->disabled) ||
	    !store_db_bind_number(put, 3, hook->since_ms))
		return store_db_fail(db, what, error);
	return store_db_run(db, put, what, error);
}

enum status store_db_put_alerts(struct store_db *db, const struct store_change *change,
				char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < change->n_alerts; i++)
		status = put_alert(db, change->alerts[i], error);
	for (size_t i = 0; status == STATUS_OK && i < change->n_dropped_alerts; i++)
		status = run_with(db, STORE_DROP_ALERT, change->dropped_alerts[i], "drop an alert",
				  error);
	if (status == STATUS_OK && change->trim_alerts_ms)
		status =
			run_with(db, STORE_TRIM_ALERTS, STORE_MAX_ALERTS, "drop old alerts", error);
	if (status == STATUS_OK && change->trim_alerts_ms)
		status = run_with(db, STORE_TRIM_SILENCES, change->trim_alerts_ms,
				  "drop silences that are over", error);
	if (status == STATUS_OK && change->silence)
		status = put_silence(db, change->silence, error);
	if (status == STATUS_OK && change->dropped_silence)
		status = run_with(db, STORE_DROP_SILENCE, *change->dropped_silence, "end a silence",
				  error);
	if (status == STATUS_OK && change->hook)
		status = put_hook(db, change->hook, error);
	if (status == STATUS_OK)
		status = store_db_put_summaries(db, change, error);
	if (status == STATUS_OK)
		status = store_db_put_deliveries(db, change, error);
	return status;
}

static enum status get_condition(const struct store_db *db, sqlite3_stmt *row, int i,
				 enum condition *out, char error[STORE_ERROR_SIZE])
{
	const char *name = store_db_text(row, FIRST_CONDITION + i);

	if (condition_from_name(name, out))
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "'%s' holds an alert of the condition '%.60s', which "
		 "nobody knows",
		 db->path, name);
	return STATUS_MALFORMED;
}

static enum status get_conditions(const struct store_db *db, sqlite3_stmt *row,
				  struct record_alert *out, char error[STORE_ERROR_SIZE])
{
	enum condition *const where[N_CONDITIONS] = { &out->condition, &out->opened,
						      &out->notified_condition,
						      &out->acknowledged_condition };
	enum status status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && i < N_CONDITIONS; i++)
		status = get_condition(db, row, i, where[i], error);
	out->degrees = condition_set_from_text(store_db_text(row, FIRST_SET));
	out->notified_degrees = condition_set_from_text(store_db_text(row, FIRST_SET + 1));
	return status;
}

static void get_texts(sqlite3_stmt *row, struct record_alert *out)
{
	const char **const where[N_TEXTS] = {
		&out->key,      &out->server,          &out->organization, &out->site,
		&out->cause,    &out->verdict,         &out->reason,       &out->text,
		&out->now_text, &out->remedy,          &out->options,      &out->adapter,
		&out->clocks,   &out->acknowledged_by, &out->comment,      &out->acknowledgements
	};

	for (int i = 0; i < N_TEXTS; i++)
		*where[i] = store_db_text(row, FIRST_TEXT + i);
}

static void get_times(sqlite3_stmt *row, struct record_alert *out)
{
	int64_t *const where[N_TIMES] = { &out->since_ms,
					  &out->gone_ms,
					  &out->fired_ms,
					  &out->resolved_ms,
					  &out->event_ms,
					  &out->notified_ms,
					  &out->acknowledged_ms,
					  &out->acknowledged_until_ms,
					  &out->notified_acknowledged_ms };

	for (int i = 0; i < N_TIMES; i++)
		*where[i] = store_db_time(row, FIRST_TIME + i);
}

/* What stands for nothing that we know is damage. */
static enum status get_alert(const struct store_db *db, sqlite3_stmt *row, struct record_alert *out,
			     char error[STORE_ERROR_SIZE])
{
	int state;
	int notified;
	enum status status = store_db_choice(db, row, 1, RECORD_ALERT_PENDING,
					     RECORD_ALERT_RESOLVED, "alert", &state, error);
	if (status == STATUS_OK)
		status = store_db_choice(db, row, 2, RECORD_NOTIFIED_NOTHING,
					 RECORD_NOTIFIED_RESOLVED, "alert", &notified, error);
	if (status != STATUS_OK)
		return status;
	*out = (struct record_alert){ .id = sqlite3_column_int64(row, 0),
				      .state = (enum record_alert_state)state,
				      .notified = (enum record_alert_notified)notified,
				      .flapping = sqlite3_column_int(row, 3) != 0,
				      .event = sqlite3_column_int64(row, 4) };
	get_texts(row, out);
	get_times(row, out);
	return get_conditions(db, row, out, error);
}

struct listener {
	struct store_db *db;
	store_each_alert *alert; /* or one of the others */
	store_each_silence *silence;
	store_each_hook *hook;
	void *user;
	bool has_heard;
	char *error;
};

static enum status visit_alert(sqlite3_stmt *row, void *user)
{
	struct listener *listener = user;
	struct record_alert alert;

	listener->has_heard = true;
	enum status status = get_alert(listener->db, row, &alert, listener->error);
	return status == STATUS_OK ? listener->alert(listener->user, &alert) : status;
}

/* Every row of a statement whose parameters are bound. */
static enum status each_alert(struct store_db *db, sqlite3_stmt *list, store_each_alert *each,
			      void *user, char error[STORE_ERROR_SIZE])
{
	struct listener listener = { .db = db, .alert = each, .user = user, .error = error };

	return store_db_list(db, list, "read the alerts", visit_alert, &listener, error);
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
	sqlite3_stmt *list = store_db_statement(db, which);
	bool bound = list && store_db_bind_number(list, 1, (int64_t)state) &&
		     store_db_bind_number(list, 2, from->before);

	if (bound && which != STORE_ALERTS_BY_ID)
		bound = store_db_bind_text(list, 3, from->name);
	return each_alert(db, bound ? list : NULL, each, user, error);
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
	static const char what[] = "read an alert";
	struct listener listener = { .db = db, .alert = each, .user = user, .error = error };
	sqlite3_stmt *find = store_db_statement(db, STORE_ONE_ALERT);

	if (!find || !store_db_bind_number(find, 1, id))
		return store_db_fail(db, what, error);
	enum status status = store_db_list(db, find, what, visit_alert, &listener, error);
	return status == STATUS_OK && !listener.has_heard ? STATUS_NOT_FOUND : status;
}

static enum status visit_silence(sqlite3_stmt *row, void *user)
{
	const struct listener *listener = user;
	struct record_silence silence = {
		.id = sqlite3_column_int64(row, 0),
		.server = store_db_text(row, 1),
		.organization = store_db_text(row, 2),
		.site = store_db_text(row, 3),
		.condition = store_db_text(row, 4),
		.comment = store_db_text(row, 5),
		.by = store_db_text(row, 6),
		.starts_ms = sqlite3_column_int64(row, 7),
		.ends_ms = sqlite3_column_int64(row, 8),
	};

	return listener->silence(listener->user, &silence);
}

enum status store_db_read_silences(struct store_db *db, store_each_silence *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	struct listener listener = { .silence = each, .user = user };

	return store_db_list(db, store_db_statement(db, STORE_LIST_SILENCES), "read the silences",
			     visit_silence, &listener, error);
}

static enum status visit_hook(sqlite3_stmt *row, void *user)
{
	const struct listener *listener = user;
	struct record_hook hook = { store_db_text(row, 0), sqlite3_column_int(row, 1) != 0,
				    sqlite3_column_int64(row, 2) };

	return listener->hook(listener->user, &hook);
}

enum status store_db_read_hooks(struct store_db *db, store_each_hook *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	struct listener listener = { .hook = each, .user = user };

	return store_db_list(db, store_db_statement(db, STORE_LIST_HOOKS),
			     "read what is known of the hooks", visit_hook, &listener, error);
}

enum status store_db_read_last_alert_id(struct store_db *db, int64_t *out,
					char error[STORE_ERROR_SIZE])
{
	return store_db_numbers(db, store_db_statement(db, STORE_LAST_ALERT_ID), "read the alerts",
				out, 1, error);
}
