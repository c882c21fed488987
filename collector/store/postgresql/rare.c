/* The parts of changes that come now and then: each is a statement of its own, in their order. */
#include "collector/store/postgresql/internal.h"
#include "collector/store/postgresql/pipeline.h"

static const struct pg_statement drop_server = {
	"drop_server", "remove a server",
	"DELETE FROM server v USING host h WHERE h.key = $1 AND v.host_id = h.id"
};
static const struct pg_statement drop_latest = {
	"drop_latest", "remove a server",
	"UPDATE host SET latest_stream = NULL, latest_day = NULL, latest_sequence = NULL WHERE key "
	"= $1"
};
static const struct pg_statement put_removal = {
	"put_removal", "remove a server",
	"INSERT INTO removal (@removal) SELECT @removal FROM @?removal ON CONFLICT (key) DO UPDATE "
	"SET @=removal"
};
static const struct pg_statement clear_former = { "clear_former", "replace the expected servers",
						  "DELETE FROM expected_former" };
static const struct pg_statement keep_former = {
	"keep_former", "replace the expected servers",
	"INSERT INTO expected_former (@expected) SELECT @expected FROM expected"
};
static const struct pg_statement clear_expected = { "clear_expected",
						    "replace the expected servers",
						    "DELETE FROM expected" };
static const struct pg_statement drop_expected = {
	"drop_expected", "forget an expected server",
	"DELETE FROM expected old USING @?expected WHERE old.key = new_expected.key"
};
/* Since when a server is expected stays when it is named again. */
static const struct pg_statement put_expected = {
	"put_expected", "store an expected server",
	"INSERT INTO expected (@expected) SELECT DISTINCT ON (key) @expected FROM @?expected ORDER "
	"BY key, place DESC ON CONFLICT (key) DO UPDATE SET server = EXCLUDED.server, organization "
	"= EXCLUDED.organization, site = EXCLUDED.site"
};
static const struct pg_statement mark_expected = { "mark_expected",
						   "count a change of the expected servers",
						   "SELECT next_number('expected')" };
/* Drops alerts that are over and known to be: `$1` stay. */
static const struct pg_statement trim_alerts = {
	"trim_alerts", "drop old alerts",
	"DELETE FROM alert WHERE state = 3 AND notified <> 1 AND id <= (SELECT id FROM alert WHERE "
	"state = 3 ORDER BY id DESC LIMIT 1 OFFSET $1)"
};
static const struct pg_statement trim_silences = { "trim_silences", "drop silences that are over",
						   "DELETE FROM silence WHERE ends_ms <= $1" };
static const struct pg_statement add_silence = {
	"add_silence", "store a silence",
	"INSERT INTO silence (@silence) SELECT @silence FROM @?silence"
};
static const struct pg_statement drop_silence = { "drop_silence", "end a silence",
						  "DELETE FROM silence WHERE id = $1" };
static const struct pg_statement put_hook = {
	"put_hook", "store what is known of a hook",
	"INSERT INTO hook (@hook) SELECT @hook FROM @?hook ON CONFLICT (name) DO UPDATE SET @=hook"
};
static const struct pg_statement put_summaries = {
	"put_summaries", "store what a hook is to be told in a summary",
	"INSERT INTO summary (@summary) SELECT DISTINCT ON (hook) @summary FROM @?summary ORDER BY "
	"hook, place DESC ON CONFLICT (hook) DO UPDATE SET @=summary"
};
static const struct pg_statement put_trends = {
	"put_trends", "store the trend",
	"INSERT INTO trend (@trend) SELECT DISTINCT ON (area, at_ms) @trend FROM @?trend ORDER BY "
	"area, at_ms, place DESC ON CONFLICT (area, at_ms) DO UPDATE SET @=trend"
};
/* Leaves the last row of each area and day, of those from `$1` up to `$2`. */
static const struct pg_statement thin_trends = {
	"thin_trends", "drop old rows of the trend",
	"DELETE FROM trend WHERE at_ms >= $1 AND at_ms < $2 AND EXISTS (SELECT 1 "
	"FROM trend later WHERE later.area = trend.area AND later.at_ms > trend.at_ms "
	"AND later.at_ms / 86400000 = trend.at_ms / 86400000)"
};
static const struct pg_statement drop_trends = { "drop_trends", "drop old rows of the trend",
						 "DELETE FROM trend WHERE at_ms < $1" };
