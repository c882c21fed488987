#include "collector/store/copy.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/text_map.h"
#include "collector/store/columns.h"
#include "collector/store/keep.h"
#include "proto/base/arena.h"
#include "proto/base/count.h"
#include "proto/base/mem.h"

/* Changes of one commit, and bytes of the reports in it, at most. */
#define BATCH       256
#define BATCH_BYTES ((size_t)16 * 1024 * 1024)

/* Lines of the audit log that are read at once. */
#define LINES 1000

/* What is known of a server before its reports are copied. */
struct known_server {
	const char *key;
	bool is_in_fleet;
	const char *agent_id; /* of the report that it stands on; so the next two */
	const char *epoch;
	int64_t sequence;
};

struct copying {
	const struct store_connection *from;
	const struct store_connection *to;
	char *error;

	/* What the next commit has, and its texts. */
	struct arena arena;
	struct store_change changes[BATCH];
	size_t n;
	size_t bytes;

	struct arena names; /* of the servers, all along */
	struct text_map servers;
	struct known_server **list;
	size_t n_servers;
	size_t room;
	int64_t last_audit;
};

static enum status flush(struct copying *c)
{
	const struct store_change *changes[BATCH];

	if (c->n == 0)
		return STATUS_OK;
	for (size_t i = 0; i < c->n; i++)
		changes[i] = &c->changes[i];
	enum status status = c->to->engine->commit(c->to->db, changes, c->n, NULL, c->error);
	arena_clear(&c->arena);
	c->n = 0;
	c->bytes = 0;
	return status;
}

static enum status add_change(struct copying *c, struct store_change change)
{
	assert(c->n < BATCH);
	c->changes[c->n++] = change;
	return c->n == BATCH || c->bytes >= BATCH_BYTES ? flush(c) : STATUS_OK;
}

/* A copy of a record of columns.h, for the next commit. */
static void *keep_record(struct copying *c, const struct store_table *table, const void *record,
			 size_t size)
{
	void *kept = arena_alloc(&c->arena, size);

	memcpy(kept, record, size);
	store_keep_record(table, kept, &c->arena);
	return kept;
}

static struct known_server *know(struct copying *c, const char *key)
{
	struct known_server *server = text_map_get(&c->servers, key);

	if (server)
		return server;
	server = arena_alloc(&c->names, sizeof *server);
	*server = (struct known_server){ .key = arena_strdup(&c->names, key) };
	text_map_add(&c->servers, server->key, server);
	c->list = mem_make_room(c->list, c->n_servers, &c->room, sizeof(struct known_server *));
	c->list[c->n_servers++] = server;
	return server;
}

static enum status note_server(void *user, const struct record_server *server,
			       const struct record_report *latest)
{
	struct copying *c = user;
	struct known_server *known = know(c, server->key);

	known->is_in_fleet = true;
	known->agent_id = arena_strdup(&c->names, latest->agent_id);
	known->epoch = arena_strdup(&c->names, latest->epoch);
	known->sequence = latest->sequence;
	return STATUS_OK;
}

/* A removal takes its server out of the fleet, so it comes before one that has come back. */
static enum status copy_removal(void *user, const struct record_removal *removal)
{
	struct copying *c = user;

	know(c, removal->key);
	return add_change(c,
			  (struct store_change){ .removal = keep_record(c, &store_removals, removal,
									sizeof *removal) });
}

static enum status copy_report(void *user, const struct record_report *report, int64_t id)
{
	struct copying *c = user;
	const struct known_server *server = know(c, report->key);
	struct record_report *kept = arena_alloc(&c->arena, sizeof *kept);
	(void)id;

	*kept = *report;
	store_keep_report(kept, &c->arena);
	kept->is_latest = server->is_in_fleet && server->sequence == report->sequence &&
			  strcmp(server->agent_id, report->agent_id) == 0 &&
			  strcmp(server->epoch, report->epoch) == 0;
	c->bytes += report->body_size;
	return add_change(c, (struct store_change){ .report = kept });
}

