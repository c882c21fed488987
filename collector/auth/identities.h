/*
 * The identities in memory: who may call. A cache of the store, which is the truth.
 *
 * The cache changes in one way only: identities_refresh() reads which lines the audit log has got,
 * and reads anew what they are about: after each change that this process has committed,
 * before the answer, and every IDENTITIES_POLL_MS for the changes of others: `mtawatch-collector
 * token`, `secret` and `agents` write to the store of a collector that runs. That is safe because
 * an identity and its line are committed together, lines are numbered in the order of their
 * commits, and what is read after a line is at least as new as the line. So a revocation from the
 * terminal holds within a second, one through the API with its answer.
 *
 * Agents are found in O(1); tokens, sessions and secrets are few and compared one by one, each in
 * constant time (collector/crypto/secret.h). The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/principal.h"
#include "collector/model/record_identity.h"
#include "collector/store/store.h"

#define IDENTITIES_MAX_AGENTS  200000
#define IDENTITIES_MAX_TOKENS  256
#define IDENTITIES_MAX_SECRETS 64

/* How often the changes of other processes are looked for. */
#define IDENTITIES_POLL_MS 500

/* How long a browser stays logged in. */
#define IDENTITIES_SESSION_MS (INT64_C(12) * 3600 * 1000)

struct identities;

struct identities_options {
	uv_loop_t *loop;
	struct store *store; /* outlives it */
	int64_t (*now_ms)(void);
	/*
	 * Called when who may call may have changed: after each change, and every
	 * IDENTITIES_POLL_MS, for some come to their end (`changed` is false then). NULL: nobody
	 * is told.
	 */
	void (*looked)(void *user, bool changed);
	void *user;
};

enum status identities_open(struct identities **out, const struct identities_options *options,
			    char error[STORE_ERROR_SIZE]);

/* Looks for no more changes; before the store is closed. */
void identities_stop(struct identities *identities);

/* After the store is closed: its changes have run. NULL is allowed. */
void identities_free(struct identities *identities);

/* How many there are; tokens, secrets and sessions that are over count until they are removed. */
size_t identities_count(const struct identities *identities, enum record_kind kind);

/* Is there anybody who could log in, enrol or report? */
bool identities_any(const struct identities *identities);

/*
 * Whose key, token, session or secret is `text`? Those that are over are nobody's. On success
 * `*out` says who; otherwise it is left as it was.
 */
bool identities_find_agent(const struct identities *identities, const char *id, const char *key,
			   struct principal *out);
bool identities_find_token(const struct identities *identities, const char *text,
			   struct principal *out);
bool identities_find_session(const struct identities *identities, const char *text,
			     struct principal *out);
bool identities_find_secret(const struct identities *identities, const char *text,
			    char name[PRINCIPAL_MAX_NAME + 1]);

/* Is there a token, secret or session of that name? */
bool identities_has_name(struct identities *identities, enum record_kind kind, const char *name);

/* The host of the agent with that id, or NULL; borrowed until the next change. */
const char *identities_agent_host(const struct identities *identities, const char *id);

/* Is it a name that a token or a secret may have: 1 to 63 of A-Z a-z 0-9 . _ - ? */
bool identities_name_is_valid(const char *name);

/* A change: exactly one of `add` and `drop`, and its line of the audit log. */
struct identities_change {
	const struct record_identity *add;
	const struct record_identity *drop; /* by kind and name; the line needs its id */
	struct record_audit audit;          /* `kind`, `object` and `object_id` are filled in */
};

/*
 * How it ended; runs once, from the loop and never from identities_submit().
 *
 * STATUS_OK        it is durable, and known here; what was there already with the same hash counts
 * STATUS_CONFLICT  the name was taken by another one
 * STATUS_REFUSED   it is durable, but could not be read back: it will be known here later. `error`
 *                  says why; "": the collector ends
 * others           it could not be stored: `error` says why
 */
typedef void identities_done(void *user, enum status status, const char *error);

/* Copies what it needs. STATUS_FULL: too much waits for the store; `done` does not run. */
enum status identities_submit(struct identities *identities, const struct identities_change *change,
			      identities_done *done, void *user);

int64_t identities_now_ms(const struct identities *identities);
