#include "collector/store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>

int64_t pg_day_of(int64_t received_at_ms)
{
	return received_at_ms > 0 ? received_at_ms / PG_DAY_MS : 0;
}

/*
 * Attached, it is a partition; a PARTITION OF would wait for whoever reads, and let others wait.
 * The constraint spares looking at rows that are not there.
 */
enum status pg_make_day(struct store_db *db, int64_t day, char error[STORE_ERROR_SIZE])
{
	char sql[640];

	snprintf(sql, sizeof sql,
		 "SELECT fence('%s');"
		 "CREATE TABLE report_%" PRId64 " (LIKE report INCLUDING ALL,"
		 " CONSTRAINT its_day CHECK (day = %" PRId64 ")) WITH (toast_tuple_target = 8160);"
		 "ALTER TABLE report ATTACH PARTITION report_%" PRId64 " FOR VALUES IN (%" PRId64
		 ");"
		 "ALTER TABLE report_%" PRId64 " DROP CONSTRAINT its_day",
		 db->writer->token, day, day, day, day, day);
	enum status status = pg_script(&db->conn, sql, "make the table of a day's reports", error);
	if (status == STATUS_OK)
		pg_memory_add_day(&db->writer->memory, day);
	return status;
}

/*
 * What servers stand on moves to the day PG_REST, with its base, and their streams point there;
 * what is there for no server any more goes, and streams that lead nowhere do.
 */
static const char drop_day[] =
	"SELECT fence('%s');"
	"SET LOCAL lock_timeout = '2s';" /* as long as reads may have to wait for us */
	"CREATE TEMPORARY TABLE standing ON COMMIT DROP AS SELECT h.id AS host_id,"
	" r.stream_id, r.sequence, r.base_sequence, h.latest_day IS NULL AS follows FROM host h"
	" JOIN stream s ON s.id = h.latest_stream CROSS JOIN LATERAL (SELECT * FROM"
	" report_%" PRId64 " l WHERE l.stream_id = s.id AND l.sequence <="
	" coalesce(h.latest_sequence, 9223372036854775807) ORDER BY l.sequence DESC LIMIT 1) r"
	" WHERE coalesce(h.latest_day, s.base_day) = %" PRId64 ";"
	"INSERT INTO report_rest SELECT -1, r.stream_id, r.sequence, r.at_ms, r.received_at_ms,"
	" r.age_s, r.body_hash, r.base_sequence, r.encoding, r.imported_by, r.body"
	" FROM report_%" PRId64 " r WHERE (r.stream_id, r.sequence) IN"
	" (SELECT stream_id, sequence FROM standing UNION"
	" SELECT stream_id, base_sequence FROM standing) ON CONFLICT DO NOTHING;"
	"UPDATE host h SET latest_day = -1 FROM standing t WHERE h.id = t.host_id"
	" AND NOT t.follows;"
	"UPDATE stream s SET base_day = -1, base_sequence = coalesce(t.base_sequence, t.sequence)"
	" FROM standing t WHERE s.id = t.stream_id AND t.follows;"
	"ALTER TABLE report DETACH PARTITION report_%" PRId64 ";"
	"DROP TABLE report_%" PRId64 ";"
	"DELETE FROM report_rest r WHERE NOT EXISTS (SELECT 1 FROM host h JOIN stream s ON"
	" s.id = h.latest_stream CROSS JOIN LATERAL (SELECT l.sequence, l.base_sequence FROM"
	" report_rest l WHERE l.stream_id = s.id AND l.sequence <="
	" coalesce(h.latest_sequence, 9223372036854775807) ORDER BY l.sequence DESC LIMIT 1) l"
	" WHERE s.id = r.stream_id AND coalesce(h.latest_day, s.base_day) = -1"
	" AND r.sequence IN (l.sequence, l.base_sequence));"
	"DELETE FROM stream s WHERE NOT EXISTS (SELECT 1 FROM report r WHERE r.stream_id = s.id);"
	"UPDATE stream SET base_day = -1 WHERE base_day = %" PRId64;

enum status pg_drop_day(struct store_db *db, int64_t day, char error[STORE_ERROR_SIZE])
{
	struct buffer sql;

	buffer_init(&sql);
	buffer_printf(&sql, drop_day, db->writer->token, day, day, day, day, day, day);
	enum status status = pg_script(&db->conn, sql.bytes, "drop an old day", error);
	buffer_deinit(&sql);
	/* Servers stand elsewhere now, and numbers may be free. */
	return status == STATUS_OK ? pg_load_memory(db, error) : status;
}