static enum status copy_server(void *user, const struct record_server *server,
			       const struct record_report *latest)
{
	struct copying *c = user;
	struct record_server *kept = arena_alloc(&c->arena, sizeof *kept);
	(void)latest;

	*kept = *server;
	store_keep_server(kept, &c->arena);
	return add_change(c, (struct store_change){ .servers = kept, .n_servers = 1 });
}

/* The areas whose trend is copied. */
struct areas {
	struct arena arena;
	const char **names;
	size_t n;
	size_t room;
};

/* The changes of one server, which are read the latest first. */
struct events {
	struct arena arena;
	struct record_event *rows;
	size_t n;
	size_t room;
};

static enum status keep_event(void *user, const struct record_event *event,
			      struct store_history_place place)
{
	struct events *events = user;
	(void)place;

	events->rows = mem_make_room(events->rows, events->n, &events->room, sizeof *events->rows);
	struct record_event *row = &events->rows[events->n++];
	*row = *event;
	row->kind = arena_strdup(&events->arena, event->kind);
	row->detail = arena_strdup(&events->arena, event->detail);
	return STATUS_OK;
}

static enum status copy_event(struct copying *c, const char *key, const struct record_event *event)
{
	struct record_event *kept = arena_alloc(&c->arena, sizeof *kept);

	*kept = *event;
	kept->key = key;
	kept->kind = arena_strdup(&c->arena, event->kind);
	kept->detail = arena_strdup(&c->arena, event->detail);
	return add_change(c, (struct store_change){ .events = kept, .n_events = 1 });
}

static enum status copy_history_of(struct copying *c, const char *key)
{
	struct store_history_place latest = { INT64_MAX, INT64_MAX };
	struct events events = { .n = 0 };

	arena_init(&events.arena);
	enum status status = c->from->engine->read_history(c->from->db, key, INT64_MIN, latest,
							   STORE_MAX_ROWS_PER_SERVER, keep_event,
							   &events, c->error);
	for (size_t i = events.n; status == STATUS_OK && i > 0; i--)
		status = copy_event(c, key, &events.rows[i - 1]);
	free(events.rows);
	arena_deinit(&events.arena);
	return status;
}

static enum status copy_servers(struct copying *c)
{
	static const struct store_filter all = { NULL, INT64_MIN, INT64_MAX };
	const struct store_engine *engine = c->from->engine;

	enum status status = engine->read_servers(c->from->db, note_server, c, c->error);
	if (status == STATUS_OK)
		status = engine->read_removals(c->from->db, copy_removal, c, c->error);
	if (status == STATUS_OK)
		status = flush(c); /* reports may be of the same servers */
	if (status == STATUS_OK)
		status = engine->read_reports(c->from->db, &all, copy_report, c, c->error);
	if (status == STATUS_OK)
		status = engine->read_servers(c->from->db, copy_server, c, c->error);
	for (size_t i = 0; status == STATUS_OK && i < c->n_servers; i++)
		status = copy_history_of(c, c->list[i]->key);
	return status;
}

/* The former list is put first, so that what takes its place makes it the former one. */
static enum status copy_lists(struct copying *c, const struct store_expected_rows *former,
			      const struct store_expected_rows *present)
{
	struct store_change before = { .expect = STORE_EXPECT_REPLACE,
				       .expected = former->rows,
				       .n_expected = former->n };
	struct store_change now = { .expect =
					    former->n > 0 ? STORE_EXPECT_REPLACE : STORE_EXPECT_ADD,
				    .expected = present->rows,
				    .n_expected = present->n };
	enum status status = former->n > 0 ? add_change(c, before) : STATUS_OK;

	if (status == STATUS_OK && (former->n > 0 || present->n > 0))
		status = add_change(c, now);
	return status == STATUS_OK ? flush(c) : status;
}

static enum status copy_inventory(struct copying *c)
{
	const struct store_engine *engine = c->from->engine;
	struct store_expected_rows former = { .n = 0 };
	struct store_expected_rows present = { .n = 0 };

	arena_init(&former.arena);
	arena_init(&present.arena);
	enum status status =
		engine->read_former_expected(c->from->db, store_keep_expected, &former, c->error);
	if (status == STATUS_OK)
		status =
			engine->read_expected(c->from->db, store_keep_expected, &present, c->error);
	if (status == STATUS_OK)
		status = copy_lists(c, &former, &present);
	free(former.rows);
	free(present.rows);
	arena_deinit(&former.arena);
	arena_deinit(&present.arena);
	return status;
}

