#include "tests/unit/collector/fleet/fleet_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"

struct fixture_report {
	struct record_report row;
	struct arena arena;
};

struct fixture_server {
	struct record_server row;
	const struct fixture_report *latest;
	struct arena arena;
};

static enum status report_until(struct store_db *db, const char *key, int64_t until_ms,
				struct arena *arena, struct record_report *out,
				char error[STORE_ERROR_SIZE])
{
	struct fixture *f = db->fixture;
	const struct record_report *best = NULL;
	(void)arena; /* the rows of the fixture live longer */
	f->n_read_until++;

	if (f->is_broken) {
		snprintf(error, FLEET_ERROR_SIZE, "broken");
		return STATUS_SYSTEM;
	}
	for (size_t i = 0; i < f->n_reports; i++) {
		const struct record_report *row = &f->reports[i]->row;
		if (strcmp(row->key, key) == 0 && row->at_ms <= until_ms &&
		    (!best || row->at_ms > best->at_ms ||
		     (row->at_ms == best->at_ms && row->sequence > best->sequence)))
			best = row;
	}
	if (best)
		*out = *best;
	return best ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status last_sequence(struct store_db *db, const char *agent_id, const char *epoch,
				 int64_t *out, char error[STORE_ERROR_SIZE])
{
	struct fixture *f = db->fixture;
	enum status status = STATUS_NOT_FOUND;

	f->n_streams_looked_up++;
	if (f->is_broken) {
		snprintf(error, FLEET_ERROR_SIZE, "broken");
		return STATUS_SYSTEM;
	}
	for (size_t i = 0; i < f->n_reports; i++) {
		const struct record_report *row = &f->reports[i]->row;
		if (strcmp(row->agent_id, agent_id) != 0 || strcmp(row->epoch, epoch) != 0)
			continue;
		if (status != STATUS_OK || row->sequence > *out)
			*out = row->sequence;
		status = STATUS_OK;
	}
	return status;
}

static enum status servers(struct store_db *db, store_each_server *each, void *user,
			   char error[STORE_ERROR_SIZE])
{
	const struct fixture *f = db->fixture;
	enum status status = STATUS_OK;

	if (f->is_broken) {
		snprintf(error, FLEET_ERROR_SIZE, "broken");
		return STATUS_SYSTEM;
	}
	for (size_t i = 0; i < f->n_servers && status == STATUS_OK; i++)
		status = each(user, &f->servers[i]->row, &f->servers[i]->latest->row);
	return status;
}

static enum status server(struct store_db *db, const char *key, struct arena *arena,
			  struct record_server *out, struct record_report *latest,
			  char error[STORE_ERROR_SIZE])
{
	const struct fixture *f = db->fixture;
	(void)arena; /* the rows of the fixture live longer */

	if (f->is_broken) {
		snprintf(error, FLEET_ERROR_SIZE, "broken");
		return STATUS_SYSTEM;
	}
	for (size_t i = 0; i < f->n_servers; i++) {
		if (strcmp(f->servers[i]->row.key, key) == 0) {
			*out = f->servers[i]->row;
			*latest = f->servers[i]->latest->row;
			return STATUS_OK;
		}
	}
	return STATUS_NOT_FOUND;
}

static enum status removals(struct store_db *db, store_each_removal *each, void *user,
			    char error[STORE_ERROR_SIZE])
{
	const struct fixture *f = db->fixture;
	(void)error;

	return f->removed.key ? each(user, &f->removed) : STATUS_OK;
}

/* As much of an engine as a fleet asks. */
static const struct store_engine engine = {
	.read_report_until = report_until,
	.read_last_sequence = last_sequence,
	.read_servers = servers,
	.read_server = server,
	.read_removals = removals,
};

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	f->db.fixture = f;
	f->store = (struct store_connection){ &engine, &f->db };
	f->fleet = fleet_new(&f->store);
}

