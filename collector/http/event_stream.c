#include "collector/http/event_stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"

/* Most that is written for a follower at once. */
#define MAX_WRITE ((size_t)64 * 1024)

/* As it is sent: "id: 7\nevent: server\ndata: {...}\n\n". */
struct event {
	char *text;
	size_t size;
};

struct follower {
	struct event_stream *events;
	struct call *call;
	struct follower *next;
	struct follower **link; /* where the pointer to this one is */
	uint64_t next_id;       /* of the first event that was not written for them */
	bool is_congested;      /* until on_more() */
};

struct event_stream {
	struct event ring[EVENT_STREAM_MAX]; /* an event lies at its id modulo EVENT_STREAM_MAX */
	uint64_t first_id;                   /* of the oldest that is kept */
	uint64_t next_id;
	size_t size; /* of the texts */
	struct follower *followers;
	size_t n_followers;
	const struct uv_loop_s *loop;
	uint64_t lost_last_ms; /* the last follower; of the loop's time; 0: nobody followed yet */
	struct loop_timer *gather;
	struct loop_timer *ping;
};

static struct event *event_at(struct event_stream *e, uint64_t id)
{
	return &e->ring[id % EVENT_STREAM_MAX];
}

static void drop_oldest(struct event_stream *e)
{
	struct event *oldest = event_at(e, e->first_id++);

	assert(e->first_id <= e->next_id && e->size >= oldest->size);
	e->size -= oldest->size;
	free(oldest->text);
	*oldest = (struct event){ NULL, 0 };
}

static void write_text(struct follower *f, struct buffer *text)
{
	size_t size;
	char *bytes = buffer_take(text, &size);

	f->is_congested = !call_write(f->call, bytes, size);
}

/* Tells a follower to ask again: the events that they missed are not kept any more. */
static void add_reset(struct follower *f, struct buffer *out)
{
	f->next_id = f->events->next_id;
	buffer_printf(out, "id: %" PRIu64 "\nevent: reset\ndata: {}\n\n", f->next_id - 1);
}

/* Writes what the follower does not have yet, until they have all or are full. */
static void catch_up(struct follower *f)
{
	struct event_stream *e = f->events;

	while (!f->is_congested && f->next_id != e->next_id) {
		struct buffer out;
		buffer_init(&out);
		if (f->next_id < e->first_id || f->next_id > e->next_id)
			add_reset(f, &out);
		for (; f->next_id < e->next_id && out.size < MAX_WRITE; f->next_id++) {
			const struct event *event = event_at(e, f->next_id);
			buffer_add(&out, event->text, event->size);
		}
		write_text(f, &out);
	}
	assert(f->is_congested || f->next_id == e->next_id);
}

static void on_gather(void *user)
{
	struct event_stream *e = user;

	for (struct follower *f = e->followers; f; f = f->next)
		catch_up(f);
}

static void remove_follower(struct follower *f)
{
	assert(f->events->n_followers > 0 && *f->link == f);
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	f->events->n_followers--;
	f->events->lost_last_ms = loop_turn_ms(f->events->loop);
	free(f);
}

static void ping_follower(struct follower *f)
{
	static const char comment[] = ": ping\n\n";
	struct buffer out;

	if (f->is_congested)
		return;
	buffer_init(&out);
	buffer_add(&out, comment, sizeof comment - 1);
	write_text(f, &out);
}

static void on_ping(void *user)
{
	struct event_stream *e = user;

	for (struct follower *f = e->followers; f; f = f->next)
		ping_follower(f);
	loop_timer_start(e->ping, EVENT_STREAM_PING_MS);
}

struct event_stream *event_stream_new(struct uv_loop_s *loop, uint64_t first_id)
{
	struct event_stream *e = mem_alloc(sizeof *e);

	e->loop = loop;
	e->first_id = e->next_id = first_id;
	e->gather = loop_timer_new(loop, on_gather, e);
	e->ping = loop_timer_new(loop, on_ping, e);
	loop_timer_start(e->ping, EVENT_STREAM_PING_MS);
	return e;
}

void event_stream_close(struct event_stream *e)
{
	if (!e)
		return;
	assert(e->n_followers == 0);
	while (e->first_id < e->next_id)
		drop_oldest(e);
	loop_timer_close(e->gather);
	loop_timer_close(e->ping);
	free(e);
}

/* Each line of the data has to say that it is one. */
static void add_data(struct buffer *out, const struct buffer *data)
{
	const char *at = data->bytes;
	const char *end = data->bytes + data->size;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((line_end ? line_end : end) - at);
		buffer_add_text(out, "data: ");
		buffer_add(out, at, n);
		buffer_add_char(out, '\n');
		at += n + (line_end != NULL);
	}
	buffer_add_char(out, '\n');
}

