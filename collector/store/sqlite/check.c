#include "collector/store/sqlite/internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "collector/base/hash.h"
#include "proto/base/count.h"

#define TEXT_OF(number)   #number
#define DIGITS_OF(number) TEXT_OF(number)

struct checking {
	struct store_db db;
	void (*tell)(const char *fault);
	struct store_check *out;
	char *error;
};

/* What must be true of rows: a query gives the number of each row where it is not. */
static const struct {
	const char *fault; /* with the number */
	const char *sql;
} rules[] = {
	{ "server number %" PRId64 " has no latest report",
	  "SELECT v.rowid FROM server v LEFT JOIN host h ON h.key = v.key "
	  "LEFT JOIN report r ON r.id = " STORE_LATEST_ID " WHERE r.id IS NULL" },
	{ "server number %" PRId64 " has another server's report as its latest",
	  "SELECT v.rowid FROM server v JOIN host h ON h.key = v.key "
	  "JOIN report r ON r.id = " STORE_LATEST_ID " WHERE r.host_id <> h.id" },
	{ "report number %" PRId64 " is of a server that is not there",
	  "SELECT id FROM report WHERE host_id NOT IN (SELECT id FROM host)" },
	{ "report number %" PRId64 " is of an agent that is not there",
	  "SELECT id FROM report WHERE stream_id NOT IN (SELECT id FROM stream)" },
	{ "report number %" PRId64 " is of another server than its agent",
	  "SELECT r.id FROM report r JOIN stream s ON s.id = r.stream_id "
	  "WHERE s.host_id <> r.host_id" },
	{ "report number %" PRId64 " has lost the report that it is based on",
	  "SELECT r.id FROM report r LEFT JOIN report b ON b.id = r.base_id "
	  "WHERE r.base_id IS NOT NULL AND (b.id IS NULL OR b.base_id IS NOT NULL)" },
	{ "the next report of server number %" PRId64 " would be based on another server's",
	  "SELECT h.id FROM host h JOIN report b ON b.id = h.base_id WHERE b.host_id <> h.id" },
	{ "change number %" PRId64 " is of a server that is not there",
	  "SELECT id FROM history WHERE host_id NOT IN (SELECT id FROM host)" },
};

static const char every_report[] = "SELECT " STORE_REPORT_COLUMNS " FROM " STORE_REPORT_TABLES;

static bool may_tell_more(const struct checking *c)
{
	return c->out->faults < STORE_CHECK_MAX_FAULTS;
}

static void report_fault(struct checking *c, const char *fault)
{
	if (may_tell_more(c))
		c->tell(fault);
	c->out->faults++;
}

/* `each` looks at a row. */
static enum status run_query(struct checking *c, const char *sql, const char *what,
			     void (*each)(struct checking *c, sqlite3_stmt *row, const char *what))
{
	sqlite3_stmt *statement = NULL;
	enum status status = STATUS_OK;
	int code = sqlite3_prepare_v2(c->db.handle, sql, -1, &statement, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW)
			each(c, statement, what);
	}
	if (code != SQLITE_DONE)
		status = store_db_fail(&c->db, "check what is stored", c->error);
	sqlite3_finalize(statement);
	return status;
}

static void tell_row(struct checking *c, sqlite3_stmt *row, const char *fault)
{
	char text[160];

	/* `fault` is one of the texts of rules[], each with one number. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, fault, (int64_t)sqlite3_column_int64(row, 0));
#pragma GCC diagnostic pop
	report_fault(c, text);
}

static void tell_integrity(struct checking *c, sqlite3_stmt *row, const char *unused)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);
	(void)unused;
	if (text && sqlite3_stricmp(text, "ok") != 0)
		report_fault(c, text);
}

/* The report can be read, and is what came. */
static void check_report(struct checking *c, sqlite3_stmt *row, const char *unused)
{
	char text[STORE_ERROR_SIZE];
	struct record_report report;
	(void)unused;

	if (store_db_get_report(&c->db, row, 0, "", &report, text) != STATUS_OK) {
		report_fault(c, text);
	} else if (!hash_is_of(report.body_hash, report.body, report.body_size)) {
		snprintf(text, sizeof text, "report number %" PRId64 " is not what was received",
			 (int64_t)sqlite3_column_int64(row, STORE_REPORT_ID));
		report_fault(c, text);
	}
}

static void take_counts(struct checking *c, sqlite3_stmt *row, const char *unused)
{
	(void)unused;
	c->out->servers = sqlite3_column_int64(row, 0);
	c->out->reports = sqlite3_column_int64(row, 1);
	c->out->changes = sqlite3_column_int64(row, 2);
}

static enum status check_rows(struct checking *c)
{
	enum status status =
		run_query(c,
			  "SELECT (SELECT count(*) FROM server), (SELECT count(*) FROM "
			  "report), (SELECT count(*) FROM history)",
			  "", take_counts);

	for (size_t i = 0; status == STATUS_OK && i < COUNT(rules); i++)
		status = run_query(c, rules[i].sql, rules[i].fault, tell_row);
	if (status == STATUS_OK)
		status = run_query(c, every_report, "", check_report);
	return status;
}

/* All of it at one moment: a collector may go on writing. */
static enum status check_tables(struct checking *c)
{
	if (sqlite3_exec(c->db.handle, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return store_db_fail(&c->db, "check what is stored", c->error);
	enum status status =
		run_query(c, "PRAGMA integrity_check(" DIGITS_OF(STORE_CHECK_MAX_FAULTS) ")", "",
			  tell_integrity);
	if (status == STATUS_OK && c->out->faults == 0)
		status = check_rows(c);
	if (status == STATUS_MALFORMED && c->out->faults > 0)
		return STATUS_OK; /* told already */
	return status;
}

enum status store_db_check(const char *path, void (*tell_fault)(const char *fault),
			   struct store_check *out, char error[STORE_ERROR_SIZE])
{
	struct checking c = { .tell = tell_fault, .out = out, .error = error };

	*out = (struct store_check){ 0 };
	enum status status = store_db_open_to_read(&c.db, path, error);
	if (status != STATUS_OK)
		return status;
	if (store_db_is_current(&c.db, error) != STATUS_OK) {
		snprintf(
			error, STORE_ERROR_SIZE,
			"'%s' was written by an older version: a collector that is started with it "
			"brings it up to date, then it can be checked",
			path);
		status = STATUS_UNSUPPORTED;
	}
	if (status == STATUS_OK)
		status = check_tables(&c);
	store_db_close(&c.db);
	return status;
}
