#include "agent/uplink/answer.h"

#include <stdbool.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "proto/base/ipv4.h"
#include "proto/base/text.h"
#include "proto/json/check.h"
#include "proto/report/report.h"

struct reading {
	struct arena *arena;
	struct answer answer;
	const char *why;
};

static enum status fail(struct reading *r, enum status status, const char *why)
{
	r->why = why;
	return status;
}

/* The whole of `text` as JSON, NULL if it is none: cJSON alone takes much that is none. */
static cJSON *parse(const char *text, size_t size)
{
	struct json_fault fault;

	if (size > ANSWER_MAX_BYTES || json_check(text, size, &fault) != STATUS_OK)
		return NULL;
	return cJSON_ParseWithLength(text, size);
}

static bool get_whole_number(const cJSON *object, const char *name, int64_t min, int64_t max,
			     int64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)min) ||
	    !(item->valuedouble <= (double)max))
		return false;
	*out = (int64_t)item->valuedouble;
	return (double)*out == item->valuedouble;
}

/* A string of 1 to REPORT_MAX_STRING bytes, or NULL. */
static const char *get_string(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);
	size_t n = text ? strlen(text) : 0;
	return n > 0 && n <= REPORT_MAX_STRING ? text : NULL;
}

static enum status get_addresses(struct reading *r, const cJSON *item, struct peer *peer)
{
	const cJSON *entry = NULL;

	if (!cJSON_IsArray(item))
		return fail(r, STATUS_INVALID, "peers: addresses must be an array");
	cJSON_ArrayForEach(entry, item)
	{
		const char *text = get_string(entry);
		uint32_t address = 0;
		if (!text || !ipv4_parse(text, &address))
			return fail(r, STATUS_INVALID, "peers: an address must be an IPv4 address");
		if (peers_usable_address(address) && !peers_add_address(peer, address))
			return fail(r, STATUS_LIMIT, "peers: too many addresses of one peer");
	}
	return STATUS_OK;
}

static enum status get_peers(struct reading *r, const cJSON *item)
{
	const cJSON *entry = NULL;

	if (!cJSON_IsArray(item))
		return fail(r, STATUS_INVALID, "peers must be an array");
	cJSON_ArrayForEach(entry, item)
	{
		struct peer peer = { .name = get_string(
					     cJSON_GetObjectItemCaseSensitive(entry, "name")) };
		if (!peer.name)
			return fail(r, STATUS_INVALID,
				    "peers: name must be a string of 1 to 1024 bytes");
		enum status status = get_addresses(
			r, cJSON_GetObjectItemCaseSensitive(entry, "addresses"), &peer);
		if (status != STATUS_OK)
			return status;
		peer.name = arena_strdup(r->arena, peer.name);
		peers_add(&r->answer.peers, &peer);
	}
	return r->answer.peers.n <= ANSWER_MAX_PEERS && r->answer.peers.left_out == 0
		       ? STATUS_OK
		       : fail(r, STATUS_LIMIT, "too many peers");
}

static enum status get_answer(struct reading *r, const cJSON *root)
{
	const char *verdict =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "verdict"));

	if (!cJSON_IsObject(root))
		return fail(r, STATUS_MALFORMED, "it is no JSON object");
	/* 2^53: as far as JSON's numbers are exact in everybody's reader (RFC 8259 section 6). */
	if (!get_whole_number(root, "accepted", 0, INT64_C(1) << 53, &r->answer.accepted))
		return fail(r, STATUS_INVALID, "accepted must be a whole number");
	if (!get_whole_number(root, "interval_s", 1, REPORT_MAX_INTERVAL, &r->answer.interval_s))
		return fail(r, STATUS_INVALID, "interval_s must be 1 to 86400");
	if (!verdict || !verdict_from_name(verdict, &r->answer.verdict))
		return fail(r, STATUS_INVALID, "verdict must be one of the known verdicts");
	return get_peers(r, cJSON_GetObjectItemCaseSensitive(root, "peers"));
}

enum status answer_read(const char *text, size_t size, struct arena *arena, struct answer *out,
			const char **why)
{
	struct reading r = { .arena = arena };
	cJSON *root = parse(text, size);
	enum status status = get_answer(&r, root);

	cJSON_Delete(root);
	if (status == STATUS_OK)
		*out = r.answer;
	else
		*why = r.why;
	return status;
}

static const char *copy_string(const cJSON *root, const char *name, struct arena *arena)
{
	return arena_strdup(arena, get_string(cJSON_GetObjectItemCaseSensitive(root, name)));
}

/* The media type, without parameters. */
static bool is_problem(const char *content_type)
{
	static const char problem[] = "application/problem+json";

	return text_has_prefix(content_type, problem) &&
	       strchr("; \t", content_type[sizeof problem - 1]); /* or its NUL */
}

/* "a proxy answered, not the collector: HTTP status 413 (text/html)" */
static const char *words_of_stranger(const struct send_result *result, struct arena *arena)
{
	const char *type = result->content_type;

	return arena_printf(arena, "a proxy answered, not the collector: HTTP status %ld%s%s%s",
			    result->http_status, *type ? " (" : "", type, *type ? ")" : "");
}

struct answer_problem answer_read_problem(const struct send_result *result, struct arena *arena)
{
	struct answer_problem problem = { 0 };
	const char *said = NULL;

	if (result->http_status == 0) {
		problem.words = arena_strdup(arena, result->error);
		return problem;
	}
	if (is_problem(result->content_type) && result->body) {
		cJSON *root = parse(result->body, result->size);
		problem.code = copy_string(root, "code", arena);
		said = copy_string(root, "detail", arena);
		if (!said)
			said = copy_string(root, "title", arena);
		cJSON_Delete(root);
	}
	problem.words = !problem.code
				? words_of_stranger(result, arena)
				: arena_printf(arena, "HTTP status %ld%s%s", result->http_status,
					       said ? ": " : "", said ? said : "");
	return problem;
}

bool answer_is_refusal(const struct answer_problem *problem)
{
	/* Codes of POST /v1/reports; collector/api/openapi.json tells them all. */
	static const char *const codes[] = { "malformed_json",     "malformed_age",
					     "unsupported_schema", "invalid_report",
					     "limit_exceeded",     "body_too_large",
					     "conflicting_report", "wrong_agent" };

	for (size_t i = 0; problem->code && i < sizeof codes / sizeof *codes; i++) {
		if (strcmp(codes[i], problem->code) == 0)
			return true;
	}
	return false;
}

bool answer_is_standby(const struct answer_problem *problem)
{
	return problem->code && strcmp(problem->code, "not_the_judge") == 0;
}

enum status answer_read_enrolment(const char *text, size_t size, char id[UUID_TEXT_SIZE])
{
	cJSON *root = parse(text, size);
	const char *given = get_string(cJSON_GetObjectItemCaseSensitive(root, "id"));
	struct uuid uuid;
	enum status status =
		given && uuid_parse(given, &uuid) == STATUS_OK ? STATUS_OK : STATUS_MALFORMED;

	if (status == STATUS_OK)
		uuid_format(&uuid, id);
	cJSON_Delete(root);
	return status;
}
