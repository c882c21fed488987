/*
 * Users whom an authenticating proxy names (oauth2-proxy, Authelia, nginx with auth_request): it
 * asks people who they are, and says so in the fields Remote-User and Remote-Groups. Anybody can
 * send these fields, so whoever calls here has made sure that a trusted proxy did, and they count
 * only where the configuration gives groups a role.
 *
 * A proxy that passes on what its client says of himself, beside or instead of its own word, lets
 * everybody be anybody. Each field may therefore be there once at most, under this very name:
 * Remote_User, which some programs take for the same, is not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/http/http.h"
#include "collector/model/principal.h"

#define PROXY_USERS_NAME   "Remote-User"
#define PROXY_USERS_GROUPS "Remote-Groups"

/*
 * How long an answer without an end goes on: then the page asks again, and the proxy says whether
 * the user is still logged in there.
 */
#define PROXY_USERS_STREAM_MS (INT64_C(3600) * 1000)

/* The groups of each role, names with commas, as they were configured; NULL: no group has it. */
struct proxy_users {
	const char *groups[ROLE_ADMIN + 1];
};

/* Does any group have a role? If not, no proxy names users. */
bool proxy_users_are_on(const struct proxy_users *users);

enum proxy_users_result {
	PROXY_USERS_NONE,      /* nobody is named */
	PROXY_USERS_FOUND,     /* `*out` says who, with the highest role of their groups */
	PROXY_USERS_NO_ROLE,   /* none of their groups has one */
	PROXY_USERS_AMBIGUOUS, /* a field is there twice, or is no name that a user can have */
};

/* A name has up to PRINCIPAL_MAX_NAME bytes of UTF-8 and nothing that cannot be seen. */
enum proxy_users_result proxy_users_find(const struct proxy_users *users,
					 const struct http_request *request, int64_t now_ms,
					 struct principal *out);
