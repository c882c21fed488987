#include "collector/store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>

enum status pg_unpack(struct store_db *db, const struct pg_packed *packed,
		      struct record_report *out, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	db->base.size = 0;
	db->text.size = 0;
	if (packed->has_base)
		status = store_unpack(&db->packer, packed->base_encoding, packed->base, NULL,
				      &db->base);
	struct store_bytes base = { db->base.bytes ? db->base.bytes : "", db->base.size };
	if (status == STATUS_OK)
		status = store_unpack(&db->packer, packed->encoding, packed->body,
				      packed->has_base ? &base : NULL, &db->text);
	if (status != STATUS_OK)
		snprintf(error, STORE_ERROR_SIZE,
			 "the report %" PRId64 " of the agent '%.80s' in '%s' is damaged: %s",
			 out->sequence, out->agent_id, db->conn.place, status_text(status));
	out->body = db->text.bytes ? db->text.bytes : "";
	out->body_size = db->text.size;
	return status;
}

struct record_report pg_get_report_facts(const PGresult *result, int row, int first,
					 const char *key)
{
	return (struct record_report){
		.key = key,
		.agent_id = pg_text(result, row, first),
		.epoch = pg_text(result, row, first + 1),
		.sequence = pg_number(result, row, first + 2),
		.at_ms = pg_number(result, row, first + 3),
		.received_at_ms = pg_number(result, row, first + 4),
		.age_s = pg_number(result, row, first + 5),
		.body_hash = (uint64_t)pg_number(result, row, first + 6),
		.imported_by = pg_text_or_null(result, row, first + 11),
	};
}

enum status pg_get_report(struct store_db *db, const PGresult *result, int row, int first,
			  const char *key, struct record_report *out, char error[STORE_ERROR_SIZE])
{
	int body = first + PG_REPORT_BODY;
	const struct pg_packed packed = {
		.encoding = (int)pg_number(result, row, body),
		.body = pg_bytes(result, row, body + 1),
		.has_base = !PQgetisnull(result, row, body + 2),
		.base_encoding = (int)pg_number(result, row, body + 2),
		.base = pg_bytes(result, row, body + 3),
	};

	*out = pg_get_report_facts(result, row, first, key);
	return pg_unpack(db, &packed, out, error);
}
