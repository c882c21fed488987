/*
 * Who makes a call, as proven by a key, a token, a session or the word of a proxy; a copy, so that
 * it outlives a revocation that happens while the call waits.
 */
#pragma once

#include "collector/model/record_identity.h"
#include "proto/base/uuid.h"

/* Bytes of the name of an identity: a DNS label (RFC 1035 2.3.4) has as many. */
#define PRINCIPAL_MAX_NAME 63

struct principal {
	enum role role;                    /* ROLE_NONE: a stranger */
	enum record_kind kind;             /* RECORD_KIND_AGENT, _TOKEN, _SESSION or _USER */
	char name[PRINCIPAL_MAX_NAME + 1]; /* of the agent's host, the token or the user */
	char id[UUID_TEXT_SIZE];           /* of an agent or a session; else "" */
	int64_t expires_at_ms;             /* of all but agents; 0: never */
	int64_t made_at_ms;                /* of an agent: when it enrolled */
};
