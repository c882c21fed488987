/* Sessions of browsers: a token is exchanged for a cookie that no script can read. */
#include "collector/api/handler.h"

#include <string.h>

#include "collector/auth/access.h"
#include "collector/base/loop.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

#define TO_COOKIE "; Path=/; HttpOnly; SameSite=Strict"

/* A login that waits for its commit; in the call's arena. */
struct login {
	struct principal token;
	int64_t expires_at_ms;
	char text[SECRET_TEXT_SIZE];
};

/* A user is logged in as long as their proxy says so. */
static void answer_who(struct call *call, const struct principal *who, int64_t expires_at_ms,
		       const char *fields)
{
	bool is_user = who->kind == RECORD_KIND_USER;
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_text(&out, "name", who->name);
	json_put_text(&out, "role", role_name(who->role));
	json_put_time(&out, "expires_at",
		      expires_at_ms && !is_user ? expires_at_ms : TIMESTAMP_NONE);
	json_put_text(&out, "by", is_user ? "proxy" : "token");
	json_finish(&out);
	api_answer_json(call, 200, &out, fields);
}

void api_session_get(struct call *call)
{
	if (api_has_no_query(call))
		answer_who(call, &call->caller, call->caller.expires_at_ms, NULL);
}

static const char *secure_of(const struct call *call)
{
	const struct api *api = call->context;
	return api->browsers_use_https || call_is_encrypted(call) ? "; Secure" : "";
}

static void on_begun(struct call *call, void *user, enum status status)
{
	const struct api *api = call->context;
	const struct login *login = user;
	int64_t left_s = (login->expires_at_ms - identities_now_ms(api->identities)) / 1000;

	(void)status; /* names of sessions are random: none is ever taken */
	answer_who(call, &login->token, login->expires_at_ms,
		   arena_printf(&call->arena,
				"Set-Cookie: " ACCESS_COOKIE "=%s; Max-Age=%lld" TO_COOKIE "%s\r\n",
				login->text, (long long)left_s, secure_of(call)));
}

static void begin_session(struct call *call, struct login *login)
{
	const struct api *api = call->context;
	char name[UUID_TEXT_SIZE];
	struct record_identity session = {
		.kind = RECORD_KIND_SESSION,
		.name = name,
		.role = login->token.role,
		.made_by = login->token.name,
		.made_at_ms = identities_now_ms(api->identities),
	};
	struct identities_change change = {
		.add = &session,
		.audit.who = arena_printf(&call->arena, "token %s", login->token.name),
	};

	session.expires_at_ms = session.made_at_ms + IDENTITIES_SESSION_MS;
	if (login->token.expires_at_ms != 0 && login->token.expires_at_ms < session.expires_at_ms)
		session.expires_at_ms = login->token.expires_at_ms;
	login->expires_at_ms = session.expires_at_ms;
	if (secret_make("", login->text) != STATUS_OK || secret_make_id(name) != STATUS_OK) {
		call_answer_not_stored(call);
		return;
	}
	secret_hash(login->text, session.hash);
	api_change(call, &change, "session.begin", on_begun, login);
}

void api_session_post(struct call *call)
{
	static const struct problem unknown_token = {
		.status = 403,
		.code = "unknown_token",
		.detail = "This is no valid token: it is unknown, revoked or has expired.",
	};
	struct api *api = call->context;
	struct login *login = arena_alloc(&call->arena, sizeof *login);
	struct json_reading in;
	struct json_place root;
	struct net_address peer;
	const char *token = "";

	if (!api_is_in_time(call, &api->logins, "too_many_logins") || !api_is_json(call))
		return;
	api_begin_body(call, &in, &root);
	json_require(&in, &root, "token");
	json_get_name(&in, &root, "token", &token);
	if (!api_end_body(call, &in))
		return;
	if (identities_find_token(api->identities, token, &login->token)) {
		begin_session(call, login);
		return;
	}
	if (call_peer(call, &peer))
		api_note_stranger(api, API_STRANGER_LOGIN, &peer);
	call_answer_problem(call, &unknown_token);
}

static void on_ended(struct call *call, void *user, enum status status)
{
	(void)user;
	(void)status; /* one that is gone already is as it should be */
	api_answer_nothing(call, arena_printf(&call->arena,
					      "Set-Cookie: " ACCESS_COOKIE "=; Max-Age=0" TO_COOKIE
					      "%s\r\n",
					      secure_of(call)));
}

void api_session_delete(struct call *call)
{
	struct record_identity session = { .kind = RECORD_KIND_SESSION, .name = call->caller.id };
	struct identities_change change = { .drop = &session };

	if (call->caller.kind == RECORD_KIND_SESSION)
		api_change(call, &change, "session.end", on_ended, NULL);
	else
		on_ended(call, NULL, STATUS_OK); /* a token's own call has no session to end */
}
