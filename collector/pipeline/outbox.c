#include "collector/pipeline/outbox_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/model/record_alert.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

/* What could not be saved is saved again after this long; so with what could not be read. */
#define SAVE_AGAIN_MS 1000

#define MAX_SLEEP_MS (INT64_C(60) * 1000)

int64_t outbox_pause_ms(int64_t attempts, uint32_t random)
{
	int64_t ms = OUTBOX_MIN_PAUSE_MS;

	for (int64_t i = 1; i < attempts && ms < OUTBOX_MAX_PAUSE_MS; i++)
		ms *= 2;
	ms = ms < OUTBOX_MAX_PAUSE_MS ? ms : OUTBOX_MAX_PAUSE_MS;
	return ms + ms / 5 * (random % 1024) / 1024;
}

static struct receiver *find_receiver(const struct outbox *outbox, const char *name)
{
	struct receiver *r = outbox->receivers;
	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

struct receiver *outbox_receiver(struct outbox *outbox, const char *name)
{
	struct receiver *r = find_receiver(outbox, name);

	if (r)
		return r;
	r = mem_alloc(sizeof *r);
	r->name = mem_strdup(name);
	r->next = outbox->receivers;
	outbox->receivers = r;
	return r;
}

static struct lane *lane_of(struct outbox *outbox, const struct record_delivery *row)
{
	struct arena arena;
	arena_init(&arena);
	const char *key = arena_printf(&arena, "%s\n%s", row->hook, row->lane);
	struct lane *lane = text_map_get(&outbox->by_lane, key);

