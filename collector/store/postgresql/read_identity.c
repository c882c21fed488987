#include "collector/store/postgresql/internal.h"

PG_DEFINE_GIVE(identity)
PG_DEFINE_GIVE(audit)
PG_DEFINE_GIVE(removal)
PG_DEFINE_GIVE(expected)

static const struct pg_statement one_identity = {
	"one_identity", "look for an identity",
	"SELECT @identity FROM identity WHERE kind = $1 AND name = $2"
};
static const struct pg_statement list_identities = {
	"list_identities", "list the identities",
	"SELECT @identity FROM identity WHERE kind = $1 AND name > $2 ORDER BY name LIMIT $3"
};
static const struct pg_statement audit_after = {
	"audit_after", "read the audit log",
	"SELECT @audit FROM audit WHERE id > $1 ORDER BY id LIMIT $2"
};
static const struct pg_statement audit_before = {
	"audit_before", "read the audit log",
	"SELECT @audit FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2"
};
static const struct pg_statement last_audit = { "last_audit", "read the audit log",
						"SELECT coalesce(max(id), 0) FROM audit" };
static const struct pg_statement list_removals = { "list_removals", "read the removed servers",
						   "SELECT @removal FROM removal ORDER BY key" };
static const struct pg_statement list_expected = { "list_expected", "read the expected servers",
						   "SELECT @expected FROM expected ORDER BY key" };
static const struct pg_statement list_former = {
	"list_former", "read the servers that were expected before",
	"SELECT @expected FROM expected_former ORDER BY key"
};
static const struct pg_statement expected_version = {
	"expected_version", "look for changes of the expected servers",
	"SELECT value FROM counter WHERE name = 'expected'"
};

enum status pg_read_identity(struct store_db *db, enum record_kind kind, const char *name,
			     struct arena *arena, struct record_identity *out,
			     char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	union store_record record;
	PGresult *rows;

	pg_add_number(&params, (int64_t)kind);
	pg_add_text(&params, name);
	enum status status = pg_run(&db->conn, &one_identity, &params, &rows, error);
	if (status == STATUS_OK && PQntuples(rows) == 0)
		status = STATUS_NOT_FOUND;
	if (status == STATUS_OK)
		status = pg_get_record(rows, 0, &store_identities, &record, db->conn.place, error);
	if (status == STATUS_OK) {
		*out = record.identity;
		store_keep_record(&store_identities, out, arena);
	}
	PQclear(rows);
	return status;
}

enum status pg_read_identities(struct store_db *db, enum record_kind kind, const char *after,
			       size_t limit, store_each_identity *each, void *user,
			       char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };

	pg_add_number(&params, (int64_t)kind);
	pg_add_text(&params, after);
	pg_add_number(&params, (int64_t)limit);
	return PG_LIST(db, &list_identities, &params, &store_identities, give_identity, each, user,
		       error);
}

static enum status read_audit(struct store_db *db, const struct pg_statement *statement, int64_t id,
			      size_t limit, store_each_audit *each, void *user,
			      char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };

	pg_add_number(&params, id);
	pg_add_number(&params, (int64_t)limit);
	return PG_LIST(db, statement, &params, &store_audits, give_audit, each, user, error);
}

enum status pg_read_audit_after(struct store_db *db, int64_t after, size_t limit,
				store_each_audit *each, void *user, char error[STORE_ERROR_SIZE])
{
	return read_audit(db, &audit_after, after, limit, each, user, error);
}

enum status pg_read_audit_before(struct store_db *db, int64_t before, size_t limit,
				 store_each_audit *each, void *user, char error[STORE_ERROR_SIZE])
{
	return read_audit(db, &audit_before, before, limit, each, user, error);
}

enum status pg_read_last_audit(struct store_db *db, int64_t *out, char error[STORE_ERROR_SIZE])
{
	return pg_run_numbers(db, &last_audit, NULL, out, 1, error);
}

enum status pg_read_removals(struct store_db *db, store_each_removal *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &list_removals, NULL, &store_removals, give_removal, each, user, error);
}

enum status pg_read_expected(struct store_db *db, store_each_expected *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &list_expected, NULL, &store_expected, give_expected, each, user, error);
}

enum status pg_read_former_expected(struct store_db *db, store_each_expected *each, void *user,
				    char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &list_former, NULL, &store_expected, give_expected, each, user, error);
}

/* The loop reads the version first, and then a list that is at least as new. */
enum status pg_mirror_expected(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct pg_mirror *mirror = db->writer->mirror;
	struct buffer question;
	int64_t version = 0;
	PGresult *rows;

	enum status status = pg_run_numbers(db, &expected_version, NULL, &version, 1, error);
	if (status != STATUS_OK || version == pg_mirror_expected_version(mirror))
		return status;
	status = pg_run(&db->conn, &list_expected, NULL, &rows, error);
	if (status != STATUS_OK)
		return status;
	buffer_init(&question);
	pg_write_question(&question, &list_expected, NULL);
	pg_mirror_keep(mirror, &question, rows, true);
	pg_mirror_set_expected_version(mirror, version);
	buffer_deinit(&question);
	return STATUS_OK;
}

enum status pg_read_expected_version(struct store_db *db, int64_t *out,
				     char error[STORE_ERROR_SIZE])
{
	if (db->beside) {
		*out = pg_mirror_expected_version(db->beside->mirror);
		return STATUS_OK;
	}
	return pg_run_numbers(db, &expected_version, NULL, out, 1, error);
}
