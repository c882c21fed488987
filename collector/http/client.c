#include "collector/http/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/base/percent.h"
#include "collector/http/answer.h"
#include "collector/http/call.h"
#include "collector/http/client_internal.h"
#include "collector/http/clients.h"
#include "collector/http/forwarded.h"
#include "collector/http/http.h"
#include "collector/http/problem.h"
#include "collector/http/stats.h"
#include "collector/net/channel.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"

/* A static body up to this size is sent with its head, in one record and one system call. */
#define MAX_COPIED ((size_t)4096)

/* Bytes of most heads. */
#define LIKELY_HEAD ((size_t)512)

static bool is_open(const struct client *c)
{
	return !c->ended && channel_is_open(c->channel);
}

void client_finish(struct client *c)
{
	c->ended = true;
	buffer_deinit(&c->unread);
	channel_finish(c->channel);
}

static enum waits_for waits_for(const struct client *c)
{
	if (!channel_is_ready(c->channel))
		return WAITS_FOR_HANDSHAKE;
	if (c->call)
		return c->call->stream ? WAITS_FOR_STREAM : WAITS_FOR_ANSWER;
	if (channel_is_congested(c->channel))
		return WAITS_FOR_READER;
	if (http_has_begun(c->http) || channel_partial_record_bytes(c->channel) > 0)
		return WAITS_FOR_REST;
	return WAITS_FOR_REQUEST;
}

/* Starts the clocks for what it waits for now; they go on where that is still the same. */
void client_set_clocks(struct client *c)
{
	const struct client_clocks *clocks = &c->set->clocks;
	enum waits_for now = waits_for(c);

	if (now == c->waits_for && c->n_requests == c->clocks_request)
		return;
	c->waits_for = now;
	c->clocks_request = c->n_requests;
	clients_set_waiting(c, now == WAITS_FOR_REQUEST);
	switch (now) {
	case WAITS_FOR_HANDSHAKE:
		channel_set_clocks(c->channel, CHANNEL_NO_CLOCK, clocks->handshake_ms);
		break;
	case WAITS_FOR_REQUEST:
		channel_set_clocks(c->channel, clocks->keep_alive_ms, CHANNEL_NO_CLOCK);
		break;
	case WAITS_FOR_REST:
		channel_set_clocks(c->channel, clocks->stall_ms, clocks->request_ms);
		break;
	case WAITS_FOR_READER:
	case WAITS_FOR_STREAM:
		channel_set_clocks(c->channel, clocks->stall_ms, CHANNEL_NO_CLOCK);
		break;
	case WAITS_FOR_ANSWER:
	case WAITS_FOR_NOTHING:
		channel_set_clocks(c->channel, CHANNEL_NO_CLOCK, CHANNEL_NO_CLOCK);
		break;
	}
}

/* An answer to nothing that arrived whole took no time. */
void client_count_answer(const struct client *c, int status)
{
	if (!c->set->stats)
		return;
	if (c->call)
		http_stats_note(c->set->stats, c->route, status,
				loop_monotonic_ns() - c->call->begun_ns);
	else
		http_stats_note(c->set->stats, NULL, status, 0);
}

void client_send(struct client *c, const struct answer *answer, bool head_only, bool closes)
{
	struct buffer out;

	client_count_answer(c, answer->status);
	bool with_head = answer->body || answer->size <= MAX_COPIED;
	const char *body = answer->body ? answer->body : answer->static_body;
	buffer_init(&out);
	buffer_reserve(&out, LIKELY_HEAD + (with_head && !head_only ? answer->size : 0));
	answer_add_head(answer, closes, &out);
	if (body && with_head && !head_only)
		buffer_add(&out, body, answer->size);
	free(answer->body);

	size_t size;
	char *bytes = buffer_take(&out, &size);
	channel_write(c->channel, bytes, size);
	if (answer->static_body && !with_head && !head_only)
		channel_write_static(c->channel, answer->static_body, answer->size);
}

/* Answers without a handler, and ends: after this the bytes that follow mean nothing. */
static void refuse_and_finish(struct client *c, int status, const char *code, const char *detail)
{
	struct problem problem = { .status = status, .code = code, .detail = detail };
	struct answer answer = { .status = status, .content_type = PROBLEM_CONTENT_TYPE };
	if (status == 503 || status == 429)
		answer.fields = "Retry-After: 30\r\n";
	answer.body = problem_write(&problem, &answer.size);
	client_send(c, &answer, false, true);
	client_finish(c);
}

bool client_closes_after(const struct client *c, const struct http_request *request)
{
	return c->last || !request->keep_alive || c->n_requests >= c->set->max_requests;
}

static void resume_input(struct client *c);

void client_answered(struct client *c, bool closes)
{
	struct call *call = c->call;

	assert(call);
	c->call = NULL;
	call_free(call);
	http_next(c->http);
	if (closes)
		client_finish(c);
	else if (!c->consuming)
		resume_input(c);
}

