#include "collector/pipeline/outbox_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/model/record_alert.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

/* How long to wait before the store is asked again after a failure. */
#define SAVE_RETRY_MS 1000

#define MAX_SLEEP_MS (INT64_C(60) * 1000)

int64_t outbox_pause_ms(int64_t attempts, uint32_t random)
{
	int64_t ms = OUTBOX_MIN_PAUSE_MS;

	for (int64_t i = 1; i < attempts && ms < OUTBOX_MAX_PAUSE_MS; i++)
		ms *= 2;
	ms = ms < OUTBOX_MAX_PAUSE_MS ? ms : OUTBOX_MAX_PAUSE_MS;
	return ms + ms / 5 * (random % 1024) / 1024;
}

static struct hook_state *find_hook_state(const struct outbox *outbox, const char *name)
{
	struct hook_state *r = outbox->hook_states;
	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

struct hook_state *outbox_hook_state(struct outbox *outbox, const char *name)
{
	struct hook_state *r = find_hook_state(outbox, name);

	if (r)
		return r;
	r = mem_alloc(sizeof *r);
	r->name = mem_strdup(name);
	r->next = outbox->hook_states;
	outbox->hook_states = r;
	return r;
}

static struct delivery_queue *find_or_add_queue(struct outbox *outbox,
						const struct record_delivery *row)
{
	struct arena arena;
	arena_init(&arena);
	const char *key = arena_printf(&arena, "%s\n%s", row->hook, row->lane);
	struct delivery_queue *queue = text_map_get(&outbox->by_queue, key);

	if (!queue) {
		queue = mem_alloc(sizeof *queue);
		queue->key = mem_strdup(key);
		queue->tail = &queue->first;
		outbox->queues =
			mem_make_room(outbox->queues, outbox->n_queues, &outbox->room_queues,
				      sizeof(struct delivery_queue *));
		outbox->queues[outbox->n_queues++] = queue;
		text_map_add(&outbox->by_queue, queue->key, queue);
	}
	arena_deinit(&arena);
	return queue;
}

static void drop_empty_queues(struct outbox *outbox)
{
	for (size_t i = outbox->n_queues; i-- > 0;) {
		struct delivery_queue *queue = outbox->queues[i];
		if (queue->first)
			continue;
		text_map_remove(&outbox->by_queue, queue->key);
		outbox->queues[i] = outbox->queues[--outbox->n_queues];
		free(queue->key);
		free(queue);
	}
}

static void set_result(struct delivery *delivery, const char *text)
{
	free((void *)delivery->row.result);
	delivery->row.result = mem_strdup(text);
}

struct delivery *outbox_find(const struct outbox *outbox, int64_t id)
{
	for (size_t i = 0; i < outbox->n_queues; i++) {
		for (struct delivery *p = outbox->queues[i]->first; p; p = p->next) {
			if (p->row.id == id)
				return p;
		}
	}
	return NULL;
}

static void unlink_delivery(struct delivery *delivery)
{
	struct delivery_queue *queue = delivery->queue;
	struct delivery **at = &queue->first;

	for (; *at != delivery; at = &(*at)->next)
		assert(*at);
	*at = delivery->next;
	if (queue->tail == &delivery->next)
		queue->tail = at;
	assert(delivery->hook_state->counts.waiting > 0);
	delivery->hook_state->counts.waiting--;
}

static void free_delivery(struct delivery *delivery)
{
	free((void *)delivery->row.hook);
	free((void *)delivery->row.lane);
	free((void *)delivery->row.result);
	free(delivery);
}

static void on_saved(void *user, enum status status, const char *error)
{
	struct delivery *delivery = user;
	struct outbox *outbox = delivery->outbox;

	assert(delivery->is_busy && delivery->is_unsaved);
	delivery->is_busy = false;
	if (status != STATUS_OK) {
		log_error("what became of notification %" PRId64 " to the hook %s could not be "
			  "stored: %s",
			  delivery->row.id, delivery->row.hook, error);
		if (!outbox->is_stopped)
			loop_timer_start(outbox->timer, SAVE_RETRY_MS);
		return;
	}
	delivery->is_unsaved = false;
	if (delivery->row.state != RECORD_DELIVERY_WAITING) {
		unlink_delivery(delivery);
		free_delivery(delivery);
	}
	outbox_send_due(outbox);
}

static void save_delivery(struct delivery *delivery)
{
	struct outbox *outbox = delivery->outbox;
	struct store_change change = { .delivery = &delivery->row,
				       .hook = delivery->disables ? &delivery->hook : NULL,
				       .done = on_saved,
				       .user = delivery };

	assert(!delivery->is_busy);
	delivery->is_unsaved = true;
	if (outbox->is_stopped)
		return; /* the notification is sent again after the next start */
	delivery->is_busy = store_submit(outbox->options.store, &change) == STATUS_OK;
	if (!delivery->is_busy)
		loop_timer_start(outbox->timer, SAVE_RETRY_MS);
}

static void end_delivery(struct delivery *delivery, enum record_delivery_state state)
{
	struct outbox *outbox = delivery->outbox;
	struct hook_state *hook_state = delivery->hook_state;

	assert(delivery->row.state == RECORD_DELIVERY_WAITING && state != delivery->row.state);
	delivery->row.state = state;
	delivery->row.ended_ms = outbox->options.now_ms();
	if (state == RECORD_DELIVERY_DONE) {
		hook_state->counts.delivered++;
	} else {
		hook_state->counts.dead++;
		outbox->last_dead_ms = delivery->row.ended_ms;
		outbox->options.changed(outbox->options.user);
		log_error("notification %" PRId64 " to the hook %s could not be delivered: %s",
			  delivery->row.id, delivery->row.hook, delivery->row.result);
	}
	save_delivery(delivery);
}

static void disable_hook(struct delivery *delivery)
{
	delivery->disables = true;
	delivery->hook_state->is_disabled = delivery->hook_state->is_known = true;
	delivery->hook = (struct record_hook){ delivery->row.hook, true,
					       delivery->outbox->options.now_ms() };
	log_error("the hook %s is told nothing any more, for its receiver wants that: %s",
		  delivery->row.hook, delivery->row.result);
}

/* Makes failed notifications due at once, those of one hook or (NULL) of all. */
static void retry_now(struct outbox *outbox, const struct hook_state *hook_state)
{
	int64_t now_ms = outbox->options.now_ms();

	for (size_t i = 0; i < outbox->n_queues; i++) {
		struct delivery *first = outbox->queues[i]->first;
		if (first && (!hook_state || first->hook_state == hook_state) &&
		    first->row.next_ms > now_ms)
			first->row.next_ms = now_ms;
	}
}

static void schedule_retry(struct delivery *delivery, int64_t retry_after_s)
{
	struct outbox *outbox = delivery->outbox;
	int64_t now_ms = outbox->options.now_ms();
	int64_t retry_after_ms =
		(retry_after_s < OUTBOX_MAX_RETRY_AFTER_S ? retry_after_s
							  : OUTBOX_MAX_RETRY_AFTER_S) *
		1000;

	if (now_ms - delivery->row.made_ms > OUTBOX_MAX_AGE_MS) {
		end_delivery(delivery, RECORD_DELIVERY_DEAD);
		return;
	}
	if (retry_after_ms > 0)
		delivery->hook_state->not_before_ms = now_ms + retry_after_ms;
	outbox->random = outbox->random * 1664525U + 1013904223U;
	int64_t pause_ms = outbox_pause_ms(delivery->row.attempts, outbox->random >> 16);
	pause_ms = pause_ms < retry_after_ms ? retry_after_ms : pause_ms;
	delivery->row.next_ms = now_ms + pause_ms;
	log_warning("notification %" PRId64 " to the hook %s failed, next attempt in %" PRId64
		    " s: %s",
		    delivery->row.id, delivery->row.hook, pause_ms / 1000, delivery->row.result);
	save_delivery(delivery);
}

/* Only failures to be retried make a hook fail: of dead letters there is an alert of its own. */
static void note_outcome(struct outbox *outbox, struct hook_state *hook_state,
			 enum hook_outcome outcome)
{
	bool fails = outcome == HOOK_RETRY;