void event_stream_add(struct event_stream *e, const char *kind, struct buffer *data)
{
	struct buffer out;

	buffer_init(&out);
	buffer_add_text(&out, "id: ");
	buffer_add_number(&out, e->next_id);
	buffer_add_text(&out, "\nevent: ");
	buffer_add_text(&out, kind);
	buffer_add_char(&out, '\n');
	add_data(&out, data);
	buffer_deinit(data);
	while (e->next_id - e->first_id == EVENT_STREAM_MAX ||
	       (e->first_id < e->next_id && e->size + out.size > EVENT_STREAM_MAX_BYTES))
		drop_oldest(e);
	struct event *event = event_at(e, e->next_id++);
	event->text = buffer_take(&out, &event->size);
	e->size += event->size;
	if (e->followers)
		loop_timer_start(e->gather, EVENT_STREAM_GATHER_MS);
}

bool event_stream_skip(struct event_stream *e)
{
	if (e->followers ||
	    (e->lost_last_ms > 0 && loop_turn_ms(e->loop) - e->lost_last_ms < EVENT_STREAM_KEEP_MS))
		return false;
	event_stream_reset(e);
	return true;
}

void event_stream_reset(struct event_stream *e)
{
	while (e->first_id < e->next_id)
		drop_oldest(e);
	e->first_id = ++e->next_id; /* nobody has it, nor will */
	if (e->followers)
		loop_timer_start(e->gather, EVENT_STREAM_GATHER_MS);
}

static void on_more(void *user)
{
	struct follower *f = user;

	f->is_congested = false;
	catch_up(f);
}

static void on_gone(void *user)
{
	remove_follower(user);
}

/* A text that is no number stands for an id that never was. */
static uint64_t get_id(const char *text)
{
	int64_t id = 0;

	(void)number_parse(text, 0, INT64_MAX, &id);
	return (uint64_t)id;
}

static struct follower *add_follower(struct event_stream *e, struct call *call, const char *last)
{
	struct follower *f = mem_alloc(sizeof *f);

	*f = (struct follower){ .events = e,
				.call = call,
				.next = e->followers,
				.link = &e->followers,
				.next_id = last ? get_id(last) + 1 : e->next_id };
	if (e->followers)
		e->followers->link = &f->next;
	e->followers = f;
	e->n_followers++;
	return f;
}

/* The first thing that is said: an id without an event, so that who loses the connection next goes
 * on from there. */
static void write_start(struct follower *f)
{
	struct buffer out;

	buffer_init(&out);
	buffer_printf(&out, "retry: %d\nid: %" PRIu64 "\n\n", EVENT_STREAM_RETRY_MS,
		      f->next_id - 1);
	write_text(f, &out);
}

/* A token and the sessions that it made are one; a user whom a proxy names is no token. */
static bool is_same(const struct principal *a, const struct principal *b)
{
	bool are_alike = (a->kind == RECORD_KIND_USER) == (b->kind == RECORD_KIND_USER);

	return are_alike && strcmp(a->name, b->name) == 0;
}

static size_t count_own(const struct event_stream *e, const struct principal *caller)
{
	size_t n = 0;

	for (const struct follower *f = e->followers; f; f = f->next)
		n += is_same(&f->call->caller, caller);
	return n;
}

/* False: too many follow, which is the answer. */
static bool has_room(const struct event_stream *e, struct call *call)
{
	static const struct problem too_many = {
		.status = 503,
		.code = "too_many_streams",
		.detail = "As many follow the events as may. Try again later.",
		.fields = "Retry-After: 30\r\n",
	};
	static const struct problem too_many_of_one = {
		.status = 429,
		.code = "too_many_streams_of_one",
		.detail = "By this token, or sessions of it, or this user, as many follow the "
			  "events as may.",
		.fields = "Retry-After: 30\r\n",
	};

	if (e->n_followers >= EVENT_STREAM_MAX_FOLLOWERS)
		call_answer_problem(call, &too_many);
	else if (count_own(e, &call->caller) >= EVENT_STREAM_MAX_OF_ONE)
		call_answer_problem(call, &too_many_of_one);
	else
		return true;
	return false;
}

void event_stream_follow(struct event_stream *e, struct call *call, const char *last)
{
	static const struct call_stream stream = { .more = on_more,
						   .gone = on_gone,
						   .endless = true };
	/* nginx gathers what an upstream says unless that field says not to. */
	static const struct answer head = { .status = 200,
					    .content_type = "text/event-stream",
					    .fields = "X-Accel-Buffering: no\r\n" };

	if (!has_room(e, call))
		return;
	struct follower *f = add_follower(e, call, last);
	if (!call_begin(call, &head, &stream, f)) {
		remove_follower(f);
		return;
	}
	write_start(f);
	catch_up(f);
}

size_t event_stream_followers(const struct event_stream *e)
{
	return e->n_followers;
}