static enum status copy_alert(void *user, const struct record_alert *alert)
{
	struct copying *c = user;
	const struct record_alert **one = arena_alloc(&c->arena, sizeof(struct record_alert *));

	*one = keep_record(c, &store_alerts, alert, sizeof *alert);
	return add_change(c, (struct store_change){ .alerts = one, .n_alerts = 1 });
}

/* A delivery is stored as one that waits, and then as what became of it. */
static enum status copy_delivery(void *user, const struct record_delivery *delivery)
{
	struct copying *c = user;
	struct record_delivery *kept = arena_alloc(&c->arena, sizeof *kept);
	const struct record_delivery **one =
		arena_alloc(&c->arena, sizeof(struct record_delivery *));

	enum status status = c->from->engine->read_delivery(c->from->db, delivery->id, &c->arena,
							    kept, c->error);
	if (status != STATUS_OK)
		return status;
	*one = kept;
	c->bytes += kept->body_size;
	return add_change(
		c, (struct store_change){ .deliveries = one, .n_deliveries = 1, .delivery = kept });
}

static enum status copy_silence(void *user, const struct record_silence *silence)
{
	struct copying *c = user;
	return add_change(c,
			  (struct store_change){ .silence = keep_record(c, &store_silences, silence,
									sizeof *silence) });
}

static enum status copy_hook(void *user, const struct record_hook *hook)
{
	struct copying *c = user;
	return add_change(c, (struct store_change){
				     .hook = keep_record(c, &store_hooks, hook, sizeof *hook) });
}

static enum status copy_summary(void *user, const struct record_summary *summary)
{
	struct copying *c = user;
	const struct record_summary **one = arena_alloc(&c->arena, sizeof(struct record_summary *));

	*one = keep_record(c, &store_summaries, summary, sizeof *summary);
	return add_change(c, (struct store_change){ .summaries = one, .n_summaries = 1 });
}

static enum status copy_trend(void *user, const struct record_trend *trend)
{
	struct copying *c = user;
	return add_change(c, (struct store_change){
				     .trends = keep_record(c, &store_trends, trend, sizeof *trend),
				     .n_trends = 1 });
}

static enum status note_area(void *user, const struct record_trend *last)
{
	struct areas *areas = user;

	areas->names = mem_make_room(areas->names, areas->n, &areas->room, sizeof(char *));
	areas->names[areas->n++] = arena_strdup(&areas->arena, last->area);
	return STATUS_OK;
}

static enum status copy_trends(struct copying *c)
{
	const struct store_engine *engine = c->from->engine;
	struct areas areas = { .n = 0 };

	arena_init(&areas.arena);
	enum status status = engine->read_last_trends(c->from->db, note_area, &areas, c->error);
	for (size_t i = 0; status == STATUS_OK && i < areas.n; i++)
		status = engine->read_trend(c->from->db, areas.names[i], INT64_MIN, copy_trend, c,
					    c->error);
	free(areas.names);
	arena_deinit(&areas.arena);
	return status;
}

static enum status copy_remark(void *user, const struct record_remark *remark)
{
	struct copying *c = user;
	return add_change(c, (struct store_change){ .remark = keep_record(c, &store_remarks, remark,
									  sizeof *remark) });
}

static enum status copy_bookmark(void *user, const struct record_bookmark *bookmark)
{
	struct copying *c = user;
	return add_change(
		c, (struct store_change){ .bookmark = keep_record(c, &store_bookmarks, bookmark,
								  sizeof *bookmark) });
}

static enum status copy_remarks(struct copying *c)
{
	const struct store_engine *engine = c->from->engine;
	enum status status = engine->read_remarks(c->from->db, copy_remark, c, c->error);

	return status == STATUS_OK
		       ? engine->read_bookmarks(c->from->db, NULL, copy_bookmark, c, c->error)
		       : status;
}

