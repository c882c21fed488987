#include "collector/api/handler.h"

#include <string.h>

#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "collector/model/server_key.h"
#include "proto/json/write.h"

/* What an agent asks for. */
struct enrolment {
	const char *secret;
	bool only_check;  /* is the secret good? Nothing is enrolled */
	const char *host; /* server_key() of what it says */
	uint8_t key_hash[SECRET_HASH_SIZE];
	char secret_name[PRINCIPAL_MAX_NAME + 1];
	struct arena *arena;          /* the call's */
	struct record_identity agent; /* that is enrolled under the host's name already */
};

static const struct problem unknown_secret = {
	.status = 403,
	.code = "unknown_secret",
	.detail = "This is no valid enrolment secret: it is unknown, revoked or has expired.",
};
static const struct problem host_enrolled = {
	.status = 409,
	.code = "host_enrolled",
	.detail = "An agent with another key is enrolled under this host name. An operator has to "
		  "release it first.",
};
static const struct problem too_many_agents = {
	.status = 503,
	.code = "too_many_agents",
	.detail = "No more agents can be enrolled here.",
	.fields = "Retry-After: 3600\r\n",
};

static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return false;
	}
	return true;
}

/* Reads the body; otherwise the call is answered. */
static bool read_body(struct call *call, struct enrolment *out)
{
	struct json_reading in;
	struct json_place root;
	const char *host = "";
	const char *key = "";
	char short_name[SERVER_KEY_SIZE];

	api_begin_body(call, &in, &root);
	json_require(&in, &root, "secret");
	json_require(&in, &root, "host");
	json_get_bool(&in, &root, "check", &out->only_check);
	if (!out->only_check)
		json_require(&in, &root, "key");
	json_get_name(&in, &root, "secret", &out->secret);
	json_get_name(&in, &root, "host", &host);
	json_get_name(&in, &root, "key", &key);
	if (in.status == STATUS_OK && !out->only_check && !secret_is_key(key))
		json_refuse(&in, &root, "key", STATUS_INVALID,
			    "expected 64 lower-case hexadecimal digits");
	if (in.status == STATUS_OK) {
		out->host = arena_strdup(&call->arena, server_key(host, short_name));
		size_t n = strlen(out->host);
		if (n == 0 || n > PRINCIPAL_MAX_NAME || !is_printable(out->host))
			json_refuse(&in, &root, "host", STATUS_INVALID,
				    "expected a host name whose first label has 1 to 63 bytes");
		secret_hash(key, out->key_hash);
	}
	return api_end_body(call, &in);
}

static void answer_id(struct call *call, const char *id)
{
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_text(&out, "id", id);
	json_finish(&out);
	api_answer_json(call, 200, &out, NULL);
}

static void refuse_enrolled(struct call *call, const struct enrolment *enrolment)
{
	struct api *api = call->context;

	refusals_note(&api->refusals, enrolment->host, host_enrolled.code, api_origin(call),
		      pipeline_now_ms(api->pipeline));
	call_answer_problem(call, &host_enrolled);
}

static enum status read_agent(const struct store_connection *reader, void *user,
			      char error[STORE_ERROR_SIZE])
{
	struct enrolment *e = user;
	return store_read_identity(reader, RECORD_KIND_AGENT, e->host, e->arena, &e->agent, error);
}

/* For a host that is enrolled. */
static void answer_enrolled(struct call *call, const struct enrolment *enrolment)
{
	if (secret_hash_equal(enrolment->agent.hash, enrolment->key_hash))
		answer_id(call, enrolment->agent.id);
	else
		refuse_enrolled(call, enrolment);
}

static void on_enrolled_read(struct call *call, void *user, enum status status)
{
	if (status == STATUS_OK)
		answer_enrolled(call, user);
	else
		refuse_enrolled(call, user); /* it was released meanwhile */
}

static void on_enrolled(struct call *call, void *user, enum status status)
{
	/* Two agents that came at once with one key both get the id of the first. */
	if (status == STATUS_CONFLICT)
		refuse_enrolled(call, user);
	else
		api_ask(call, &(struct api_question){ read_agent, on_enrolled_read, NULL, user,
						      STORE_LOOK_UP });
}

static void enroll(struct call *call, struct enrolment *enrolment)
{
	const struct api *api = call->context;
	char id[UUID_TEXT_SIZE];
	struct record_identity agent = {
		.kind = RECORD_KIND_AGENT,
		.name = enrolment->host,
		.id = id,
		.made_by = enrolment->secret_name,
		.made_at_ms = identities_now_ms(api->identities),
	};
	struct identities_change change = {
		.add = &agent,
		.audit.who = arena_printf(&call->arena, "secret %s", enrolment->secret_name),
	};

	memcpy(agent.hash, enrolment->key_hash, sizeof agent.hash);
	if (secret_make_id(id) != STATUS_OK)
		call_answer_not_stored(call);
	else
		api_change(call, &change, "agent.enroll", on_enrolled, enrolment);
}

static void on_agent_read(struct call *call, void *user, enum status status)
{
	const struct api *api = call->context;
	struct enrolment *enrolment = user;

	if (status == STATUS_OK)
		answer_enrolled(call, enrolment);
	else if (identities_count(api->identities, RECORD_KIND_AGENT) >= IDENTITIES_MAX_AGENTS)
		call_answer_problem(call, &too_many_agents);
	else
		enroll(call, enrolment);
}

void api_enroll_post(struct call *call)
{
	struct api *api = call->context;
	struct enrolment *enrolment = arena_alloc(&call->arena, sizeof *enrolment);

	enrolment->arena = &call->arena;
	if (!api_is_in_time(call, &api->enrolments, "too_many_enrolments") || !api_is_json(call) ||
	    !read_body(call, enrolment))
		return;
	if (!identities_find_secret(api->identities, enrolment->secret, enrolment->secret_name))
		call_answer_problem(call, &unknown_secret);
	else if (enrolment->only_check)
		api_answer_nothing(call, NULL);
	else
		api_ask(call, &(struct api_question){ read_agent, on_agent_read, NULL, enrolment,
						      STORE_LOOK_UP });
}