	if (!lane) {
		lane = mem_alloc(sizeof *lane);
		lane->key = mem_strdup(key);
		lane->end = &lane->first;
		if (outbox->n_lanes == outbox->room_lanes) {
			outbox->room_lanes = outbox->room_lanes ? outbox->room_lanes * 2 : 16;
			outbox->lanes = mem_realloc(outbox->lanes,
						    outbox->room_lanes * sizeof(struct lane *));
		}
		outbox->lanes[outbox->n_lanes++] = lane;
		text_map_add(&outbox->by_lane, lane->key, lane);
	}
	arena_deinit(&arena);
	return lane;
}

static void drop_empty_lanes(struct outbox *outbox)
{
	for (size_t i = outbox->n_lanes; i-- > 0;) {
		struct lane *lane = outbox->lanes[i];
		if (lane->first)
			continue;
		text_map_remove(&outbox->by_lane, lane->key);
		outbox->lanes[i] = outbox->lanes[--outbox->n_lanes];
		free(lane->key);
		free(lane);
	}
}

static void set_result(struct parcel *parcel, const char *text)
{
	free((void *)parcel->row.result);
	parcel->row.result = mem_strdup(text);
}

struct parcel *outbox_find(const struct outbox *outbox, int64_t id)
{
	for (size_t i = 0; i < outbox->n_lanes; i++) {
		for (struct parcel *p = outbox->lanes[i]->first; p; p = p->next) {
			if (p->row.id == id)
				return p;
		}
	}
	return NULL;
}

static void take_out(struct parcel *parcel)
{
	struct lane *lane = parcel->lane;
	struct parcel **at = &lane->first;

	while (*at != parcel)
		at = &(*at)->next;
	*at = parcel->next;
	if (lane->end == &parcel->next)
		lane->end = at;
	parcel->receiver->counts.waiting--;
}

static void free_parcel(struct parcel *parcel)
{
	free((void *)parcel->row.hook);
	free((void *)parcel->row.lane);
	free((void *)parcel->row.result);
	free(parcel);
}

static void on_saved(void *user, enum status status, const char *error)
{
	struct parcel *parcel = user;
	struct outbox *outbox = parcel->outbox;

	parcel->is_busy = false;
	if (status != STATUS_OK) {
		log_error("what became of notification %" PRId64 " to the hook %s could not be "
			  "stored: %s",
			  parcel->row.id, parcel->row.hook, error);
		if (!outbox->is_stopped)
			loop_timer_start(outbox->timer, SAVE_AGAIN_MS);
		return;
	}
	parcel->is_unsaved = false;
	if (parcel->row.state != RECORD_DELIVERY_WAITING) {
		take_out(parcel);
		free_parcel(parcel);
	}
	outbox_pump(outbox);
}

/* What became of it is to outlive us. */
static void save(struct parcel *parcel)
{
	struct outbox *outbox = parcel->outbox;
	struct store_change change = { .delivery = &parcel->row,
				       .hook = parcel->disables ? &parcel->hook : NULL,
				       .done = on_saved,
				       .user = parcel };

	parcel->is_unsaved = true;
	if (outbox->is_stopped)
		return; /* it is sent again after the next start */
	parcel->is_busy = store_submit(outbox->options.store, &change) == STATUS_OK;
	if (!parcel->is_busy)
		loop_timer_start(outbox->timer, SAVE_AGAIN_MS);
}

static void end(struct parcel *parcel, enum record_delivery_state state)
{
	struct outbox *outbox = parcel->outbox;
	struct receiver *receiver = parcel->receiver;

	parcel->row.state = state;
	parcel->row.ended_ms = outbox->options.now_ms();
	if (state == RECORD_DELIVERY_DONE) {
		receiver->counts.delivered++;
	} else {
		receiver->counts.dead++;
		outbox->last_dead_ms = parcel->row.ended_ms;
		outbox->options.changed(outbox->options.user);
		log_error("notification %" PRId64 " to the hook %s could not be delivered: %s",
			  parcel->row.id, parcel->row.hook, parcel->row.result);
	}
	save(parcel);
}

static void disable(struct parcel *parcel)
{
	parcel->disables = true;
	parcel->receiver->is_disabled = parcel->receiver->is_known = true;
	parcel->hook =
		(struct record_hook){ parcel->row.hook, true, parcel->outbox->options.now_ms() };
	log_error("the hook %s is told nothing any more, for its receiver wants that: %s",
		  parcel->row.hook, parcel->row.result);
}

/* What failed before is tried at once, of one hook or (NULL) of all. */
static void hurry(struct outbox *outbox, const struct receiver *receiver)
{
	int64_t now_ms = outbox->options.now_ms();

	for (size_t i = 0; i < outbox->n_lanes; i++) {
		struct parcel *first = outbox->lanes[i]->first;
		if (first && (!receiver || first->receiver == receiver) &&
		    first->row.next_ms > now_ms)
			first->row.next_ms = now_ms;
	}
}

static void try_again(struct parcel *parcel, int64_t wish_s)
{
	struct outbox *outbox = parcel->outbox;
	int64_t now_ms = outbox->options.now_ms();
	int64_t wish_ms = (wish_s < OUTBOX_MAX_WISH_S ? wish_s : OUTBOX_MAX_WISH_S) * 1000;

	if (now_ms - parcel->row.made_ms > OUTBOX_MAX_AGE_MS) {
		end(parcel, RECORD_DELIVERY_DEAD);
		return;
	}
	if (wish_ms > 0)
		parcel->receiver->not_before_ms = now_ms + wish_ms;
	outbox->random = outbox->random * 1664525U + 1013904223U;
	int64_t pause_ms = outbox_pause_ms(parcel->row.attempts, outbox->random >> 16);
	pause_ms = pause_ms < wish_ms ? wish_ms : pause_ms;
	parcel->row.next_ms = now_ms + pause_ms;
	log_warning("notification %" PRId64 " to the hook %s failed, next attempt in %" PRId64
		    " s: %s",
		    parcel->row.id, parcel->row.hook, pause_ms / 1000, parcel->row.result);
	save(parcel);
}

static void on_sent(void *user, const struct hook_result *result)
{
	struct parcel *parcel = user;

	parcel->is_busy = false;
	parcel->receiver->at_once--;
	parcel->row.attempts++;
	set_result(parcel, result->text ? result->text : "");
	if (result->outcome != HOOK_DELIVERED)
		parcel->receiver->counts.failed++;
	switch (result->outcome) {
	case HOOK_DELIVERED:
		end(parcel, RECORD_DELIVERY_DONE);
		hurry(parcel->outbox, parcel->receiver);
		break;
	case HOOK_RETRY:
		try_again(parcel, result->retry_s);
		break;
	case HOOK_GONE:
		disable(parcel);
		end(parcel, RECORD_DELIVERY_DEAD);
		break;
	case HOOK_REFUSED:
		end(parcel, RECORD_DELIVERY_DEAD);
		break;
	}
	outbox_pump(parcel->outbox);
}

/* Reads what it says and makes an attempt. */
static void attempt(struct parcel *parcel, struct hook *hook)
{
	struct outbox *outbox = parcel->outbox;
	struct notification notification;
	struct record_delivery row;
	char error[STORE_ERROR_SIZE];
	struct arena arena;

	arena_init(&arena);
	enum status status =
		store_read_delivery(outbox->options.store, parcel->row.id, &arena, &row, error);
	if (status != STATUS_OK) {
		parcel->row.next_ms = outbox->options.now_ms() + SAVE_AGAIN_MS;
	} else if (notification_read(row.body, row.body_size, &arena, &notification) != STATUS_OK) {
		set_result(parcel, "it is damaged in the store");
		end(parcel, RECORD_DELIVERY_DEAD);
	} else {
		parcel->is_busy = true;
		parcel->receiver->at_once++;
		hook_send(hook, &notification, on_sent, parcel);
	}
	arena_deinit(&arena);
}

/* A reason why nothing is sent to that hook, or NULL. */
static const char *why_not_sent(const struct hook *hook, const struct receiver *receiver)
{
	if (!hook)
		return "there is no hook of that name in the configuration";
	if (!hook_is_told(hook))
		return "the hook of that name is of a type now that is not told of single changes";
	return receiver->is_disabled ? "the hook is disabled, for its receiver answered 410" : NULL;
}

/* Nothing waits longer than for a wish: else the clock was set back. */
static bool is_to_come(int64_t ms, int64_t now_ms)
{
	return ms > now_ms && ms - now_ms <= OUTBOX_MAX_WISH_S * 1000;
}

/* The first of a lane goes on, if it can. Returns when it will be able to. */
static int64_t go_on(struct parcel *parcel, int64_t now_ms)
{
	struct outbox *outbox = parcel->outbox;

	if (parcel->is_busy)
		return INT64_MAX;
	if (parcel->is_unsaved) {
		save(parcel);
		return INT64_MAX;
	}
	if (is_to_come(parcel->row.next_ms, now_ms))
		return parcel->row.next_ms;
	if (is_to_come(parcel->receiver->not_before_ms, now_ms))
		return parcel->receiver->not_before_ms;
	if (parcel->receiver->at_once >= OUTBOX_MAX_AT_ONCE)
		return INT64_MAX; /* the end of one of those pumps again */
	struct hook *hook = hooks_find(outbox->options.hooks, parcel->row.hook);
	const char *why_not = why_not_sent(hook, parcel->receiver);
	if (why_not) {
		set_result(parcel, why_not);
		end(parcel, RECORD_DELIVERY_DEAD);
		return INT64_MAX;
	}
	attempt(parcel, hook);
	return parcel->is_busy ? INT64_MAX : parcel->row.next_ms;
}

void outbox_pump(void *user)
{
	struct outbox *outbox = user;
	int64_t now_ms = outbox->options.now_ms();
	int64_t next_ms = INT64_MAX;

	if (outbox->is_stopped)
		return;
	for (size_t i = 0; i < outbox->n_lanes; i++) {
		struct parcel *first = outbox->lanes[i]->first;
		int64_t at_ms = first ? go_on(first, now_ms) : INT64_MAX;
		next_ms = at_ms < next_ms ? at_ms : next_ms;
	}
	drop_empty_lanes(outbox);
	if (next_ms == INT64_MAX)
		return;
	int64_t sleep_ms = next_ms - now_ms < MAX_SLEEP_MS ? next_ms - now_ms : MAX_SLEEP_MS;
	loop_timer_start(outbox->timer, sleep_ms > 0 ? (uint64_t)sleep_ms : 1);
}

struct outbox *outbox_new(const struct outbox_options *options)
{
	struct outbox *outbox = mem_alloc(sizeof *outbox);

