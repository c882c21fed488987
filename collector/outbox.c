#include "collector/outbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/log.h"
#include "collector/loop.h"
#include "collector/text_map.h"
#include "proto/mem.h"
#include "proto/timestamp.h"

/* What could not be saved is saved again after this long; so with what could not be read. */
#define SAVE_AGAIN_MS 1000

#define MAX_SLEEP_MS (INT64_C(60) * 1000)

/* A notification on its way. */
struct parcel {
	struct record_delivery row; /* without its body; its strings are its own */
	struct outbox *outbox;
	struct receiver *receiver;
	struct lane *lane;
	struct parcel *next; /* in its lane */
	bool is_busy;        /* an attempt or its saving is under way */
	bool is_unsaved;     /* what became of it is to be saved */
	bool disables;       /* and its hook with it */
	struct record_hook hook;
};

struct lane {
	char *key;
	struct parcel *first;
	struct parcel **end;
};

/* A hook, also one that is not configured any more while something waits for it. */
struct receiver {
	char *name;
	size_t at_once; /* attempts under way */
	struct outbox_counts counts;
	bool is_known; /* the store has a row of it */
	bool is_disabled;
	struct receiver *next;
};

struct outbox {
	struct outbox_options options;
	struct loop_timer *timer;
	struct text_map by_lane;
	struct lane **lanes;
	size_t n_lanes;
	size_t room_lanes;
	struct receiver *receivers;
	int64_t last_dead_ms;
	uint32_t random;
	bool is_stopped;
};

int64_t outbox_pause_ms(int64_t attempts, uint32_t random)
{
	static const int64_t pauses_s[OUTBOX_MAX_ATTEMPTS - 1] = {
		5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
	};
	size_t last = sizeof pauses_s / sizeof *pauses_s - 1;
	size_t i = attempts < 1 ? 0 : (size_t)attempts - 1;
	int64_t ms = pauses_s[i < last ? i : last] * 1000;

	return ms + ms / 5 * (random % 1024) / 1024;
}

static struct receiver *find_receiver(const struct outbox *outbox, const char *name)
{
	struct receiver *r = outbox->receivers;
	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

static struct receiver *receiver_of(struct outbox *outbox, const char *name)
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

static struct parcel *find_parcel(const struct outbox *outbox, int64_t id)
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

static void pump(void *user);

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
	pump(outbox);
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

static void try_again(struct parcel *parcel, int64_t wish_s)
{
	struct outbox *outbox = parcel->outbox;
	int64_t pause_ms = wish_s * 1000;

	if (parcel->row.attempts >= OUTBOX_MAX_ATTEMPTS) {
		end(parcel, RECORD_DELIVERY_DEAD);
		return;
	}
	if (wish_s <= 0) {
		outbox->random = outbox->random * 1664525U + 1013904223U;
		pause_ms = outbox_pause_ms(parcel->row.attempts, outbox->random >> 16);
	}
	parcel->row.next_ms = outbox->options.now_ms() + pause_ms;
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
	pump(parcel->outbox);
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
	if (parcel->row.next_ms > now_ms)
		return parcel->row.next_ms;
	if (parcel->receiver->at_once >= OUTBOX_MAX_AT_ONCE)
		return INT64_MAX; /* the end of one of those pumps again */
	struct hook *hook = hooks_find(outbox->options.hooks, parcel->row.hook);
	if (!hook || parcel->receiver->is_disabled) {
		set_result(parcel, hook ? "the hook is disabled"
					: "there is no hook of that name in the configuration");
		end(parcel, RECORD_DELIVERY_DEAD);
		return INT64_MAX;
	}
	attempt(parcel, hook);
	return parcel->is_busy ? INT64_MAX : parcel->row.next_ms;
}

static void pump(void *user)
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
	outbox->timer = loop_timer_new(options->loop, pump, outbox);
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
		if (p && p->receiver == receiver && !p->is_busy && !p->is_unsaved &&
		    (!oldest || p->row.id < oldest->row.id))
			oldest = p;
	}
	return oldest;
}

static struct parcel *add(struct outbox *outbox, const struct record_delivery *row)
{
	struct parcel *parcel = mem_alloc(sizeof *parcel);

	parcel->outbox = outbox;
	parcel->row = *row;
	parcel->row.hook = mem_strdup(row->hook);
	parcel->row.lane = mem_strdup(row->lane);
	parcel->row.result = mem_strdup(row->result);
	parcel->row.body = NULL;
	parcel->receiver = receiver_of(outbox, row->hook);
	parcel->receiver->counts.waiting++;
	parcel->lane = lane_of(outbox, row);
	*parcel->lane->end = parcel;
	parcel->lane->end = &parcel->next;
	return parcel;
}

void outbox_put(struct outbox *outbox, const struct record_delivery *row)
{
	struct parcel *parcel = add(outbox, row);

	if (parcel->receiver->counts.waiting > OUTBOX_MAX_WAITING) {
		struct parcel *oldest = oldest_of(outbox, parcel->receiver);
		if (oldest) {
			set_result(oldest, "too many notifications wait for this hook");
			end(oldest, RECORD_DELIVERY_DEAD);
		}
	}
	pump(outbox);
}

