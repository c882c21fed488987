#include "collector/store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "collector/base/hash.h"
#include "collector/store/postgresql/schema.h"
#include "proto/base/count.h"

/* Reports that are read at once. */
#define PAGE 1000

struct checking {
	struct store_db db;
	void (*tell)(const char *fault);
	struct store_check *out;
	char *error;
};

/* What must be true of rows: a query gives what is to be told of each row where it is not. */
static const struct pg_statement rules[] = {
	{ "check_latest", "check the servers",
	  "SELECT format('the server ''%s'' has no latest report', h.key) FROM server v JOIN host "
	  "h "
	  "ON h.id = v.host_id LEFT JOIN stream s ON s.id = h.latest_stream AND s.host_id = h.id "
	  "LEFT JOIN LATERAL (SELECT 1 AS there FROM report l WHERE l.stream_id = s.id AND l.day = "
	  "coalesce(h.latest_day, s.base_day) AND (h.latest_sequence IS NULL OR l.sequence = "
	  "h.latest_sequence) LIMIT 1) r ON true WHERE r.there IS NULL" },
	{ "check_servers", "check the servers",
	  "SELECT format('a verdict is of server number %s, which is not there', host_id) FROM "
	  "server v WHERE NOT EXISTS (SELECT 1 FROM host h WHERE h.id = v.host_id)" },
	{ "check_streams", "check the agents",
	  "SELECT format('agent number %s is of a server that is not there', id) FROM stream s "
	  "WHERE NOT EXISTS (SELECT 1 FROM host h WHERE h.id = s.host_id)" },
	{ "check_owners", "check the reports",
	  "SELECT format('the report %s of the day %s is of agent number %s, which is not there', "
	  "sequence, day, stream_id) FROM report r WHERE NOT EXISTS (SELECT 1 FROM stream s WHERE "
	  "s.id = r.stream_id)" },
	{ "check_bases", "check the reports",
	  "SELECT format('the report %s of the day %s of agent number %s has lost the report that "
	  "it is based on', r.sequence, r.day, r.stream_id) FROM report r LEFT JOIN report b ON "
	  "b.stream_id = r.stream_id AND b.sequence = r.base_sequence AND b.day = r.day WHERE "
	  "r.base_sequence IS NOT NULL AND (b.day IS NULL OR b.base_sequence IS NOT NULL)" },
	{ "check_history", "check the changes",
	  "SELECT format('change number %s is of a server that is not there', number) FROM history "
	  "d WHERE NOT EXISTS (SELECT 1 FROM host h WHERE h.id = d.host_id)" },
	{ "check_lease", "check the lease",
	  "SELECT 'there is no lease, so no collector can store anything' WHERE NOT EXISTS (SELECT "
	  "1 FROM lease WHERE scope = 'judge')" },
};
static const struct pg_statement counts = {
	"check_counts", "count what is stored",
	"SELECT (SELECT count(*) FROM server), (SELECT count(*) FROM report), (SELECT count(*) "
	"FROM history)"
};
static const struct pg_statement every_report = {
	"check_reports", "check the reports",
	"SELECT " PG_REPORT_COLUMNS ", r.stream_id, r.day FROM stream s JOIN report r ON "
	"r.stream_id = s.id" PG_REPORT_BASE " WHERE (r.stream_id, r.sequence, r.day) > ($1, $2, "
	"$3) ORDER BY r.stream_id, r.sequence, r.day LIMIT $4"
};
#define STREAM_COLUMN   12
#define SEQUENCE_COLUMN 2

static void report_fault(struct checking *c, const char *fault)
{
	if (c->out->faults < STORE_CHECK_MAX_FAULTS)
		c->tell(fault);
	c->out->faults++;
}

static enum status check_rule(struct checking *c, const struct pg_statement *rule)
{
	PGresult *rows;
	enum status status = pg_run(&c->db.conn, rule, NULL, &rows, c->error);

	for (int i = 0; status == STATUS_OK && i < PQntuples(rows); i++)
		report_fault(c, pg_text(rows, i, 0));
	PQclear(rows);
	return status;
}

/* Checks that a report can be read, and is what came. */
static void check_report(struct checking *c, const PGresult *rows, int row)
{
	char text[STORE_ERROR_SIZE];
	struct record_report report;

	if (pg_get_report(&c->db, rows, row, 0, "", &report, text) != STATUS_OK) {
		report_fault(c, text);
	} else if (!hash_is_of(report.body_hash, report.body, report.body_size)) {
		snprintf(text, sizeof text,
			 "the report %" PRId64 " of the agent '%.80s' is not what was received",
			 report.sequence, report.agent_id);
		report_fault(c, text);
	}
}

/* Checks the reports behind `at`, which becomes the place of the last of them. */
static enum status check_page(struct checking *c, int64_t at[3], int *n)
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	for (int i = 0; i < 3; i++)
		pg_add_number(&params, at[i]);
	pg_add_number(&params, PAGE);
	enum status status = pg_run(&c->db.conn, &every_report, &params, &rows, c->error);
	*n = status == STATUS_OK ? PQntuples(rows) : 0;
	for (int i = 0; i < *n; i++)
		check_report(c, rows, i);
	if (*n > 0) {
		at[0] = pg_number(rows, *n - 1, STREAM_COLUMN);
		at[1] = pg_number(rows, *n - 1, SEQUENCE_COLUMN);
		at[2] = pg_number(rows, *n - 1, STREAM_COLUMN + 1);
	}
	PQclear(rows);
	return status;
}

static enum status check_rows(struct checking *c)
{
	int64_t at[3] = { INT64_MIN, INT64_MIN, INT64_MIN };
	int64_t numbers[3] = { 0 };
	int n = 0;

	enum status status = pg_run_numbers(&c->db, &counts, NULL, numbers, 3, c->error);
	c->out->servers = numbers[0];
	c->out->reports = numbers[1];
	c->out->changes = numbers[2];
	for (size_t i = 0; status == STATUS_OK && i < COUNT(rules); i++)
		status = check_rule(c, &rules[i]);
	if (status != STATUS_OK)
		return status;
	do
		status = check_page(c, at, &n);
	while (status == STATUS_OK && n == PAGE);
	return status;
}

/* Whole tables are compared: by whatever plan is best for that. */
static const char begin[] = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
			    "SET LOCAL enable_seqscan = on;"
			    "SET LOCAL enable_sort = on;"
			    "SET LOCAL enable_hashjoin = on;"
			    "SET LOCAL enable_mergejoin = on;"
			    "SET LOCAL statement_timeout = 0";

/* All of it at one moment: a collector may go on writing. A large store takes its time. */
static enum status check(struct checking *c)
{
	enum status status = pg_schema_look(&c->db.conn, false, c->error);

	if (status == STATUS_OK)
		status = pg_script(&c->db.conn, begin, "check what is stored", c->error);
	return status == STATUS_OK ? check_rows(c) : status;
}

enum status pg_check(const struct store_location *location, void (*tell)(const char *fault),
		     struct store_check *out, char error[STORE_ERROR_SIZE])
{
	struct checking c = { .tell = tell, .out = out, .error = error };

	*out = (struct store_check){ 0 };
	enum status status = pg_conn_open(&c.db.conn, location, "check", error);
	if (status == STATUS_OK)
		status = check(&c);
	pg_conn_close(&c.db.conn);
	store_packer_deinit(&c.db.packer);
	buffer_deinit(&c.db.base);
	buffer_deinit(&c.db.text);
	return status;
}