	outbox->options = *options;
	outbox->timer = loop_timer_new(options->loop, outbox_pump, outbox);
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
	for (size_t i = 0; i < outbox->n_lanes; i++) {
		struct parcel *parcel = outbox->lanes[i]->first;
		while (parcel) {
			struct parcel *next = parcel->next;
			free_parcel(parcel);
			parcel = next;
		}
		outbox->lanes[i]->first = NULL;
	}
	drop_empty_lanes(outbox);
	text_map_deinit(&outbox->by_lane);
	while (outbox->receivers) {
		struct receiver *next = outbox->receivers->next;
		free(outbox->receivers->name);
		free(outbox->receivers);
		outbox->receivers = next;
	}
	free(outbox->lanes);
	free(outbox);
}

/* The oldest that waits for a hook, and is not under way. */
static struct parcel *oldest_of(const struct outbox *outbox, const struct receiver *receiver)
{
	struct parcel *oldest = NULL;

	for (size_t i = 0; i < outbox->n_lanes; i++) {
		struct parcel *p = outbox->lanes[i]->first;
		while (p && (p->is_busy || p->is_unsaved))
			p = p->next;
		if (p && p->receiver == receiver && (!oldest || p->row.id < oldest->row.id))
			oldest = p;
	}
	return oldest;
}

struct parcel *outbox_add(struct outbox *outbox, const struct record_delivery *row)
{
	struct parcel *parcel = mem_alloc(sizeof *parcel);