static const struct pg_statement put_remark = {
	"put_remark", "store an owner and a note",
	"INSERT INTO remark (@remark) SELECT @remark FROM @?remark ON CONFLICT (subject) DO UPDATE "
	"SET @=remark"
};
static const struct pg_statement put_bookmark = {
	"put_bookmark", "store a bookmark",
	"INSERT INTO bookmark (@bookmark) SELECT @bookmark FROM @?bookmark ON CONFLICT (person, "
	"name) DO UPDATE SET @=bookmark"
};
static const struct pg_statement drop_bookmark = {
	"drop_bookmark", "drop a bookmark",
	"DELETE FROM bookmark old USING @?bookmark WHERE old.person = new_bookmark.person AND "
	"old.name = new_bookmark.name"
};
static const struct pg_statement put_delivery = {
	"put_delivery", "store what became of a notification",
	"UPDATE delivery d SET state = n.state, next_ms = n.next_ms, ended_ms = n.ended_ms, "
	"attempts = n.attempts, result = n.result FROM (SELECT * FROM @?delivery) n WHERE d.id = "
	"n.id"
};
static const struct pg_statement trim_deliveries = {
	"trim_deliveries", "drop old notifications",
	"DELETE FROM delivery WHERE state = $1 AND id <= (SELECT id FROM delivery WHERE state = $1 "
	"ORDER BY id DESC LIMIT 1 OFFSET $2)"
};
/* With each goes its line of the audit log, which is left out where nothing came of it. */
static const struct pg_statement add_identity = {
	"add_identity", "store an identity",
	"WITH added AS (INSERT INTO identity (@identity) SELECT @identity FROM @?identity ON "
	"CONFLICT (kind, name) DO NOTHING RETURNING 1) INSERT INTO audit (@+audit) SELECT @+audit "
	"FROM @?audit WHERE EXISTS (SELECT 1 FROM added)"
};
static const struct pg_statement drop_identity = {
	"drop_identity", "remove an identity",
	"WITH gone AS (DELETE FROM identity old USING @?identity WHERE old.kind = "
	"new_identity.kind AND old.name = new_identity.name RETURNING old.kind, old.name), ended "
	"AS (DELETE FROM identity s USING gone WHERE gone.kind = 2 AND s.kind = 4 AND s.made_by = "
	"gone.name), forgotten AS (DELETE FROM bookmark b USING gone WHERE gone.kind = 2 AND "
	"b.person = 'token ' || gone.name) INSERT INTO audit (@+audit) SELECT @+audit FROM @?audit "
	"WHERE EXISTS (SELECT 1 "
	"FROM gone)"
};
static const struct pg_statement add_audit = {
	"add_audit", "write the audit log",
	"INSERT INTO audit (@+audit) SELECT @+audit FROM @?audit"
};
static const struct pg_statement trim_audit = {
	"trim_audit", "write the audit log",
	"DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - $1"
};
/* Drops sessions that are over, and of one token all but the `$3` newest. */
static const struct pg_statement trim_sessions = {
	"trim_sessions", "end old sessions",
	"DELETE FROM identity WHERE kind = 4 AND (expires_at_ms <= $1 OR (made_by = $2 AND name "
	"NOT IN (SELECT name FROM identity WHERE kind = 4 AND made_by = $2 ORDER BY made_at_ms "
	"DESC, name LIMIT $3)))"
};

static const struct pg_statement hand_over = { "hand_over", "ask for another collector to judge",
					       "UPDATE lease SET next = $1" };
static const struct pg_statement forget_collector = { "forget_collector", "forget a collector",
						      "DELETE FROM collector WHERE node = $1" };

static void send_record(struct store_db *db, const struct pg_statement *statement,
			const struct store_table *table, const void *record)
{
	struct pg_params params = { .n = 0 };

	pg_add_table(&params, table);
	pg_append_record(&params, 0, table, record);
	pg_pipeline_send(&db->conn, statement, &params);
}

static void send_number(struct store_db *db, const struct pg_statement *statement, int64_t number)
{
	struct pg_params params = { .n = 0 };

	pg_add_number(&params, number);
	pg_pipeline_send(&db->conn, statement, &params);
}

static void send_text(struct store_db *db, const struct pg_statement *statement, const char *text)
{
	struct pg_params params = { .n = 0 };

	pg_add_text(&params, text);
	pg_pipeline_send(&db->conn, statement, &params);
}

static void remove_server(struct store_db *db, const struct record_removal *removal)
{
	struct pg_host *host =
		db->writer ? pg_memory_find_host(&db->writer->memory, removal->key) : NULL;

	if (host)
		pg_memory_remove(host);
	send_text(db, &drop_server, removal->key);
	send_text(db, &drop_latest, removal->key);
	send_record(db, &put_removal, &store_removals, removal);
}

void pg_send_inventory(struct store_db *db, const struct store_change *change)
{
	struct pg_params params = { .n = 0 };
	bool replaces = change->expect == STORE_EXPECT_REPLACE;

	if (change->removal)
		remove_server(db, change->removal);
	if (change->n_expected == 0 && !replaces)
		return;
	if (replaces) {
		pg_pipeline_send(&db->conn, &clear_former, NULL);
		pg_pipeline_send(&db->conn, &keep_former, NULL);
		pg_pipeline_send(&db->conn, &clear_expected, NULL);
	}
	pg_add_table(&params, &store_expected);
	for (size_t i = 0; i < change->n_expected; i++)
		pg_append_record(&params, 0, &store_expected, &change->expected[i]);
	pg_pipeline_send(&db->conn,
			 change->expect == STORE_EXPECT_DROP ? &drop_expected : &put_expected,
			 &params);
	pg_pipeline_send(&db->conn, &mark_expected, NULL);
}

