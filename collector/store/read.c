#include "collector/store/engine.h"

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"

enum status store_read_servers(const struct store_connection *reader, store_each_server *each,
			       void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_servers(reader->db, each, user, error);
}

enum status store_read_server(const struct store_connection *reader, const char *key,
			      struct arena *arena, struct record_server *out,
			      struct record_report *latest, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_server(reader->db, key, arena, out, latest, error);
}

enum status store_read_removals(const struct store_connection *reader, store_each_removal *each,
				void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_removals(reader->db, each, user, error);
}

enum status store_read_other_names(const struct store_connection *reader, const char *key,
				   size_t limit, store_each_name *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_other_names(reader->db, key, limit, each, user, error);
}

enum status store_read_expected(const struct store_connection *reader, store_each_expected *each,
				void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_expected(reader->db, each, user, error);
}

enum status store_read_former_expected(const struct store_connection *reader,
				       store_each_expected *each, void *user,
				       char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_former_expected(reader->db, each, user, error);
}

enum status store_read_latest_time(const struct store_connection *reader, int64_t *out,
				   char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_latest_time(reader->db, out, error);
}

enum status store_read_expected_version(const struct store_connection *reader, int64_t *out,
					char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_expected_version(reader->db, out, error);
}

enum status store_read_open_alerts(const struct store_connection *reader, store_each_alert *each,
				   void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_open_alerts(reader->db, each, user, error);
}

enum status store_read_silences(const struct store_connection *reader, store_each_silence *each,
				void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_silences(reader->db, each, user, error);
}

enum status store_read_hooks(const struct store_connection *reader, store_each_hook *each,
			     void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_hooks(reader->db, each, user, error);
}

enum status store_read_summaries(const struct store_connection *reader, store_each_summary *each,
				 void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_summaries(reader->db, each, user, error);
}

enum status store_read_last_alert_id(const struct store_connection *reader, int64_t *out,
				     char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_last_alert_id(reader->db, out, error);
}

enum status store_read_alerts(const struct store_connection *reader, enum record_alert_state state,
			      enum store_alert_order order, const struct store_alert_place *from,
			      store_each_alert *each, void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_alerts(reader->db, state, order, from, each, user, error);
}

enum status store_read_alert(const struct store_connection *reader, int64_t id,
			     store_each_alert *each, void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_alert(reader->db, id, each, user, error);
}

enum status store_read_deliveries(const struct store_connection *reader,
				  enum record_delivery_state state, int64_t before,
				  store_each_delivery *each, void *user,
				  char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_deliveries(reader->db, state, before, each, user, error);
}

enum status store_read_delivery(const struct store_connection *reader, int64_t id,
				struct arena *arena, struct record_delivery *out,
				char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_delivery(reader->db, id, arena, out, error);
}

enum status store_read_report_until(const struct store_connection *reader, const char *key,
				    int64_t until_ms, struct arena *arena,
				    struct record_report *out, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_report_until(reader->db, key, until_ms, arena, out, error);
}

enum status store_read_body_hash(const struct store_connection *reader, const char *agent_id,
				 const char *epoch, int64_t sequence, uint64_t *out,
				 char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_body_hash(reader->db, agent_id, epoch, sequence, out, error);
}

enum status store_read_last_sequence(const struct store_connection *reader, const char *agent_id,
				     const char *epoch, int64_t *out, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_last_sequence(reader->db, agent_id, epoch, out, error);
}

enum status store_read_identity(const struct store_connection *reader, enum record_kind kind,
				const char *name, struct arena *arena, struct record_identity *out,
				char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_identity(reader->db, kind, name, arena, out, error);
}

enum status store_read_identities(const struct store_connection *reader, enum record_kind kind,
				  const char *after, size_t limit, store_each_identity *each,
				  void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_identities(reader->db, kind, after, limit, each, user, error);
}

enum status store_read_audit_after(const struct store_connection *reader, int64_t after,
				   size_t limit, store_each_audit *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_audit_after(reader->db, after, limit, each, user, error);
}

enum status store_read_audit_before(const struct store_connection *reader, int64_t before,
				    size_t limit, store_each_audit *each, void *user,
				    char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_audit_before(reader->db, before, limit, each, user, error);
}

enum status store_read_last_audit(const struct store_connection *reader, int64_t *out,
				  char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_last_audit(reader->db, out, error);
}

enum status store_read_history(const struct store_connection *reader, const char *key,
			       int64_t since_ms, struct store_history_place before, size_t limit,
			       store_each_event *each, void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_history(reader->db, key, since_ms, before, limit, each, user,
					    error);
}

enum status store_read_remarks(const struct store_connection *reader, store_each_remark *each,
			       void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_remarks(reader->db, each, user, error);
}

enum status store_read_bookmarks(const struct store_connection *reader, const char *person,
				 store_each_bookmark *each, void *user,
				 char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_bookmarks(reader->db, person, each, user, error);
}

enum status store_read_histories(const struct store_connection *reader, const char *after,
				 const char *last, store_each_event *each, void *user,
				 char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_histories(reader->db, after, last, each, user, error);
}

enum status store_read_trend(const struct store_connection *reader, const char *area,
			     int64_t since_ms, store_each_trend *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_trend(reader->db, area, since_ms, each, user, error);
}

enum status store_read_last_trends(const struct store_connection *reader, store_each_trend *each,
				   void *user, char error[STORE_ERROR_SIZE])
{
	return reader->engine->read_last_trends(reader->db, each, user, error);
}