/* Decodes the route's parameters into the call. False: one is malformed. */
static bool decode_params(const struct client *c, struct call *call)
{
	struct route_params params;

	route_read_params(c->route, call->request->path, &params);
	for (size_t i = 0; i < params.n; i++) {
		const struct route_param *param = &params.param[i];
		char *out = arena_alloc(&call->arena, param->size + 1);
		if (!percent_decode(param->text, param->size, out))
			return false;
		call->params[i] = out;
	}
	return true;
}

static void answer_no_route(struct client *c, struct call *call)
{
	char allow[ROUTE_ALLOW_SIZE];
	struct problem problem = { .status = 404,
				   .code = "not_found",
				   .detail = "There is nothing at this path." };
	route_allow(c->set->routes, c->set->n_routes, call->request->path, allow);
	if (allow[0] != '\0') {
		problem.status = 405;
		problem.code = "method_not_allowed";
		problem.detail = "This path does not have that method.";
		problem.fields = arena_printf(&call->arena, "Allow: %s\r\n", allow);
	}
	call_answer_problem(call, &problem);
}

static void answer_too_large(struct client *c, struct call *call)
{
	struct problem problem = {
		.status = 413,
		.code = "body_too_large",
		.detail = arena_printf(&call->arena, "The body is larger than %zu bytes.",
				       c->route->body_limit),
	};
	call_answer_problem(call, &problem);
}

static void answer_no_room(struct call *call)
{
	static const struct problem problem = {
		.status = 503,
		.code = "no_room_for_body",
		.detail = "Too much is being received at this moment. Send it again later.",
		.fields = PROBLEM_RETRY_AFTER,
	};
	call_answer_problem(call, &problem);
}

bool client_peer(const struct client *client, const struct http_request *request,
		 struct net_address *out)
{
	if (!channel_peer(client->channel, out))
		return false;
	if (client->set->trusted_proxies)
		forwarded_find_client(client->set->trusted_proxies, request, out);
	return true;
}

bool client_is_encrypted(const struct client *client, const struct http_request *request)
{
	const struct networks *trusted = client->set->trusted_proxies;
	struct net_address peer;

	if (channel_is_encrypted(client->channel))
		return true;
	return trusted && channel_peer(client->channel, &peer) &&
	       forwarded_is_https(trusted, request, &peer);
}

bool client_is_of_trusted_proxy(const struct client *client)
{
	const struct networks *trusted = client->set->trusted_proxies;
	struct net_address peer;

	return trusted && channel_peer(client->channel, &peer) &&
	       networks_contain(trusted, &peer.address);
}

/* The answer of client_admit; good for one turn of the loop, in which rights do not change. */
struct admission {
	bool is_made;
	const struct problem *refusal; /* NULL: the request may go to its route */
	struct principal caller;
};

static void admit_once(struct client *c, struct admission *admission)
{
	if (admission->is_made)
		return;
	*admission = (struct admission){ .is_made = true };
	if (c->set->admit)
		admission->refusal = c->set->admit(c->set->context, c, http_request(c->http),
						   c->route, &admission->caller);
	if (admission->caller.role != ROLE_NONE)
		clients_mark_known(c);
}

static void answer_refusal(struct client *c, struct call *call, const struct problem *problem)
{
	if (c->set->refused)
		c->set->refused(c->set->context, c, http_request(c->http), problem);
	call_answer_problem(call, problem);
}

/* A request is complete (or, with an expectation that is not met, its head is). */
static void dispatch(struct client *c, struct admission *admission)
{
	struct call *call = call_new(c);
	struct problem malformed = { .status = 400,
				     .code = "malformed_path",
				     .detail = "The path is not percent-encoded as it should be." };

	assert(c->call == call);
	if (c->route)
		admit_once(c, admission);
	call->caller = admission->caller;
	if (!c->route)
		answer_no_route(c, call);
	else if (admission->refusal)
		answer_refusal(c, call, admission->refusal);
	else if (call->request->body_too_large)
		answer_too_large(c, call);
	else if (call->request->body_has_no_room)
		answer_no_room(call);
	else if (!decode_params(c, call))
		call_answer_problem(call, &malformed);
	else
		c->route->handler(call);
}