void fixture_deinit(struct fixture *f)
{
	fleet_free(f->fleet);
	for (size_t i = 0; i < f->n_reports; i++) {
		arena_deinit(&f->reports[i]->arena);
		free(f->reports[i]);
	}
	for (size_t i = 0; i < f->n_servers; i++) {
		arena_deinit(&f->servers[i]->arena);
		free(f->servers[i]);
	}
}

static const struct fixture_report *store_report(struct fixture *f, const struct record_report *row)
{
	struct fixture_report *kept = mem_alloc(sizeof *kept);

	assert_true(f->n_reports < FIXTURE_MAX_ROWS);
	arena_init(&kept->arena);
	kept->row = *row;
	kept->row.key = arena_strdup(&kept->arena, row->key);
	kept->row.agent_id = arena_strdup(&kept->arena, row->agent_id);
	kept->row.epoch = arena_strdup(&kept->arena, row->epoch);
	kept->row.body = arena_strndup(&kept->arena, row->body, row->body_size);
	f->reports[f->n_reports++] = kept;
	return kept;
}

static struct fixture_server *find_server(struct fixture *f, const char *key)
{
	for (size_t i = 0; i < f->n_servers; i++) {
		if (strcmp(f->servers[i]->row.key, key) == 0)
			return f->servers[i];
	}
	assert_true(f->n_servers < FIXTURE_MAX_ROWS);
	struct fixture_server *server = mem_alloc(sizeof *server);
	arena_init(&server->arena);
	server->row.key = arena_strdup(&server->arena, key);
	f->servers[f->n_servers++] = server;
	return server;
}

static void store_server(struct fixture *f, const struct record_server *row)
{
	struct fixture_server *server = find_server(f, row->key);
	struct record_server old = server->row;

	server->row = *row;
	server->row.key = old.key;
	server->row.verdict_json = row->verdict_json
					   ? arena_strdup(&server->arena, row->verdict_json)
					   : old.verdict_json;
	server->row.adapters_json = row->adapters_json
					    ? arena_strdup(&server->arena, row->adapters_json)
					    : old.adapters_json;
	assert_non_null(server->row.verdict_json);
}

/* The fixture remembers one removal. */
static void remove_server(struct fixture *f, const struct record_removal *removal)
{
	struct fixture_server *server = find_server(f, removal->key);
	size_t i = 0;

	while (f->servers[i] != server)
		i++;
	f->removed = (struct record_removal){ .key = f->removed_key,
					      .server = f->removed_key,
					      .at_ms = removal->at_ms,
					      .by = "test",
					      .reason = "" };
	snprintf(f->removed_key, sizeof f->removed_key, "%s", removal->key);
	arena_deinit(&server->arena);
	free(server);
	f->servers[i] = f->servers[--f->n_servers];
}

void fixture_commit(struct fixture *f, struct changes *changes)
{
	if (!changes)
		return;
	struct store_change change = changes_for_store(changes);
	if (change.removal)
		remove_server(f, change.removal);
	for (size_t i = 0; i < change.n_servers; i++)
		store_server(f, &change.servers[i]);
	if (change.report) {
		const struct fixture_report *report = store_report(f, change.report);
		if (change.report->is_latest)
			find_server(f, change.report->key)->latest = report;
	}
	for (size_t i = 0; i < f->n_servers; i++)
		assert_non_null(f->servers[i]->latest);
	fleet_publish(f->fleet, changes);
	changes_free(changes);
}

/* "S2:mta/none" */
static void add_rows(struct buffer *out, const char *word)
{
	char peer[16];
	char grade[2][16];
	int number = 0;

	assert_int_equal(sscanf(word, "%15[^:]:%15[^/]/%15[a-z]", peer, grade[0], grade[1]), 3);
	assert_int_equal(sscanf(peer, "S%d", &number), 1); // NOLINT(cert-err34-c)
	for (int i = 0; i < 2; i++) {
		bool failed = strcmp(grade[i], "mta") != 0;
		if (out->size > 0)
			buffer_add_char(out, ',');
		buffer_printf(out,
			      "{\"adapter\":\"%c\",\"peer\":\"%s\",\"to\":\"10.0.%d.1\","
			      "\"via\":\"%c\",\"grade\":\"%s\",\"for_s\":3600%s}",
			      'A' + i, peer, number, 'A' + i, grade[i],
			      failed ? ",\"error\":\"timeout\"" : "");
	}
}