/* Rows come with the latest first. */
struct loading {
	struct outbox *outbox;
	struct record_delivery *rows;
	size_t n;
	size_t room;
	struct arena arena;
};

static enum status load_row(void *user, const struct record_delivery *row)
{
	struct loading *l = user;

	if (find_parcel(l->outbox, row->id))
		return STATUS_OK;
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->rows = mem_realloc(l->rows, l->room * sizeof *l->rows);
	}
	struct record_delivery *copy = &l->rows[l->n++];
	*copy = *row;
	copy->hook = arena_strdup(&l->arena, row->hook);
	copy->lane = arena_strdup(&l->arena, row->lane);
	copy->result = arena_strdup(&l->arena, row->result);
	return STATUS_OK;
}

static enum status load_dead(void *user, const struct record_delivery *row)
{
	struct outbox *outbox = user;

	if (row->ended_ms > outbox->last_dead_ms)
		outbox->last_dead_ms = row->ended_ms;
	return STATUS_OK;
}

static enum status load_hook(void *user, const struct record_hook *row)
{
	struct receiver *receiver = receiver_of(user, row->name);

	receiver->is_known = true;
	receiver->is_disabled = row->disabled;
	return STATUS_OK;
}

enum status outbox_load(struct outbox *outbox, char error[STORE_ERROR_SIZE])
{
	struct store *store = outbox->options.store;
	struct loading l = { .outbox = outbox };

	arena_init(&l.arena);
	enum status status = store_read_deliveries(store, RECORD_DELIVERY_WAITING, INT64_MAX,
						   load_row, &l, error);
	if (status == STATUS_OK)
		status = store_read_deliveries(store, RECORD_DELIVERY_DEAD, INT64_MAX, load_dead,
					       outbox, error);
	if (status == STATUS_OK)
		status = store_read_hooks(store, load_hook, outbox, error);
	for (size_t i = l.n; status == STATUS_OK && i-- > 0;)
		add(outbox, &l.rows[i]);
	free(l.rows);
	arena_deinit(&l.arena);
	if (status == STATUS_OK)
		loop_timer_start(outbox->timer, 1);
	return status;
}

/* A request to send one again, on its way to the store. */
struct again {
	struct outbox *outbox;
	struct record_delivery row;
	struct record_hook hook;
	struct record_audit audit;
	struct arena arena;
	outbox_done *done;
	void *user;
};

static void on_again(void *user, enum status status, const char *error)
{
	struct again *again = user;
	struct outbox *outbox = again->outbox;

	if (status == STATUS_OK) {
		struct parcel *known = find_parcel(outbox, again->row.id);
		receiver_of(outbox, again->row.hook)->is_disabled = false;
		if (known && !known->is_busy && !known->is_unsaved)
			known->row.next_ms = again->row.next_ms;
		else if (!known)
			add(outbox, &again->row);
		pump(outbox);
	}
	again->done(again->user, status, error);
	arena_deinit(&again->arena);
	free(again);
}

static struct record_audit copy_audit(const struct record_audit *audit, struct arena *arena)
{
	struct record_audit copy = *audit;
	copy.who = arena_strdup(arena, audit->who);
	copy.origin = arena_strdup(arena, audit->origin);
	copy.object = arena_strdup(arena, audit->object);
	return copy;
}

enum status outbox_retry(struct outbox *outbox, int64_t id, const struct record_audit *audit,
			 outbox_done *done, void *user, char error[STORE_ERROR_SIZE])
{
	struct again *again = mem_alloc(sizeof *again);
	struct parcel *known = find_parcel(outbox, id);
	struct store_change change = { .delivery = &again->row, .done = on_again, .user = again };

	*again = (struct again){ .outbox = outbox, .done = done, .user = user };
	arena_init(&again->arena);
	enum status status =
		store_read_delivery(outbox->options.store, id, &again->arena, &again->row, error);
	if (status == STATUS_OK && (again->row.state == RECORD_DELIVERY_DONE ||
				    (known && (known->is_busy || known->is_unsaved))))
		status = STATUS_CONFLICT;
	if (status == STATUS_OK) {
		again->row.state = RECORD_DELIVERY_WAITING;
		again->row.next_ms = outbox->options.now_ms();
		again->row.ended_ms = TIMESTAMP_NONE;
		again->row.attempts = 0;
		again->hook = (struct record_hook){ again->row.hook, false, again->row.next_ms };
		if (outbox_is_disabled(outbox, again->row.hook))
			change.hook = &again->hook;
		if (audit) {
			again->audit = copy_audit(audit, &again->arena);
			change.audit = &again->audit;
		}
		status = store_submit(outbox->options.store, &change);
	}
	if (status != STATUS_OK) {
		arena_deinit(&again->arena);
		free(again);
	}
	return status;
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
	receiver_of(outbox, hook)->is_known = true;
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
