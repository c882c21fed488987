/* What only copies of whole stores need. */
#include "collector/store/postgresql/internal.h"

static const struct pg_statement set_last_audit = {
	"set_last_audit", "number the audit log",
	"UPDATE counter SET value = $1 WHERE name = 'audit'"
};

/* Whoever copies may write for long between two reads. */
static const char begin[] = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
			    "SET LOCAL idle_in_transaction_session_timeout = 0;"
			    "SET LOCAL statement_timeout = 0";

enum status pg_begin_snapshot(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_script(&db->conn, begin, "read what is stored", error);

	db->in_snapshot = status == STATUS_OK;
	return status;
}

enum status pg_set_last_audit(struct store_db *db, int64_t id, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *result;

	pg_add_number(&params, id);
	enum status status = pg_run(&db->conn, &set_last_audit, &params, &result, error);
	PQclear(result);
	return status;
}