static void send_hooks(struct store_db *db, const struct store_change *change)
{
	struct pg_params params = { .n = 0 };

	if (change->hook)
		send_record(db, &put_hook, &store_hooks, change->hook);
	if (change->n_summaries == 0)
		return;
	pg_add_table(&params, &store_summaries);
	for (size_t i = 0; i < change->n_summaries; i++)
		pg_append_record(&params, 0, &store_summaries, change->summaries[i]);
	pg_pipeline_send(&db->conn, &put_summaries, &params);
}

static void send_trends(struct store_db *db, const struct store_change *change)
{
	int64_t daily_ms = change->trim_trends_ms - STORE_TREND_HOURLY_DAYS * PG_DAY_MS;
	struct pg_params rows = { .n = 0 };
	struct pg_params thin = { .n = 0 };

	if (change->n_trends > 0) {
		pg_add_table(&rows, &store_trends);
		for (size_t i = 0; i < change->n_trends; i++)
			pg_append_record(&rows, 0, &store_trends, &change->trends[i]);
		pg_pipeline_send(&db->conn, &put_trends, &rows);
	}
	if (!change->trim_trends_ms)
		return;
	pg_add_number(&thin, daily_ms - 2 * PG_DAY_MS);
	pg_add_number(&thin, daily_ms);
	pg_pipeline_send(&db->conn, &thin_trends, &thin);
	send_number(db, &drop_trends, change->trim_trends_ms - STORE_TREND_DAYS * PG_DAY_MS);
}

static void send_remarks(struct store_db *db, const struct store_change *change)
{
	if (change->remark)
		send_record(db, &put_remark, &store_remarks, change->remark);
	if (change->bookmark)
		send_record(db, &put_bookmark, &store_bookmarks, change->bookmark);
	if (change->dropped_bookmark)
		send_record(db, &drop_bookmark, &store_bookmarks, change->dropped_bookmark);
}

/* A delivery that comes to its end makes the oldest of those with the same end go. */
static void send_delivery(struct store_db *db, const struct record_delivery *delivery)
{
	struct pg_params params = { .n = 0 };

	send_record(db, &put_delivery, &store_deliveries, delivery);
	if (delivery->state == RECORD_DELIVERY_WAITING)
		return;
	pg_add_number(&params, (int64_t)delivery->state);
	pg_add_number(&params, STORE_MAX_DELIVERIES);
	pg_pipeline_send(&db->conn, &trim_deliveries, &params);
}

static void trim(struct store_db *db, const struct record_identity *session)
{
	struct pg_params params = { .n = 0 };

	pg_add_number(&params, session->made_at_ms);
	pg_add_text(&params, session->made_by);
	pg_add_number(&params, STORE_MAX_SESSIONS_PER_TOKEN);
	pg_pipeline_send(&db->conn, &trim_sessions, &params);
}

static void send_identity(struct store_db *db, const struct store_change *change)
{
	const struct record_identity *identity =
		change->add_identity ? change->add_identity : change->drop_identity;
	struct pg_params params = { .n = 0 };

	if (identity) {
		pg_add_table(&params, &store_identities);
		pg_append_record(&params, 0, &store_identities, identity);
	}
	size_t behind = params.n;
	pg_add_table(&params, &store_audits);
	if (change->audit)
		pg_append_record(&params, behind, &store_audits, change->audit);
	pg_pipeline_send(&db->conn,
			 !identity              ? &add_audit
			 : change->add_identity ? &add_identity
						: &drop_identity,
			 &params);
	if (change->add_identity && identity->kind == RECORD_KIND_SESSION)
		trim(db, identity);
	if (change->audit)
		send_number(db, &trim_audit, STORE_MAX_AUDIT);
}

bool pg_is_rare(const struct store_change *change)
{
	return change->trim_alerts_ms || change->silence || change->dropped_silence ||
	       change->hook || change->n_summaries > 0 || change->delivery ||
	       change->n_trends > 0 || change->trim_trends_ms || change->remark ||
	       change->bookmark || change->dropped_bookmark || change->add_identity ||
	       change->drop_identity || change->hand_over_to || change->forget_collector ||
	       change->audit;
}

void pg_send_others(struct store_db *db, const struct store_change *change)
{
	if (change->trim_alerts_ms) {
		send_number(db, &trim_alerts, STORE_MAX_ALERTS);
		send_number(db, &trim_silences, change->trim_alerts_ms);
	}
	if (change->silence)
		send_record(db, &add_silence, &store_silences, change->silence);
	if (change->dropped_silence)
		send_number(db, &drop_silence, *change->dropped_silence);
	send_hooks(db, change);
	if (change->delivery)
		send_delivery(db, change->delivery);
	send_trends(db, change);
	send_remarks(db, change);
	if (change->hand_over_to)
		send_text(db, &hand_over, change->hand_over_to);
	if (change->forget_collector)
		send_text(db, &forget_collector, change->forget_collector);
	if (change->add_identity || change->drop_identity || change->audit)
		send_identity(db, change);
}