	hook_state->counts.failed += outcome != HOOK_DELIVERED;
	if (hook_state->is_failing == fails || (!fails && outcome != HOOK_DELIVERED))
		return;
	hook_state->is_failing = fails;
	hook_state->failing_ms = outbox->options.now_ms();
	outbox->options.changed(outbox->options.user);
}

static void on_sent(void *user, const struct hook_result *result)
{
	struct delivery *delivery = user;

	assert(delivery->is_busy && delivery->hook_state->n_running > 0);
	delivery->is_busy = false;
	delivery->hook_state->n_running--;
	delivery->row.attempts++;
	set_result(delivery, result->text ? result->text : "");
	note_outcome(delivery->outbox, delivery->hook_state, result->outcome);
	switch (result->outcome) {
	case HOOK_DELIVERED:
		end_delivery(delivery, RECORD_DELIVERY_DONE);
		retry_now(delivery->outbox, delivery->hook_state);
		break;
	case HOOK_RETRY:
		schedule_retry(delivery, result->retry_s);
		break;
	case HOOK_GONE:
		disable_hook(delivery);
		end_delivery(delivery, RECORD_DELIVERY_DEAD);
		break;
	case HOOK_REFUSED:
		end_delivery(delivery, RECORD_DELIVERY_DEAD);
		break;
	}
	outbox_send_due(delivery->outbox);
}

/* The reason why nothing is sent to a hook, or NULL. */
static const char *why_not_sent(const struct hook *hook, const struct hook_state *hook_state)
{
	if (!hook)
		return "there is no hook of that name in the configuration";
	if (!hook_is_notified(hook))
		return "the hook of that name is of a type now that is not told of single changes";
	return hook_state->is_disabled ? "the hook is disabled, for its receiver answered 410"
				       : NULL;
}

/* No time lies further ahead than a Retry-After, unless the clock was set back: then it is due. */
static bool is_future(int64_t ms, int64_t now_ms)
{
	return ms > now_ms && ms - now_ms <= OUTBOX_MAX_RETRY_AFTER_S * 1000;
}

static bool may_send(const struct outbox *outbox)
{
	return !outbox->options.may_send || outbox->options.may_send(outbox->options.may_user);
}

/* An attempt whose notification is read from the store. */
struct attempt {
	struct delivery *delivery;
	int64_t id;
	struct notification notification;
	bool is_damaged;
	struct arena arena;
};

static enum status read_attempt(const struct store_connection *reader, void *user,
				char error[STORE_ERROR_SIZE])
{
	struct attempt *attempt = user;
	struct record_delivery row;

	enum status status = store_read_delivery(reader, attempt->id, &attempt->arena, &row, error);
	if (status == STATUS_OK)
		attempt->is_damaged = notification_read(row.body, row.body_size, &attempt->arena,
							&attempt->notification) != STATUS_OK;
	return status;
}

static void end_unsent(struct delivery *delivery, const char *why)
{
	set_result(delivery, why);
	end_delivery(delivery, RECORD_DELIVERY_DEAD);
}

/* The hook may have changed meanwhile, or have asked for a pause. */
static void make_attempt(struct attempt *attempt)
{
	struct delivery *delivery = attempt->delivery;
	struct outbox *outbox = delivery->outbox;
	struct hook *hook = hooks_find(outbox->options.hooks, delivery->row.hook);
	const char *why_not = why_not_sent(hook, delivery->hook_state);

	assert(delivery->queue->first == delivery && !delivery->is_busy);
	if (why_not) {
		end_unsent(delivery, why_not);
	} else if (attempt->is_damaged) {
		end_unsent(delivery, "it is damaged in the store");
	} else if (!is_future(delivery->hook_state->not_before_ms, outbox->options.now_ms())) {
		delivery->is_busy = true;
		delivery->hook_state->n_running++;
		hook_send(hook, &attempt->notification, on_sent, delivery);
	}
}

static void on_attempt_read(void *user, enum status status, const char *error)
{
	struct attempt *attempt = user;
	struct delivery *delivery = attempt->delivery;
	struct outbox *outbox = delivery->outbox;
	(void)error; /* it is read again */

	delivery->is_busy = false;
	delivery->hook_state->n_running--;
	if (status != STATUS_OK || !may_send(outbox))
		delivery->row.next_ms = outbox->options.now_ms() + SAVE_RETRY_MS;
	else if (!outbox->is_stopped)
		make_attempt(attempt);
	arena_deinit(&attempt->arena);
	free(attempt);
	outbox_send_due(outbox);
}

/* Reads the notification's body from the store, and then makes an attempt. */
static void send_head(struct delivery *delivery)
{
	struct attempt *attempt = mem_alloc(sizeof *attempt);

	attempt->delivery = delivery;
	attempt->id = delivery->row.id;
	arena_init(&attempt->arena);
	if (store_ask(delivery->outbox->options.store, STORE_LOOK_UP, read_attempt, on_attempt_read,
		      attempt) == STATUS_OK) {
		delivery->is_busy = true;
		delivery->hook_state->n_running++;
		return;
	}
	delivery->row.next_ms = delivery->outbox->options.now_ms() + SAVE_RETRY_MS;
	arena_deinit(&attempt->arena);
	free(attempt);
}

/* Sends the head of a queue if that can be sent now. Returns when to try again. */
static int64_t try_head(struct delivery *delivery, int64_t now_ms)
{
	struct outbox *outbox = delivery->outbox;

	if (delivery->is_busy)
		return INT64_MAX;
	if (delivery->is_unsaved) {
		save_delivery(delivery);
		return INT64_MAX;
	}
	if (is_future(delivery->row.next_ms, now_ms))
		return delivery->row.next_ms;
	if (is_future(delivery->hook_state->not_before_ms, now_ms))
		return delivery->hook_state->not_before_ms;
	if (delivery->hook_state->n_running >= OUTBOX_MAX_AT_ONCE)
		return INT64_MAX; /* on_sent() of another one tries again */
	struct hook *hook = hooks_find(outbox->options.hooks, delivery->row.hook);
	const char *why_not = why_not_sent(hook, delivery->hook_state);
	if (!may_send(outbox))
		return now_ms + SAVE_RETRY_MS;
	if (why_not) {
		end_unsent(delivery, why_not);
		return INT64_MAX;
	}
	send_head(delivery);
	return delivery->is_busy ? INT64_MAX : delivery->row.next_ms;
}

void outbox_send_due(void *user)
{
	struct outbox *outbox = user;
	int64_t now_ms = outbox->options.now_ms();
	int64_t next_ms = INT64_MAX;

	if (outbox->is_stopped)
		return;
	for (size_t i = 0; i < outbox->n_queues; i++) {
		struct delivery *first = outbox->queues[i]->first;
		int64_t at_ms = first ? try_head(first, now_ms) : INT64_MAX;
		next_ms = at_ms < next_ms ? at_ms : next_ms;
	}
	drop_empty_queues(outbox);
	if (next_ms == INT64_MAX)
		return;
	int64_t sleep_ms = next_ms - now_ms < MAX_SLEEP_MS ? next_ms - now_ms : MAX_SLEEP_MS;
	loop_timer_start(outbox->timer, sleep_ms > 0 ? (uint64_t)sleep_ms : 1);
}

struct outbox *outbox_new(const struct outbox_options *options)
{
	struct outbox *outbox = mem_alloc(sizeof *outbox);