/* The head is there: which route, how large may the body be, does the client wait for us? */
static void on_head(struct client *c, struct admission *admission)
{
	static const char go_ahead[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http_request *request = http_request(c->http);

	*admission = (struct admission){ 0 };
	c->n_requests++;
	c->route = route_find(c->set->routes, c->set->n_routes, request->method, request->path);
	/* No memory for the bodies of strangers; whether they still may is asked again later, if
	 * the body is not there yet. */
	if (c->route)
		admit_once(c, admission);
	bool welcome = c->route && !admission->refusal;
	http_set_body_limit(c->http, welcome ? c->route->body_limit : 0);
	if (!request->awaits_continue)
		return;
	if (welcome && !request->body_too_large && !request->body_has_no_room) {
		channel_write_static(c->channel, go_ahead, sizeof go_ahead - 1);
		return;
	}
	c->last = true; /* whether the body follows or not is open: nothing can be read after it */
	dispatch(c, admission);
}

/* Reads requests out of `bytes` until one has to wait; returns how much was used. */
static size_t read_requests(struct client *c, const char *bytes, size_t n)
{
	struct admission admission = { 0 };
	size_t at = 0;
	bool after_head = false;

	while (is_open(c) && !c->call && !channel_is_congested(c->channel) &&
	       (at < n || after_head)) {
		size_t used;
		enum http_event event = http_read(c->http, bytes + at, n - at, &used);
		at += used;
		after_head = event == HTTP_EVENT_HEAD;
		if (event == HTTP_EVENT_HEAD) {
			on_head(c, &admission);
		} else if (event == HTTP_EVENT_DONE) {
			dispatch(c, &admission);
		} else if (event == HTTP_EVENT_FAILED) {
			const struct http_failure *f = http_failure(c->http);
			refuse_and_finish(c, f->status, f->code, f->detail);
		}
	}
	return at;
}

/* Tells the backlog how much memory requests take here; bodies are counted elsewhere. */
static void count_memory(struct client *c)
{
	size_t bytes = c->unread.size;

	if (c->waits_for == WAITS_FOR_REST)
		bytes += http_memory(c->http) + channel_partial_record_bytes(c->channel);
	if (bytes == c->owner_bytes)
		return;
	c->owner_bytes = bytes;
	channel_set_owner_bytes(c->channel, bytes);
}

/* Reads what it can, keeps the rest for later, and stops or starts the flow accordingly. */
static void consume(struct client *c, const char *bytes, size_t n)
{
	assert(!c->consuming);
	c->consuming = true;
	size_t used = read_requests(c, bytes, n);
	c->consuming = false;
	if (!is_open(c))
		return;
	if (used < n)
		buffer_add(&c->unread, bytes + used, n - used);
	client_set_clocks(c);
	count_memory(c);
	if (c->call || channel_is_congested(c->channel))
		channel_pause(c->channel);
	else
		channel_resume(c->channel); /* may tell the end, so it comes last */
}

/* After an answer, or when the reader has caught up: the unread bytes come first. */
static void resume_input(struct client *c)
{
	assert(!c->call && !c->consuming);
	struct buffer unread = c->unread;
	buffer_init(&c->unread);
	consume(c, unread.bytes, unread.size);
	buffer_deinit(&unread);
}

/* Refuses one that is to be turned away; over TLS it can be told after the handshake only. */
static void begin_requests(struct client *c)
{
	if (c->turn_away == TURN_AWAY_TOO_MANY)
		refuse_and_finish(c, 503, "too_many_connections",
				  "Too many connections are open. Try again later.");
	else if (c->turn_away == TURN_AWAY_TOO_MANY_OF_ADDRESS)
		refuse_and_finish(
			c, 429, "too_many_connections_of_address",
			"Too many connections of this address are open. Try again later.");
	else
		client_set_clocks(c);
}

void client_begin(struct client *c)
{
	if (channel_is_ready(c->channel))
		begin_requests(c);
	else
		client_set_clocks(c);
}

void client_end(struct client *c)
{
	c->last = true;
	if (is_open(c) && c->call && c->call->stream && c->call->stream->endless)
		client_stop_stream(c);
	else if (is_open(c) && !c->call && !http_has_begun(c->http))
		client_finish(c);
}

void client_recheck_access(struct client *c, client_is_still_allowed *is_allowed)
{
	if (!is_open(c) || !c->call || !c->call->stream || is_allowed(c->call))
		return;
	if (c->call->stream->endless)
		client_stop_stream(c);
	else
		call_break(c->call);
}

static void on_ready(void *user)
{
	begin_requests(user);
}

static void on_bytes(const char *bytes, size_t n, void *user)
{
	consume(user, bytes, n);
}

/* Comes only while reading is on, that is, when all that was asked before is answered. */
static void on_eof(void *user)
{
	client_finish(user);
}

static void on_drained(void *user)
{
	struct client *c = user;
	if (is_open(c) && c->call && c->call->stream)
		c->call->stream->more(c->call->stream_user);
	else if (is_open(c) && !c->call && !c->consuming)
		resume_input(c);
}

static void on_timed_out(void *user)
{
	struct client *c = user;
	if (c->waits_for == WAITS_FOR_HANDSHAKE)
		channel_give_up(c->channel);
	else if (c->waits_for == WAITS_FOR_REST)
		refuse_and_finish(c, 408, "request_timeout", "The request did not arrive in time.");
	else if (c->waits_for == WAITS_FOR_READER || c->waits_for == WAITS_FOR_STREAM)
		channel_close(c->channel);
	else
		client_finish(c);
}

static void on_closed(void *user)
{
	struct client *c = user;

	if (c->call && c->call->stream) {
		c->call->stream->gone(c->call->stream_user);
		call_free(c->call);
	} else if (c->call) {
		c->call->client = NULL;
		c->call->request = NULL;
	}
	http_free(c->http);
	buffer_deinit(&c->unread);
	clients_remove(c);
}

const struct channel_events client_channel_events = {
	.ready = on_ready,
	.bytes = on_bytes,
	.eof = on_eof,
	.drained = on_drained,
	.timed_out = on_timed_out,
	.closed = on_closed,
};
