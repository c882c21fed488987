/*
 * Fills a store as if that many servers had enrolled and reported once: the real fleet and the
 * real store, only the network is left out.
 *
 *   fill_store DIRECTORY SERVERS SERVERS_PER_SITE > FLEET
 *
 * DIRECTORY was set up by `mtawatch-collector init`; MTAWATCH_TEST_STORE is the address of its store
 * where that is in PostgreSQL. FLEET is what report.lua reads.
 */
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/loop.h"
#include "collector/crypto/secret.h"
#include "collector/model/server_key.h"
#include "collector/model/snapshot.h"
#include "collector/pipeline/pipeline.h"
#include "crowd.h"
#include "measured_store.h"
#include "proto/base/mem.h"

/* Reports on their way at once. */
#define IN_FLIGHT 2000

struct filling {
	struct crowd crowd;
	struct loop *loop;
	struct store *store;
	struct pipeline *pipeline;
	size_t next;
	size_t in_flight;
};

/* A server until it is stored; the store borrows it. */
struct newcomer {
	struct filling *filling;
	char name[32];
	char host[SERVER_KEY_SIZE];
	char id[UUID_TEXT_SIZE];
	char key[SECRET_HEX_DIGITS + 1];
	struct record_identity agent;
};

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fill_store: %s\n", what);
	exit(1);
}

static void on_enrolled(void *user, enum status status, const char *error)
{
	(void)user;
	check(status == STATUS_OK, error);
}

static void enrol(struct newcomer *n, size_t server)
{
	struct filling *f = n->filling;
	size_t per_site = f->crowd.servers_per_site;
	struct store_change change = { .add_identity = &n->agent, .done = on_enrolled };

	crowd_name(&f->crowd, server, n->name);
	check(secret_make_id(n->id) == STATUS_OK, "no random numbers");
	snprintf(n->key, sizeof n->key, "%0*zx", (int)SECRET_HEX_DIGITS, server + 1);
	n->agent = (struct record_identity){ .kind = RECORD_KIND_AGENT,
					     .name = server_key(n->name, n->host),
					     .id = n->id,
					     .made_by = "fill_store",
					     .made_at_ms = loop_wall_ms() };
	secret_hash(n->key, n->agent.hash);
	check(store_submit(f->store, &change) == STATUS_OK, "the store takes no more");
	printf("%s %s %s SITE%04zu %zu %zu\n", n->name, n->id, n->key, server / per_site,
	       server % per_site, per_site);
}

static void fill(struct filling *f);

static void on_reported(void *user, bool durable)
{
	struct newcomer *n = user;
	struct filling *f = n->filling;

	check(durable, "a report could not be stored");
	free(n);
	f->in_flight--;
	fill(f);
}

static void report(struct newcomer *n, size_t server)
{
	static char body[CROWD_BODY_SIZE];
	struct filling *f = n->filling;
	char error[FLEET_ERROR_SIZE];
	struct json_error why;
	struct snapshot *snapshot;
	struct changes *changes;
	const struct fleet_earlier none = { .is = FLEET_EARLIER_NONE };
	enum fleet_taken taken;
	int64_t now = loop_wall_ms();
	size_t size = crowd_body(&f->crowd, server, 0, n->id, body);

	check(snapshot_read(body, size, now, 0, &snapshot, &why) == STATUS_OK, why.detail);
	check(fleet_take(pipeline_fleet(f->pipeline), snapshot, &none, body, size, now, &changes,
			 &taken, error) == STATUS_OK,
	      error);
	snapshot_unref(snapshot);
	check(pipeline_submit(f->pipeline, changes, on_reported, n) == STATUS_OK,
	      "the store takes no more");
}

static void end(struct filling *f)
{
	pipeline_stop(f->pipeline);
	store_close(f->store, NULL, NULL);
	loop_release(f->loop);
}

static void fill(struct filling *f)
{
	while (f->next < f->crowd.n && f->in_flight < IN_FLIGHT) {
		struct newcomer *n = mem_alloc(sizeof *n);
		n->filling = f;
		f->in_flight++;
		enrol(n, f->next);
		report(n, f->next++);
	}
	if (f->in_flight == 0)
		end(f);
}

static void on_signal(void *user)
{
	(void)user;
	exit(1);
}

int main(int argc, char **argv)
{
	struct filling f = { 0 };
	char error[STORE_ERROR_SIZE];

	check(argc == 4, "usage: fill_store DIRECTORY SERVERS SERVERS_PER_SITE > FLEET");
	f.crowd.n = (size_t)strtoul(argv[2], NULL, 10);
	f.crowd.servers_per_site = (size_t)strtoul(argv[3], NULL, 10);
	check(f.crowd.servers_per_site > 0 && f.crowd.n % f.crowd.servers_per_site == 0,
	      "SERVERS has to be a multiple of SERVERS_PER_SITE");
	check(loop_open(&f.loop, on_signal, NULL) == STATUS_OK, "no event loop");
	struct store_location location = measured_store(argv[1]);
	check(store_open(&f.store, &location, loop_uv(f.loop), error) == STATUS_OK, error);
	struct pipeline_options options = { .loop = loop_uv(f.loop),
					    .store = f.store,
					    .now_ms = loop_wall_ms };
	check(pipeline_open(&f.pipeline, &options, error) == STATUS_OK, error);
	fill(&f);
	loop_run(f.loop);
	pipeline_free(f.pipeline);
	return loop_close(f.loop) == STATUS_OK ? 0 : 1;
}