static char *rows_of(const char *words)
{
	struct buffer out;
	size_t size = 0;

	buffer_init(&out);
	buffer_add_text(&out, "");
	for (const char *at = words; at && *at;) {
		add_rows(&out, at);
		const char *space = strchr(at, ' ');
		at = space ? space + 1 : NULL;
	}
	return buffer_take(&out, &size);
}

static char *body_of(const struct fixture_words *words)
{
	static const char version[] = "5.5.2653.23";
	struct buffer out;
	int number = 0;
	size_t size = 0;
	char *rows = rows_of(words->rows);

	assert_int_equal(sscanf(words->name, "S%d", &number), 1); // NOLINT(cert-err34-c)
	buffer_init(&out);
	buffer_printf(&out,
		      "{\"schema\":\"mtawatch.report/1\",\"agent\":{\"id\":\"id-%s\",\"epoch\":"
		      "\"e\",\"version\":\"1\",\"platform\":\"test\"},\"sequence\":%lld,"
		      "\"collected_at\":\"2026-11-22T10:45:23Z\",\"interval_s\":%lld,"
		      "\"host\":{\"name\":\"%s\"},\"exchange\":{\"installed\":true,"
		      "\"version\":\"5.5\",\"organization\":\"ACME\",\"site\":\"%s\","
		      "\"server\":\"%s\",\"clustered\":false}",
		      words->name, (long long)words->sequence,
		      (long long)(words->interval_s ? words->interval_s : 300), words->name,
		      words->site ? words->site : "HQ",
		      words->server ? words->server : words->name);
	buffer_printf(&out,
		      ",\"adapters\":[{\"id\":\"A\",%s%s%s\"enabled\":true,\"link\":\"up\","
		      "\"addresses\":[\"10.0.%d.1/16\"]},{\"id\":\"B\",\"enabled\":true,"
		      "\"link\":\"up\",\"addresses\":[\"10.0.%d.%d/16\"]}],"
		      "\"probes\":[%s],\"mta\":{\"service\":\"running\"},"
		      "\"files\":[{\"name\":\"Emsmta.exe\",\"state\":\"versioned\",\"version\":"
		      "\"%s\"}]%s}",
		      words->mac ? "\"mac\":\"" : "", words->mac ? words->mac : "",
		      words->mac ? "\"," : "", number, words->holds ? words->holds : number,
		      words->holds ? 1 : 2, rows, words->build ? words->build : version,
		      words->extra ? words->extra : "");
	free(rows);
	return buffer_take(&out, &size);
}

struct snapshot *fixture_read(const struct fixture_words *words, int64_t at_ms, int64_t now_ms,
			      char **body)
{
	struct json_error why = { 0 };
	struct snapshot *snapshot = NULL;

	*body = body_of(words);
	if (snapshot_read(*body, strlen(*body), now_ms, (now_ms - at_ms) / 1000, &snapshot, &why) !=
	    STATUS_OK)
		fail_msg("%s: %s\n%s", why.pointer, why.detail, *body);
	return snapshot;
}

static void find_stored(const struct fixture *f, const struct report *report,
			struct fleet_earlier *out)
{
	out->is = FLEET_EARLIER_NONE;
	for (size_t i = 0; i < f->n_reports; i++) {
		const struct record_report *row = &f->reports[i]->row;
		if (strcmp(row->agent_id, report->agent.id ? report->agent.id : "") == 0 &&
		    strcmp(row->epoch, report->agent.epoch ? report->agent.epoch : "") == 0 &&
		    row->sequence == report->sequence)
			*out = (struct fleet_earlier){ FLEET_EARLIER_FOUND, row->body_hash };
	}
}

