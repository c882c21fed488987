/*
 * The agent's standing with its collector: a key of its own, and the id that it got for it
 * (PROTOCOL.md, `POST /v1/enroll`).
 *
 * The key is made and saved (agent/platform/keystore.h) before the collector hears of it, so that
 * an answer that is lost locks nobody out: asked again with the same name and key, the collector
 * answers the same. A server that has another name than the key was made for is another server (a
 * copied disk, a new name) and makes a key of its own; the old one is not given up, for it may be
 * the original's.
 *
 * The secret that enrols is read from its file when it is needed. Once it has been used it is
 * erased where it lies on this machine; a file on a share stays, for others to use. It stands in no
 * URL, message or argument. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/https/send.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/base/uuid.h"

#define ENROLL_MAX_HOST    255 /* bytes of the name that the key is for */
#define ENROLL_MIN_PAUSE_S 60  /* after the first refusal; doubled up to */
#define ENROLL_MAX_PAUSE_S 3600

struct enroll;

/*
 * Reads the key, if there is one; `state_dir` and `secret_file` (may be NULL) are copied. A key
 * that cannot be read is logged.
 */
struct enroll *enroll_open(struct host *host, const char *state_dir, const char *secret_file);
void enroll_close(struct enroll *enroll);

/* The id that the collector gave; NULL: not enrolled. Good until the next call. */
const char *enroll_id(const struct enroll *enroll);

/* Why the key cannot be read, in words; NULL: it can, or there is none. */
const char *enroll_trouble(const struct enroll *enroll);

/* "Bearer ..." in `arena`; NULL: not enrolled. */
const char *enroll_authorization(const struct enroll *enroll, struct arena *arena);

/* The short name of the server that the key was made for; NULL: there is no key. */
const char *enroll_host_name(const struct enroll *enroll);

/* Is the key one for a server of this name? */
bool enroll_is_for(const struct enroll *enroll, const char *host_name);

/*
 * Can it enrol (is there a secret), and does a server of this name have to? One of a name that this
 * server has no more does not: its key would take the place of the one that is in use.
 */
bool enroll_is_due(const struct enroll *enroll, const char *host_name);

/*
 * Enrols at a collector.
 *
 * STATUS_OK           enrolled
 * STATUS_UNREACHABLE  the collector gave no answer, or a proxy did, or it is out of order:
 *                     `result` tells
 * STATUS_TIMED_OUT    the end was asked for
 * others              it, or this machine, refused: `*words` (in `arena`) tells, and
 *                     `result->retry_s` is how long to wait
 */
enum status enroll_do(struct enroll *enroll, struct sender *sender, const char *collector,
		      const char *host_name, struct arena *arena, struct send_result *result,
		      const char **words);

/*
 * Asks a collector whether the secret is one of its own, without using it up.
 *
 * STATUS_OK           it is
 * STATUS_UNREACHABLE  no collector answered; `*words` (in `arena`) tells
 * others              it is not, it cannot be read, or the collector cannot tell: `*words` tells
 */
enum status enroll_check_secret(struct enroll *enroll, struct sender *sender, const char *collector,
				const char *host_name, struct arena *arena, const char **words);

/*
 * The collector does not know the id any more. True if it can be asked for a new one; false: an
 * administrator has to give us a secret.
 */
bool enroll_lost(struct enroll *enroll);

/*
 * Gives the own name back, as an agent does that is uninstalled, and forgets the key. STATUS_OK
 * also where there was none.
 *
 * STATUS_UNREACHABLE  no collector could be told: `*words` (in `arena`) tells why; the key is kept
 * others              the key could not be removed
 */
enum status enroll_release(struct host *host, const char *state_dir, const char *collector,
			   const struct send_options *options, struct arena *arena,
			   const char **words);
