#include "collector/store/postgresql/internal.h"

#include <stdlib.h>

#include "proto/base/mem.h"

/* Rows that are read at once: whoever reads a page stops before that mostly. */
#define CHUNK 256

PG_DEFINE_GIVE(alert)
PG_DEFINE_GIVE(silence)
PG_DEFINE_GIVE(hook)
PG_DEFINE_GIVE(summary)

/*
 * Alerts in the state `$1` in the order of a text, from behind the text `$3` with the id `$2` on.
 */
#define FOLDED(text) "lower((" text ") COLLATE \"C\")"
#define ALERTS_BY(text)                                                                            \
	"SELECT @alert FROM alert WHERE state = $1 AND (" FOLDED(text) " > " FOLDED(               \
		"$3") " OR (" FOLDED(text) " = " FOLDED("$3") " AND id < $2)) "                    \
							      "ORDER "                             \
							      "BY " FOLDED(                        \
								      text) ", id DESC LIMIT $4"

static const struct pg_statement open_alerts = {
	"open_alerts", "read the alerts",
	"SELECT @alert FROM alert WHERE state IN (1, 2) OR (state = 3 AND notified = 1) ORDER BY id"
};
static const struct pg_statement one_alert = { "one_alert", "read an alert",
					       "SELECT @alert FROM alert WHERE id = $1" };
static const struct pg_statement alerts_of_condition = {
	"alerts_of_condition", "read the alerts",
	"SELECT @alert FROM alert WHERE state = $1 AND condition = $3 AND id < $2 ORDER BY id DESC "
	"LIMIT $4"
};
static const struct pg_statement alerts_by_id = {
	"alerts_by_id", "read the alerts",
	"SELECT @alert FROM alert WHERE state = $1 AND id < $2 AND $3 IS NOT NULL ORDER BY id DESC "
	"LIMIT $4"
};
static const struct pg_statement alerts_by_server = { "alerts_by_server", "read the alerts",
						      ALERTS_BY("server") };
static const struct pg_statement alerts_by_site = { "alerts_by_site", "read the alerts",
						    ALERTS_BY("site || '/' || organization") };
static const struct pg_statement list_silences = { "list_silences", "read the silences",
						   "SELECT @silence FROM silence ORDER BY id" };
static const struct pg_statement list_hooks = { "list_hooks", "read what is known of the hooks",
						"SELECT @hook FROM hook ORDER BY name" };
static const struct pg_statement list_summaries = { "list_summaries",
						    "read what hooks are to be told in summaries",
						    "SELECT @summary FROM summary ORDER BY hook" };
static const struct pg_statement last_alert_id = {
	"last_alert_id", "read the alerts",
	"SELECT greatest((SELECT max(id) FROM alert), (SELECT max(id) FROM delivery), (SELECT "
	"max(id) FROM silence), 0)"
};
static const struct pg_statement list_deliveries = {
	"list_deliveries", "read the notifications",
	"SELECT @delivery, j #>> '{alerts,0,id}', j #>> '{alerts,0,server}', j #>> "
	"'{alerts,0,condition}', CASE jsonb_typeof(j -> 'alerts') WHEN 'array' THEN "
	"jsonb_array_length(j -> 'alerts') END FROM delivery, body_json(body) j WHERE state = $1 "
	"AND id < $2 ORDER BY id DESC LIMIT $3"
};
static const struct pg_statement one_delivery = {
	"one_delivery", "read a notification", "SELECT @delivery, body FROM delivery WHERE id = $1"
};

enum status pg_read_open_alerts(struct store_db *db, store_each_alert *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &open_alerts, NULL, &store_alerts, give_alert, each, user, error);
}

/* How many alerts were given, and the id and the name of the last one. */
struct giving {
	store_each_alert *each;
	void *user;
	enum store_alert_order order;
	int n;
	int64_t last_id;
	struct buffer last_name;
};

static void note_name(struct giving *giving, const struct record_alert *alert)
{
	giving->last_name.size = 0;
	if (giving->order == STORE_ALERTS_SITE)
		buffer_printf(&giving->last_name, "%s/%s", alert->site, alert->organization);
	else
		buffer_add_text(&giving->last_name, giving->order == STORE_ALERTS_SERVER
							    ? alert->server
							    : condition_name(alert->condition));
}

static enum status count_and_give(void *user, const struct record_alert *alert)
{
	struct giving *giving = user;

	giving->n++;
	giving->last_id = alert->id;
	note_name(giving, alert);
	return giving->each(giving->user, alert);
}

/* All in an order from a place on, chunk by chunk. */
static enum status read_from(struct store_db *db, const struct pg_statement *statement,
			     enum record_alert_state state, const struct store_alert_place *from,
			     struct giving *giving, char error[STORE_ERROR_SIZE])
{
	enum status status;

	giving->last_id = from->before;
	buffer_init(&giving->last_name);
	buffer_add_text(&giving->last_name, from->name);
	do {
		struct pg_params params = { .n = 0 };
		char *name = mem_strdup(giving->last_name.bytes);
		giving->n = 0;
		pg_add_number(&params, (int64_t)state);
		pg_add_number(&params, giving->last_id);
		pg_add_text(&params, name);
		pg_add_number(&params, CHUNK);
		status = PG_LIST(db, statement, &params, &store_alerts, give_alert, count_and_give,
				 giving, error);
		free(name);
	} while (status == STATUS_OK && giving->n == CHUNK);
	buffer_deinit(&giving->last_name);
	return status;
}

