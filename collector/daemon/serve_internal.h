/*
 * A running collector, for the files that open and close it: serve.c has its life from the first
 * thing to the last, serve_store.c what works on an open store, serve_shared.c the store that
 * several collectors share.
 */
#pragma once

#include "collector/api/api.h"
#include "collector/daemon/certificates.h"
#include "collector/daemon/membership.h"
#include "collector/daemon/options.h"
#include "collector/daemon/systemd.h"
#include "collector/pipeline/pipeline.h"
#include "collector/pipeline/trend.h"

/* Everything that is open, in the order of opening; NULL: not (any more). */
struct serve {
	const struct options *options;
	struct loop *loop;
	struct membership *membership; /* NULL: the store is this collector's alone */
	struct pipeline_lease lease;
	struct store *store;
	struct hooks *hooks;
	struct alerting *alerting;
	struct pipeline *pipeline;
	struct trend *trend;
	struct identities *identities;
	struct certificates *certificates;
	struct server *server;
	struct systemd *systemd;
	struct api api;
	char why_waiting[STORE_ERROR_SIZE];       /* for the store */
	char stands_by_for[LEASE_NODE_SIZE + 64]; /* what was logged last */
	char why_not_ours[STORE_ERROR_SIZE + 96];
	bool ending;
	bool begins_anew; /* when all is closed */
	int rc;           /* what the process ends with */

	/* How the options were made, and the last good reading of them. */
	int argc;
	char **argv;
	struct arena arena; /* of `latest` */
	struct options latest;
};

/* Logs why the collector cannot go on; what the process is to end with. */
int serve_fail(const char *error);
int serve_fail_not_set_up(const struct serve *s);
int serve_fail_to_open(struct serve *s, enum status status, const char *error);

/* Begins the end of all that is open; `user` is the struct serve. */
void serve_begin_end(void *user);

/* The same where something failed: the process ends with `rc`. */
void serve_give_up(struct serve *s, int rc);

/* The service manager is told what the collector does now. */
void serve_tell_ready(struct serve *s);

/* serve_store.c: in this order, once the store is open. SERVE_EXIT_OK, or what serve_fail() says. */
int serve_open_telling(struct serve *s);
int serve_open_pipeline(struct serve *s);
int serve_open_to_askers(struct serve *s);
void serve_start_hooks(struct serve *s);

/* In place of serve_open_pipeline(): the fleet is read meanwhile, then `opened` is told. */
void serve_begin_pipeline(struct serve *s, void (*opened)(void *user));

void serve_reload_work(struct serve *s, const struct options *options);

/* Does it take reports? For callbacks: `user` is the struct serve. */
bool serve_is_ready(void *user);

/* serve_shared.c */
int serve_open_membership(struct serve *s);
