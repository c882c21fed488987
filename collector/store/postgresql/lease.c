#include "collector/store/postgresql/internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * How long the end of the collector waits for the database: somebody else takes over all the same.
 */
#define RELEASE_MS 2000

const struct pg_statement pg_fence = { "fence", "store anything", "SELECT fence($1::text::uuid)" };

static const struct pg_statement look = { "look_at_lease", "look at the lease",
					  "SELECT epoch, token::text FROM lease" };

/* Whoever took it since we looked has another token, or another epoch. */
static const struct pg_statement take = {
	"take_lease", "take the lease",
	"UPDATE lease SET epoch = epoch + 1, token = gen_random_uuid(), node = $1, next = NULL, "
	"taken_ms = now_ms() WHERE scope = 'judge' AND epoch = $2 AND "
	"token IS NOT DISTINCT FROM $3::text::uuid RETURNING epoch, token::text"
};
static const struct pg_statement release = {
	"release_lease", "give the lease back",
	"UPDATE lease SET token = NULL WHERE token = $1::text::uuid"
};

static enum status keep_token(struct store_db *db, const PGresult *taken,
			      char error[STORE_ERROR_SIZE])
{
	struct pg_writer *writer = db->writer;

	if (PQntuples(taken) == 0) {
		snprintf(error, STORE_ERROR_SIZE,
			 "another collector took the lease in the database at %s just now",
			 db->conn.place);
		return STATUS_CONFLICT;
	}
	writer->epoch = pg_number(taken, 0, 0);
	snprintf(writer->token, sizeof writer->token, "%s", pg_text(taken, 0, 1));
	writer->is_own_token = true;
	return STATUS_OK;
}

enum status pg_fail_without_lease(const struct store_db *db, char error[STORE_ERROR_SIZE])
{
	snprintf(error, STORE_ERROR_SIZE, "'%s' is damaged: there is no lease", db->conn.place);
	return STATUS_MALFORMED;
}

static enum status take_from(struct store_db *db, const PGresult *seen,
			     char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	char node[256] = "";
	PGresult *taken;

	if (PQntuples(seen) == 0)
		return pg_fail_without_lease(db, error);
	gethostname(node, sizeof node - 1); /* for people; nothing hangs on it */
	pg_add_text(&params, node);
	pg_add_number(&params, pg_number(seen, 0, 0));
	pg_add_text(&params, pg_text_or_null(seen, 0, 1));
	enum status status = pg_run(&db->conn, &take, &params, &taken, error);
	if (status == STATUS_OK)
		status = keep_token(db, taken, error);
	PQclear(taken);
	return status;
}

/* Its holder's commit may be under way; one that waits for a standby is not over soon. */
enum status pg_lease_take(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	PGresult *seen = NULL;
	enum status status = pg_script(&db->conn, "SET lock_timeout = '2s'", take.what, error);

	if (status == STATUS_OK)
		status = pg_run(&db->conn, &look, NULL, &seen, error);
	if (status == STATUS_OK)
		status = take_from(db, seen, error);
	PQclear(seen);
	if (status == STATUS_OK)
		status = pg_script(&db->conn, PG_SET_LOCK_TIMEOUT, take.what, error);
	return status;
}

/* A lease that is not given back is taken over all the same. */
void pg_lease_release(struct store_db *db)
{
	struct pg_params params = { .n = 0 };
	char ignored[STORE_ERROR_SIZE];
	PGresult *result;

	if (!db->writer->is_own_token || !db->conn.handle)
		return;
	pg_conn_hurry(&db->conn, RELEASE_MS);
	pg_add_text(&params, db->writer->token);
	pg_run(&db->conn, &release, &params, &result, ignored);
	PQclear(result);
}
