#include <stdio.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/daemon/node.h"
#include "collector/daemon/serve.h"
#include "collector/daemon/serve_internal.h"
#include "collector/http/server.h"
#include "collector/store/store.h"

static void note_waiting(void *user, const char *error)
{
	struct serve *s = user;

	if (strcmp(s->why_waiting, error) != 0)
		log_error("the collector waits for its store: %s", error);
	snprintf(s->why_waiting, sizeof s->why_waiting, "%s", error);
	s->api.waits_for_store = s->why_waiting;
}

/* With what only the database lacks another collector would be no better off. */
static bool is_able(void *user)
{
	const struct serve *s = user;
	return serve_is_ready(user) || (s->pipeline && pipeline_is_asynchronous(s->pipeline));
}

static int64_t last_commit(void *user)
{
	const struct serve *s = user;
	return s->store ? store_last_commit(s->store) : 0;
}

static void on_standby(void *user)
{
	struct serve *s = user;
	const struct record_collector *judge = member_judge(membership_member(s->membership));
	const char *name = judge ? judge->node : "nobody";

	s->api.member = membership_member(s->membership);
	s->api.waits_for_store = NULL;
	s->api.is_starting = false;
	if (strcmp(s->stands_by_for, name) == 0)
		return;
	snprintf(s->stands_by_for, sizeof s->stands_by_for, "%s", name);
	log_info("stands by: %s judges", name);
	serve_tell_ready(s);
}

static void on_fleet_read(void *user)
{
	struct serve *s = user;
	int rc = serve_open_to_askers(s);

	if (rc != SERVE_EXIT_OK) {
		serve_give_up(s, rc);
		return;
	}
	serve_start_hooks(s);
	log_info("judges");
	serve_tell_ready(s);
}

static bool on_judge(void *user, struct store *store)
{
	struct serve *s = user;

	s->api.member = membership_member(s->membership);
	s->api.is_starting = false;
	s->store = store;
	int rc = serve_open_telling(s);
	if (rc != SERVE_EXIT_OK) {
		serve_give_up(s, rc);
		return false;
	}
	serve_begin_pipeline(s, on_fleet_read);
	return true;
}

static bool is_reading(void *user)
{
	const struct serve *s = user;
	return s->pipeline && pipeline_is_reading(s->pipeline);
}

static void begin_anew(void *user)
{
	struct serve *s = user;

	s->begins_anew = true;
	loop_on_reload(s->loop, NULL, NULL); /* who begins reads the settings */
	loop_release_and_listen(s->loop);
	serve_begin_end(s);
}

static void on_membership_failed(void *user, enum status status, const char *error)
{
	serve_give_up(user, serve_fail_to_open(user, status, error));
}

int serve_open_membership(struct serve *s)
{
	char error[STORE_ERROR_SIZE];
	char node[LEASE_NODE_SIZE];
	struct arena arena;

	if (node_find(s->options, node, error) != STATUS_OK)
		return serve_fail(error);
	arena_init(&arena);
	struct membership_options options = {
		.loop = loop_uv(s->loop),
		.location = &s->options->store,
		.node = node,
		.about = { s->options->external_url, node_settings(s->options, &arena) },
		.takeover_after = (unsigned)s->options->takeover_after,
		.waits = note_waiting,
		.stands_by = on_standby,
		.judges = on_judge,
		.is_reading = is_reading,
		.is_ready = is_able,
		.last_commit = last_commit,
		.leaves = begin_anew,
		.failed = on_membership_failed,
		.user = s,
	};
	s->api.is_starting = true;
	enum status status = membership_open(&s->membership, &options, error);
	arena_deinit(&arena);
	return status == STATUS_OK ? SERVE_EXIT_OK : serve_fail_to_open(s, status, error);
}