struct fleet_earlier fixture_find_earlier(struct fixture *f, const struct snapshot *snapshot)
{
	struct fleet_earlier earlier;
	char error[FLEET_ERROR_SIZE];

	if (fleet_find_earlier(f->fleet, snapshot, &earlier, error) != STATUS_OK)
		fail_msg("%s", error);
	if (earlier.is == FLEET_EARLIER_UNKNOWN) {
		f->n_looked_up++;
		find_stored(f, &snapshot->report, &earlier);
	}
	return earlier;
}

struct changes *fixture_take(struct fixture *f, const struct fixture_words *words, int64_t at_ms,
			     int64_t now_ms)
{
	static int64_t sequence = 1;
	struct fixture_words all = *words;
	struct changes *changes = NULL;
	enum fleet_taken taken;
	char *body;
	char error[FLEET_ERROR_SIZE] = "";

	if (all.sequence == 0)
		all.sequence = sequence++;
	struct snapshot *snapshot = fixture_read(&all, at_ms, now_ms, &body);
	snapshot->stands = words->stands;
	struct fleet_earlier earlier = fixture_find_earlier(f, snapshot);
	if (fleet_take(f->fleet, snapshot, &earlier, body, strlen(body), now_ms, &changes, &taken,
		       error) != STATUS_OK)
		fail_msg("%s", error);
	snapshot_unref(snapshot);
	free(body);
	return changes;
}

void fixture_report(struct fixture *f, const struct fixture_words *words, int64_t at_ms,
		    int64_t now_ms)
{
	fixture_commit(f, fixture_take(f, words, at_ms, now_ms));
}

enum status fixture_remove(struct fixture *f, const char *key, int64_t at_ms,
			   struct changes **changes)
{
	const struct record_removal removal = {
		.key = key, .server = key, .at_ms = at_ms, .by = "test", .reason = "scrapped"
	};
	char error[FLEET_ERROR_SIZE];

	return fleet_remove(f->fleet, &removal, at_ms, changes, error);
}

void fixture_advance(struct fixture *f, int64_t now_ms)
{
	while (fleet_next_expiry(f->fleet) <= now_ms) {
		struct changes *changes = NULL;
		char error[FLEET_ERROR_SIZE] = "";
		if (fleet_advance(f->fleet, now_ms, &changes, error) != STATUS_OK)
			fail_msg("%s", error);
		fixture_commit(f, changes);
	}
}

void fixture_restart(struct fixture *f, int64_t now_ms)
{
	struct changes *changes = NULL;
	char error[FLEET_ERROR_SIZE] = "";

	fleet_free(f->fleet);
	f->fleet = fleet_new(&f->store);
	if (fleet_load(f->fleet, now_ms, &changes, error) != STATUS_OK)
		fail_msg("%s", error);
	fixture_commit(f, changes);
}

char *fixture_verdict_json(const struct view *view)
{
	struct buffer out;
	size_t size;

	buffer_init(&out);
	view_add_verdict(view, &out);
	char *json = buffer_take(&out, &size);
	char *drift = strstr(json, ",\"drift\":");
	if (drift) /* the rule knows nothing of it; it is the last member */
		memcpy(drift, "}", 2);
	return json;
}

const char *fixture_verdict(const struct fixture *f, const char *name)
{
	static char text[64];
	const struct view *view = fleet_find(f->fleet, name);

	if (!view)
		return "absent";
	snprintf(text, sizeof text, "%s%s", verdict_name(view->verdict),
		 view->silent ? " silent" : "");
	return text;
}

uint32_t fixture_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

void fixture_random_rows(uint32_t *seed, size_t n, size_t self, uint32_t rarity, char *out,
			 size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (i == self || fixture_random(seed) % rarity)
			continue;
		at += (size_t)snprintf(out + at, size - at, "%sS%zu:%s/%s", at ? " " : "", i + 1,
				       fixture_random(seed) % 2 ? "mta" : "none",
				       fixture_random(seed) % 2 ? "mta" : "none");
	}
}
