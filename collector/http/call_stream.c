/* Answers in pieces: call_begin(), call_write(), call_end() of collector/http/call.h. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/http/answer.h"
#include "collector/http/call.h"
#include "collector/http/client_internal.h"
#include "collector/http/http.h"
#include "collector/net/channel.h"

static const char last_chunk[] = "0\r\n\r\n";

/* "1F4" CR LF: the size of a chunk. */
#define CHUNK_SIZE_ROOM (2 * sizeof(size_t) + 3)

static void write_head(struct client *c, struct call *call, const struct answer *head)
{
	struct answer streamed = *head;
	struct buffer out;
	size_t size;

	streamed.length = call->in_chunks ? ANSWER_IN_CHUNKS : ANSWER_TO_THE_CLOSE;
	buffer_init(&out);
	answer_add_head(&streamed, call->closes, &out);
	char *bytes = buffer_take(&out, &size);
	channel_write(c->channel, bytes, size);
}

bool call_begin(struct call *call, const struct answer *head, const struct call_stream *stream,
		void *user)
{
	struct client *c = call->client;

	assert(c && c->call == call && !call->stream);
	call->in_chunks = call->request->takes_chunks;
	call->closes = client_closes_after(c, call->request) || !call->in_chunks;
	client_count_answer(c, head->status);
	write_head(c, call, head);
	if (call->request->method == HTTP_METHOD_HEAD) {
		client_answered(c, call->closes);
		return false;
	}
	call->stream = stream;
	call->stream_user = user;
	if (!c->consuming)
		client_set_clocks(c);
	return true;
}

bool call_write(struct call *call, char *bytes, size_t n)
{
	struct channel *channel = call->client->channel;
	char size[CHUNK_SIZE_ROOM];

	assert(call->stream && n > 0);
	if (call->in_chunks) {
		struct buffer out;
		buffer_init(&out);
		snprintf(size, sizeof size, "%zX\r\n", n);
		buffer_add_text(&out, size);
		buffer_add(&out, bytes, n);
		buffer_add_text(&out, "\r\n");
		free(bytes);
		bytes = buffer_take(&out, &n);
	}
	channel_write(channel, bytes, n);
	return !channel_is_congested(channel);
}

void call_end(struct call *call)
{
	struct client *c = call->client;

	assert(c->call == call && call->stream);
	call->stream = NULL;
	if (call->in_chunks)
		channel_write_static(c->channel, last_chunk, sizeof last_chunk - 1);
	client_answered(c, call->closes || c->last); /* the server may end since it began */
}

void call_break(struct call *call)
{
	channel_close(call->client->channel);
}

void client_stop_stream(struct client *c)
{
	struct call *call = c->call;

	call->stream->gone(call->stream_user);
	call->closes = true;
	call_end(call);
}