static enum status copy_alerts(struct copying *c)
{
	static const struct store_alert_place first = { "", INT64_MAX };
	const struct store_engine *engine = c->from->engine;
	struct store_db *from = c->from->db;
	enum status status = STATUS_OK;

	for (int i = RECORD_ALERT_PENDING; status == STATUS_OK && i <= RECORD_ALERT_RESOLVED; i++)
		status = engine->read_alerts(from, (enum record_alert_state)i, STORE_ALERTS_NEWEST,
					     &first, copy_alert, c, c->error);
	for (int i = RECORD_DELIVERY_WAITING; status == STATUS_OK && i <= RECORD_DELIVERY_DEAD; i++)
		status = engine->read_deliveries(from, (enum record_delivery_state)i, INT64_MAX,
						 copy_delivery, c, c->error);
	if (status == STATUS_OK)
		status = engine->read_silences(from, copy_silence, c, c->error);
	if (status == STATUS_OK)
		status = engine->read_hooks(from, copy_hook, c, c->error);
	return status == STATUS_OK ? engine->read_summaries(from, copy_summary, c, c->error)
				   : status;
}

static enum status copy_identity(void *user, const struct record_identity *identity)
{
	struct copying *c = user;
	return add_change(c, (struct store_change){
				     .add_identity = keep_record(c, &store_identities, identity,
								 sizeof *identity) });
}

/* Programs that follow the log know lines by their numbers. */
static enum status copy_line(void *user, const struct record_audit *line)
{
	struct copying *c = user;
	enum status status = STATUS_OK;

	if (line->id != c->last_audit + 1) {
		status = flush(c);
		if (status == STATUS_OK)
			status = c->to->engine->set_last_audit(c->to->db, line->id - 1, c->error);
	}
	c->last_audit = line->id;
	return status == STATUS_OK
		       ? add_change(c, (struct store_change){ .audit = keep_record(c, &store_audits,
										   line,
										   sizeof *line) })
		       : status;
}

static enum status copy_log(struct copying *c)
{
	int64_t before;
	enum status status;

	do {
		before = c->last_audit;
		status = c->from->engine->read_audit_after(c->from->db, before, LINES, copy_line, c,
							   c->error);
	} while (status == STATUS_OK && c->last_audit > before);
	return status;
}

static enum status copy_people(struct copying *c)
{
	enum status status = STATUS_OK;

	for (int i = RECORD_KIND_AGENT; status == STATUS_OK && i <= RECORD_KIND_SESSION; i++)
		status = c->from->engine->read_identities(c->from->db, (enum record_kind)i, "",
							  SIZE_MAX / 2, copy_identity, c, c->error);
	return status == STATUS_OK ? copy_log(c) : status;
}

/* A sweep that drops nothing notes what time it is. */
static enum status copy_time(struct copying *c)
{
	static const struct store_limits none = { STORE_MAX_ROWS_PER_SERVER, STORE_MAX_DAYS,
						  STORE_MAX_ROWS_PER_SERVER, STORE_MAX_DAYS, 0 };
	int64_t latest_ms = 0;
	bool more;

	enum status status = c->from->engine->read_latest_time(c->from->db, &latest_ms, c->error);
	if (status != STATUS_OK || latest_ms == 0)
		return status;
	return c->to->engine->sweep(c->to->db, &none, latest_ms, &more, c->error);
}

static enum status copy_all(struct copying *c)
{
	static enum status (*const steps[])(struct copying * c) = {
		copy_servers, flush, copy_inventory, copy_alerts, copy_trends,
		copy_remarks, flush, copy_people,    flush,       copy_time,
	};
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < COUNT(steps); i++)
		status = steps[i](c);
	return status;
}

enum status store_copy(const struct store_connection *from, const struct store_connection *to,
		       char error[STORE_ERROR_SIZE])
{
	struct copying *c = mem_alloc(sizeof *c);

	c->from = from;
	c->to = to;
	c->error = error;
	arena_init(&c->arena);
	arena_init(&c->names);
	enum status status = copy_all(c);
	text_map_deinit(&c->servers);
	free(c->list);
	arena_deinit(&c->names);
	arena_deinit(&c->arena);
	free(c);
	return status;
}