	parcel->outbox = outbox;
	parcel->row = *row;
	parcel->row.hook = mem_strdup(row->hook);
	parcel->row.lane = mem_strdup(row->lane);
	parcel->row.result = mem_strdup(row->result);
	parcel->row.body = NULL;
	parcel->receiver = outbox_receiver(outbox, row->hook);
	parcel->receiver->counts.waiting++;
	parcel->lane = lane_of(outbox, row);
	*parcel->lane->end = parcel;
	parcel->lane->end = &parcel->next;
	return parcel;
}

void outbox_put(struct outbox *outbox, const struct record_delivery *row)
{
	struct parcel *parcel = outbox_add(outbox, row);

	if (parcel->receiver->counts.waiting > OUTBOX_MAX_WAITING) {
		struct parcel *oldest = oldest_of(outbox, parcel->receiver);
		if (oldest) {
			set_result(oldest, "too many notifications wait for this hook");
			end(oldest, RECORD_DELIVERY_DEAD);
		}
	}
	outbox_pump(outbox);
}

void outbox_hurry(struct outbox *outbox)
{
	for (struct receiver *r = outbox->receivers; r; r = r->next)
		r->not_before_ms = 0;
	hurry(outbox, NULL);
	outbox_pump(outbox);
}

bool outbox_is_disabled(const struct outbox *outbox, const char *hook)
{
	const struct receiver *receiver = find_receiver(outbox, hook);
	return receiver && receiver->is_disabled;
}

bool outbox_knows(const struct outbox *outbox, const char *hook)
{
	const struct receiver *receiver = find_receiver(outbox, hook);
	return receiver && receiver->is_known;
}

void outbox_greet(struct outbox *outbox, const char *hook)
{
	outbox_receiver(outbox, hook)->is_known = true;
}

struct outbox_counts outbox_count(const struct outbox *outbox, const char *hook)
{
	const struct receiver *receiver = find_receiver(outbox, hook);
	return receiver ? receiver->counts : (struct outbox_counts){ 0 };
}

int64_t outbox_last_dead_ms(const struct outbox *outbox)
{
	return outbox->last_dead_ms;
}
