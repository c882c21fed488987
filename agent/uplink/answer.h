/*
 * What the collector answers, read strictly and with limits: the answer to a report and to an
 * enrolment (PROTOCOL.md), and a problem (RFC 9457). The agent's only user of cJSON.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/https/send.h"
#include "agent/probe/peers.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/base/uuid.h"
#include "proto/exposure/exposure.h"

#define ANSWER_MAX_BYTES SEND_MAX_ANSWER
#define ANSWER_MAX_PEERS 64 /* more than any collector deals; agent/probe/dealt.h takes fewer */

struct answer {
	int64_t accepted; /* the sequence */
	enum verdict verdict;
	struct peers peers; /* their names in the arena of the call */
	int64_t interval_s;
};

/*
 * Reads `text`, its strings into `arena`. Unknown members are ignored; addresses that no peer can
 * have (loopback, multicast, 0.0.0.0) are left out. On failure `*out` is as it was and `why` says
 * what is wrong, in words.
 *
 * STATUS_MALFORMED  it is not JSON as proto/json/check.h has it, or exceeds its limits
 * STATUS_INVALID    a member is missing, of the wrong type or value
 * STATUS_LIMIT      more peers, addresses or bytes than allowed
 */
enum status answer_read(const char *text, size_t size, struct arena *arena, struct answer *out,
			const char **why);

/* The collector's error message for a request that it refused, in the arena of the call. */
struct answer_problem {
	const char *code; /* "unknown_agent", for us; NULL: it is not the collector that answered */
	const char *words; /* for people */
};

/*
 * Reads what came in place of an answer. Only a problem (application/problem+json) with a code is
 * the collector's word: a proxy on the way answers with the same statuses. `words` are always
 * there: the problem's, or who answered instead, or why nobody did.
 */
struct answer_problem answer_read_problem(const struct send_result *result, struct arena *arena);

/* Will the collector, whose word it is, never take that report, however often it is sent? */
bool answer_is_refusal(const struct answer_problem *problem);

/* Does it say that another collector judges, which is to be asked? */
bool answer_is_standby(const struct answer_problem *problem);

/*
 * Reads the answer to an enrolment: the id that the collector gave.
 *
 * STATUS_MALFORMED  it is none; `id` is as it was
 */
enum status answer_read_enrolment(const char *text, size_t size, char id[UUID_TEXT_SIZE]);