	outbox->options = *options;
	outbox->timer = loop_timer_new(options->loop, outbox_send_due, outbox);
	outbox->last_dead_ms = TIMESTAMP_NONE;
	outbox->random = (uint32_t)loop_monotonic_ns();
	return outbox;
}

void outbox_stop(struct outbox *outbox)
{
	outbox->is_stopped = true;
	loop_timer_close(outbox->timer);
}

void outbox_free(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (size_t i = 0; i < outbox->n_queues; i++) {
		struct delivery *delivery = outbox->queues[i]->first;
		while (delivery) {
			struct delivery *next = delivery->next;
			free_delivery(delivery);
			delivery = next;
		}
		outbox->queues[i]->first = NULL;
	}
	drop_empty_queues(outbox);
	text_map_deinit(&outbox->by_queue);
	while (outbox->hook_states) {
		struct hook_state *next = outbox->hook_states->next;
		free(outbox->hook_states->name);
		free(outbox->hook_states);
		outbox->hook_states = next;
	}
	free(outbox->queues);
	free(outbox);
}

/* The oldest notification that waits for a hook and is not under way. */
static struct delivery *find_oldest_idle(const struct outbox *outbox,
					 const struct hook_state *hook_state)
{
	struct delivery *oldest = NULL;

	for (size_t i = 0; i < outbox->n_queues; i++) {
		struct delivery *p = outbox->queues[i]->first;
		while (p && (p->is_busy || p->is_unsaved))
			p = p->next;
		if (p && p->hook_state == hook_state && (!oldest || p->row.id < oldest->row.id))
			oldest = p;
	}
	return oldest;
}

struct delivery *outbox_add(struct outbox *outbox, const struct record_delivery *row)
{
	struct delivery *delivery = mem_alloc(sizeof *delivery);