/* One condition after the other: their rows come by the index, and nothing has to be sorted. */
static enum status read_worst_first(struct store_db *db, enum record_alert_state state,
				    const struct store_alert_place *from, struct giving *giving,
				    char error[STORE_ERROR_SIZE])
{
	enum condition first = (enum condition)0; /* the worst */
	enum status status = STATUS_OK;
	int64_t before = from->before;

	if (*from->name && !condition_from_name(from->name, &first))
		return STATUS_OK; /* none is behind one that there is not */
	for (int i = (int)first; status == STATUS_OK && i < CONDITION_COUNT; i++) {
		const struct store_alert_place place = { condition_name((enum condition)i),
							 before };
		status = read_from(db, &alerts_of_condition, state, &place, giving, error);
		before = INT64_MAX;
	}
	return status;
}

enum status pg_read_alerts(struct store_db *db, enum record_alert_state state,
			   enum store_alert_order order, const struct store_alert_place *from,
			   store_each_alert *each, void *user, char error[STORE_ERROR_SIZE])
{
	static const struct pg_statement *const statements[] = {
		[STORE_ALERTS_NEWEST] = &alerts_by_id,
		[STORE_ALERTS_SERVER] = &alerts_by_server,
		[STORE_ALERTS_SITE] = &alerts_by_site,
	};
	struct giving giving = { .each = each, .user = user, .order = order };

	if (order == STORE_ALERTS_WORST)
		return read_worst_first(db, state, from, &giving, error);
	return read_from(db, statements[order], state, from, &giving, error);
}

enum status pg_read_alert(struct store_db *db, int64_t id, store_each_alert *each, void *user,
			  char error[STORE_ERROR_SIZE])
{
	struct giving giving = { .each = each, .user = user };
	struct pg_params params = { .n = 0 };

	pg_add_number(&params, id);
	enum status status = PG_LIST(db, &one_alert, &params, &store_alerts, give_alert,
				     count_and_give, &giving, error);
	buffer_deinit(&giving.last_name);
	return status == STATUS_OK && giving.n == 0 ? STATUS_NOT_FOUND : status;
}

enum status pg_read_silences(struct store_db *db, store_each_silence *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &list_silences, NULL, &store_silences, give_silence, each, user, error);
}

enum status pg_read_hooks(struct store_db *db, store_each_hook *each, void *user,
			  char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &list_hooks, NULL, &store_hooks, give_hook, each, user, error);
}

enum status pg_read_summaries(struct store_db *db, store_each_summary *each, void *user,
			      char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &list_summaries, NULL, &store_summaries, give_summary, each, user,
		       error);
}

enum status pg_read_last_alert_id(struct store_db *db, int64_t *out, char error[STORE_ERROR_SIZE])
{
	return pg_run_numbers(db, &last_alert_id, NULL, out, 1, error);
}

static enum status give_delivery(struct store_db *db, const PGresult *rows, int row,
				 store_each_delivery *each, void *user,
				 char error[STORE_ERROR_SIZE])
{
	int after = (int)store_deliveries.n_columns;
	union store_record record;
	enum status status =
		pg_get_record(rows, row, &store_deliveries, &record, db->conn.place, error);

	if (status != STATUS_OK)
		return status;
	record.delivery.about = (struct record_about){
		pg_text(rows, row, after),
		pg_text(rows, row, after + 1),
		pg_text(rows, row, after + 2),
		pg_number(rows, row, after + 3),
	};
	return each(user, &record.delivery);
}

enum status pg_read_deliveries(struct store_db *db, enum record_delivery_state state,
			       int64_t before, store_each_delivery *each, void *user,
			       char error[STORE_ERROR_SIZE])
{
	enum status status;
	int n = 0;

	do {
		struct pg_params params = { .n = 0 };
		struct pg_asked asked;
		pg_add_number(&params, (int64_t)state);
		pg_add_number(&params, before);
		pg_add_number(&params, CHUNK);
		status = pg_ask(db, &list_deliveries, &params, &asked, error);
		n = status == STATUS_OK ? PQntuples(asked.rows) : 0;
		for (int i = 0; status == STATUS_OK && i < n; i++)
			status = give_delivery(db, asked.rows, i, each, user, error);
		if (n > 0)
			before = pg_number(asked.rows, n - 1, 0); /* its id */
		pg_answered(db, &asked);
	} while (status == STATUS_OK && n == CHUNK);
	return status;
}

enum status pg_read_delivery(struct store_db *db, int64_t id, struct arena *arena,
			     struct record_delivery *out, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	union store_record record;
	PGresult *rows;

	pg_add_number(&params, id);
	enum status status = pg_run(&db->conn, &one_delivery, &params, &rows, error);
	if (status == STATUS_OK && PQntuples(rows) == 0)
		status = STATUS_NOT_FOUND;
	if (status == STATUS_OK)
		status = pg_get_record(rows, 0, &store_deliveries, &record, db->conn.place, error);
	if (status == STATUS_OK) {
		*out = record.delivery;
		struct store_bytes body = pg_bytes(rows, 0, (int)store_deliveries.n_columns);
		out->body = body.at;
		out->body_size = body.size;
		store_keep_delivery(out, arena);
	}
	PQclear(rows);
	return status;
}
