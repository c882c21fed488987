/* Tokens and enrolment secrets: what an admin makes, and revokes. */
#include "collector/api/list.h"

#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

/* What differs between the two. */
struct credential_kind {
	enum record_kind kind;
	const char *text; /* the member that holds a new one, shown once */
	const char *add_action;
	const char *drop_action;
	size_t max;
	struct problem too_many;
	struct problem unknown;
};

static const struct credential_kind tokens = {
	.kind = RECORD_KIND_TOKEN,
	.text = "token",
	.add_action = "token.add",
	.drop_action = "token.revoke",
	.max = IDENTITIES_MAX_TOKENS,
	.too_many = { .status = 409,
		      .code = "too_many_tokens",
		      .detail = "There are as many tokens as there may be. Revoke one first." },
	.unknown = { .status = 404,
		     .code = "unknown_name",
		     .detail = "There is no token of this name." },
};

static const struct credential_kind secrets = {
	.kind = RECORD_KIND_SECRET,
	.text = "secret",
	.add_action = "secret.add",
	.drop_action = "secret.revoke",
	.max = IDENTITIES_MAX_SECRETS,
	.too_many = { .status = 409,
		      .code = "too_many_secrets",
		      .detail = "There are as many enrolment secrets as there may be. Revoke one "
				"first." },
	.unknown = { .status = 404,
		     .code = "unknown_name",
		     .detail = "There is no enrolment secret of this name." },
};

static const struct problem name_taken = {
	.status = 409,
	.code = "name_taken",
	.detail = "This name is taken. Revoke that one first, or choose another name.",
};

static void add_identity(struct buffer *out, const struct record_identity *identity)
{
	json_open_object(out, NULL);
	json_put_text(out, "name", identity->name);
	if (identity->kind == RECORD_KIND_TOKEN) {
		json_put_text(out, "role", role_name(identity->role));
	}
	json_put_text(out, "made_by", identity->made_by);
	json_put_time(out, "made_at", identity->made_at_ms);
	json_put_time(out, "expires_at",
		      identity->expires_at_ms ? identity->expires_at_ms : TIMESTAMP_NONE);
}

static enum status add_row(void *user, const struct record_identity *identity)
{
	struct api_list *list = user;

	enum status status = api_list_add(list, "%s", identity->name);
	if (status != STATUS_OK)
		return status;
	add_identity(&list->out, identity);
	json_close_object(&list->out);
	return STATUS_OK;
}

static enum status read_tokens(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	return store_read_identities(list->reader, RECORD_KIND_TOKEN, "", IDENTITIES_MAX_TOKENS,
				     add_row, list, error);
}

static enum status read_secrets(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	return store_read_identities(list->reader, RECORD_KIND_SECRET, "", IDENTITIES_MAX_SECRETS,
				     add_row, list, error);
}

/* A credential that is being made; in the call's arena. */
struct creation {
	const struct credential_kind *credential;
	struct record_identity identity;
	char text[SECRET_TEXT_SIZE];
};

/* Reads the body; otherwise the call is answered. */
static bool read_body(struct call *call, int64_t now_ms, struct record_identity *out)
{
	struct json_reading in;
	struct json_place root;
	const char *name = "";
	const char *role = NULL;
	int64_t expires_ms = TIMESTAMP_NONE;

	api_begin_body(call, &in, &root);
	json_require(&in, &root, "name");
	json_get_name(&in, &root, "name", &name);
	if (in.status == STATUS_OK && !identities_name_is_valid(name))
		json_refuse(&in, &root, "name", STATUS_INVALID,
			    "expected 1 to 63 letters, digits, dots, dashes or underscores, and "
			    "neither "
			    "\".\" nor \"..\"");
	if (out->kind == RECORD_KIND_TOKEN) {
		json_require(&in, &root, "role");
		json_get_name(&in, &root, "role", &role);
		if (in.status == STATUS_OK && !role_parse(role, &out->role))
			json_refuse(&in, &root, "role", STATUS_INVALID,
				    "expected viewer, operator or admin");
	}
	json_get_time(&in, &root, "expires_at", &expires_ms);
	if (in.status == STATUS_OK && expires_ms != TIMESTAMP_NONE && expires_ms <= now_ms)
		json_refuse(&in, &root, "expires_at", STATUS_INVALID, "expected a time to come");
	out->name = name;
	out->expires_at_ms = expires_ms == TIMESTAMP_NONE ? 0 : expires_ms;
	return api_end_body(call, &in);
}

static void on_made(struct call *call, void *user, enum status status)
{
	const struct creation *creation = user;
	struct buffer out;

	if (status == STATUS_CONFLICT) {
		call_answer_problem(call, &name_taken);
		return;
	}
	buffer_init(&out);
	add_identity(&out, &creation->identity);
	json_put_text(&out, creation->credential->text, creation->text);
	json_finish(&out);
	api_answer_json(call, 201, &out, NULL);
}

static bool make_text(struct creation *creation)
{
	struct record_identity *identity = &creation->identity;
	char prefix[ROLE_TOKEN_PREFIX_SIZE] = SECRET_PREFIX_ENROLL;

	if (identity->kind == RECORD_KIND_TOKEN)
		role_token_prefix(identity->role, prefix);
	if (secret_make(prefix, creation->text) != STATUS_OK)
		return false;
	secret_hash(creation->text, identity->hash);
	return true;
}

static void make_one(struct call *call, const struct credential_kind *credential)
{
	const struct api *api = call->context;
	int64_t now_ms = identities_now_ms(api->identities);
	struct creation *creation = arena_alloc(&call->arena, sizeof *creation);
	struct identities_change change = { .add = &creation->identity };

	creation->credential = credential;
	creation->identity.kind = credential->kind;
	creation->identity.made_at_ms = now_ms;
	if (!api_is_json(call) || !read_body(call, now_ms, &creation->identity))
		return;
	creation->identity.made_by = api_who(call);
	if (identities_count(api->identities, credential->kind) >= credential->max)
		call_answer_problem(call, &credential->too_many);
	else if (!make_text(creation))
		call_answer_not_stored(call);
	else
		api_change(call, &change, credential->add_action, on_made, creation);
}

static void drop_named(struct call *call, const struct credential_kind *credential)
{
	const struct api *api = call->context;
	struct record_identity identity = { .kind = credential->kind, .name = call->params[0] };
	struct identities_change change = { .drop = &identity };

	if (!identities_has_name(api->identities, credential->kind, identity.name))
		call_answer_problem(call, &credential->unknown);
	else
		api_change(call, &change, credential->drop_action, api_answer_dropped, NULL);
}

void api_token_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "tokens",
		.read = read_tokens,
		.begins_line = true,
	};
	api_list_answer(call, &kind, NULL);
}

void api_token_post(struct call *call)
{
	make_one(call, &tokens);
}

void api_token_delete(struct call *call)
{
	drop_named(call, &tokens);
}

void api_secret_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "secrets",
		.read = read_secrets,
		.begins_line = true,
	};
	api_list_answer(call, &kind, NULL);
}

void api_secret_post(struct call *call)
{
	make_one(call, &secrets);
}

void api_secret_delete(struct call *call)
{
	drop_named(call, &secrets);
}