	delivery->outbox = outbox;
	delivery->row = *row;
	delivery->row.hook = mem_strdup(row->hook);
	delivery->row.lane = mem_strdup(row->lane);
	delivery->row.result = mem_strdup(row->result);
	delivery->row.body = NULL;
	delivery->hook_state = outbox_hook_state(outbox, row->hook);
	delivery->hook_state->counts.waiting++;
	delivery->queue = find_or_add_queue(outbox, row);
	*delivery->queue->tail = delivery;
	delivery->queue->tail = &delivery->next;
	return delivery;
}

void outbox_put(struct outbox *outbox, const struct record_delivery *row)
{
	struct delivery *delivery = outbox_add(outbox, row);

	if (delivery->hook_state->counts.waiting > OUTBOX_MAX_WAITING) {
		struct delivery *oldest = find_oldest_idle(outbox, delivery->hook_state);
		if (oldest) {
			set_result(oldest, "too many notifications wait for this hook");
			end_delivery(oldest, RECORD_DELIVERY_DEAD);
		}
	}
	outbox_send_due(outbox);
}

void outbox_retry_now(struct outbox *outbox)
{
	for (struct hook_state *r = outbox->hook_states; r; r = r->next)
		r->not_before_ms = 0;
	retry_now(outbox, NULL);
	outbox_send_due(outbox);
}

bool outbox_is_disabled(const struct outbox *outbox, const char *hook)
{
	const struct hook_state *hook_state = find_hook_state(outbox, hook);
	return hook_state && hook_state->is_disabled;
}

bool outbox_is_known(const struct outbox *outbox, const char *hook)
{
	const struct hook_state *hook_state = find_hook_state(outbox, hook);
	return hook_state && hook_state->is_known;
}

void outbox_mark_known(struct outbox *outbox, const char *hook)
{
	outbox_hook_state(outbox, hook)->is_known = true;
}

struct outbox_counts outbox_count(const struct outbox *outbox, const char *hook)
{
	const struct hook_state *hook_state = find_hook_state(outbox, hook);
	return hook_state ? hook_state->counts : (struct outbox_counts){ 0 };
}

static bool is_stuck(const struct hook_state *h)
{
	return h->is_failing && h->counts.waiting > 0 && !h->is_disabled;
}

bool outbox_is_stuck(const struct outbox *outbox, const char *hook)
{
	for (const struct hook_state *h = outbox->hook_states; h; h = h->next) {
		if (strcmp(h->name, hook) == 0)
			return is_stuck(h);
	}
	return false;
}

struct outbox_stuck outbox_find_stuck(const struct outbox *outbox)
{
	struct outbox_stuck stuck = { .hook = NULL };

	for (const struct hook_state *h = outbox->hook_states; h; h = h->next) {
		if (!is_stuck(h))
			continue;
		if (!stuck.hook || h->failing_ms < stuck.since_ms)
			stuck = (struct outbox_stuck){ h->name, h->failing_ms };
	}
	return stuck;
}

int64_t outbox_last_dead_ms(const struct outbox *outbox)
{
	return outbox->last_dead_ms;
}
