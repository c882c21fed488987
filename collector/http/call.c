#include "collector/http/call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/http/answer.h"
#include "collector/http/client_internal.h"
#include "collector/http/clients.h"
#include "collector/http/forwarded.h"
#include "collector/http/http.h"
#include "collector/http/problem.h"
#include "collector/net/address.h"
#include "collector/net/channel.h"
#include "proto/base/mem.h"

struct call *call_new(struct client *c)
{
	struct call *call = mem_alloc(sizeof *call);

	assert(!c->call);
	call->request = http_request(c->http);
	call->context = c->set->context;
	call->client = c;
	call->begun_ns = loop_monotonic_ns();
	arena_init(&call->arena);
	c->call = call;
	return call;
}

void call_free(struct call *call)
{
	arena_deinit(&call->arena);
	free(call);
}

void call_answer(struct call *call, const struct answer *answer)
{
	struct client *c = call->client;
	assert(!call->stream);
	if (!c) {
		free(answer->body);
		call_free(call);
		return;
	}

	bool closes = client_closes_after(c, call->request);
	client_send(c, answer, call->request->method == HTTP_METHOD_HEAD, closes);
	client_answered(c, closes);
}

void call_answer_problem(struct call *call, const struct problem *problem)
{
	struct answer answer = {
		.status = problem->status,
		.content_type = PROBLEM_CONTENT_TYPE,
		.fields = problem->fields,
	};
	answer.body = problem_write(problem, &answer.size);
	call_answer(call, &answer);
}

void call_answer_not_stored(struct call *call)
{
	static const struct problem problem = {
		.status = 503,
		.code = "not_stored",
		.detail = "Nothing can be stored at this moment. Send it again later.",
		.fields = PROBLEM_RETRY_AFTER,
	};
	call_answer_problem(call, &problem);
}

bool call_peer(const struct call *call, struct net_address *out)
{
	return call->client && client_peer(call->client, call->request, out);
}

uint32_t call_peer_ipv4(const struct call *call)
{
	struct net_address peer;

	return call_peer(call, &peer) && !net_address_is_loopback(&peer) ? net_address_ipv4(&peer)
									 : 0;
}

bool call_is_encrypted(const struct call *call)
{
	return call->client && client_is_encrypted(call->client, call->request);
}

bool call_is_of_trusted_proxy(const struct call *call)
{
	return call->client && client_is_of_trusted_proxy(call->client);
}

static bool has_etag(const struct call *call, const char *etag)
{
	const char *known = call->request ? http_field(call->request, "If-None-Match") : NULL;
	if (!known)
		return false;
	if (strcmp(known, "*") == 0)
		return true;
	/* The opaque part with its quotes; "W/" before either does not matter here. */
	const char *opaque = strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
	return strstr(known, opaque) != NULL;
}

bool call_answer_not_modified(struct call *call, const char *etag)
{
	const struct answer answer = { .status = 304, .etag = etag };

	if (!has_etag(call, etag))
		return false;
	call_answer(call, &answer);
	return true;
}
