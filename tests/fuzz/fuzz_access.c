/*
 * Any bytes as the header fields by which a caller says who they are, a field a line:
 * Authorization, Cookie, Origin, Sec-Fetch-Site, and the two in which a trusted proxy names a user.
 * Nobody gets in who does not know one of the secrets or is in the group, and nobody changes
 * anything by a cookie, or as a user, without saying where the page is from.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/auth/access.h"
#include "collector/auth/identities_internal.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID      "03dcba4b-0b96-477c-a510-5f629d2f07dd"
#define KEY     "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define TOKEN   "mtw_v0"
#define SESSION "5e5510"
#define GROUP   "readers"

#define N_FIELDS 6

static struct record_identity token = {
	.kind = RECORD_KIND_TOKEN, .name = "t", .role = ROLE_VIEWER, .made_by = "m"
};
static struct record_identity session = {
	.kind = RECORD_KIND_SESSION, .name = "s", .role = ROLE_VIEWER, .made_by = "t"
};

static int64_t now_ms(void)
{
	return 1;
}

/* What a store would have been read into. */
static struct identities *identities_of_test(void)
{
	static struct identities ids = {
		.options.now_ms = now_ms,
		.tokens = { .rows = &token, .n = 1 },
		.sessions = { .rows = &session, .n = 1 },
	};
	uint8_t hash[SECRET_HASH_SIZE];
	struct uuid id;

	if (ids.agents.n > 0)
		return &ids;
	secret_hash(TOKEN, token.hash);
	secret_hash(SESSION, session.hash);
	secret_hash(KEY, hash);
	if (uuid_parse(ID, &id) != STATUS_OK)
		abort();
	agent_map_put(&ids.agents, &id, hash, "exch1", 0);
	return &ids;
}

/* A line a field, as far as there are lines. */
static size_t split(char *text, struct http_field fields[N_FIELDS])
{
	static const char *const names[N_FIELDS] = { "Authorization",  "Cookie",
						     "Origin",         "Sec-Fetch-Site",
						     PROXY_USERS_NAME, PROXY_USERS_GROUPS };
	size_t n = 0;

	for (char *line = strsep(&text, "\n"); line && n < N_FIELDS; line = strsep(&text, "\n")) {
		fields[n].name = names[n];
		fields[n++].value = line;
	}
	return n;
}

static void check(const struct http_request *request, const char *whole)
{
	static const struct route route = { .access = ACCESS_AGENT | ACCESS_VIEWER };
	static const struct proxy_users users = { .groups = { [ROLE_VIEWER] = GROUP } };
	struct access access = { identities_of_test(), &users, ACCESS_HTTPS };
	struct principal caller;
	const struct problem *problem = access_check(&access, request, &route, &caller);

	if (problem && problem->status != 401 && problem->status != 403)
		abort();
	if (!problem && caller.role == ROLE_NONE)
		abort();
	if (problem)
		return;
	if (!strstr(whole, KEY) && !strstr(whole, TOKEN) && !strstr(whole, SESSION) &&
	    !strstr(whole, GROUP))
		abort();
	if ((caller.kind == RECORD_KIND_SESSION || caller.kind == RECORD_KIND_USER) &&
	    request->method == HTTP_METHOD_DELETE && request->n_fields < 3)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *whole = mem_strndup((const char *)data, size);
	char *text = mem_strdup(whole);
	struct http_field fields[N_FIELDS];
	struct http_request request = { .method = HTTP_METHOD_GET, .fields = fields };

	request.n_fields = split(text, fields);
	if (request.n_fields > 0 && *fields[0].value == '\0') {
		/* An empty first line: there is no Authorization, so that the cookie counts. */
		fields[0].name = "Host";
		fields[0].value = "collector.example:8285";
	}
	check(&request, whole);
	request.method = HTTP_METHOD_DELETE;
	check(&request, whole);
	free(text);
	free(whole);
	return 0;
}
