#include "collector/notify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/buffer.h"
#include "collector/json_add.h"
#include "collector/log.h"
#include "collector/text_map.h"
#include "proto/arena.h"
#include "proto/exposure.h"
#include "proto/mem.h"

/* What is known of one server. */
struct item {
	char *key;
	int told;          /* the alarming verdict that the hook knows of, or CALM */
	int64_t number;    /* of the last notification */
	int seen;          /* the verdict of the last view, or UNSEEN */
	int seen_before;   /* the one before the notification became due, or UNSEEN */
	struct view *view; /* the last one; a reference while a notification is due */
	bool is_queued;
	struct item *next_due;   /* in the queue */
	struct item *next_known; /* of all */
};

#define CALM   (-1)
#define UNSEEN (-2)

struct notify {
	uv_loop_t *loop;
	struct store *store;
	struct arena arena; /* the command's text */
	struct hook_command_options hook;
	int64_t (*now_ms)(void);

	struct text_map by_key;
	struct item *known;
	struct item *first_due;
	struct item **end_of_due;
	size_t n_due;

	/* The first of the queue, on its way. */
	struct hook_command *run;
	struct item *at_work;
	int telling; /* the state that it is told */
	struct record_told record;
	bool is_saving; /* the hook has taken it, the store does not know yet */

	uv_timer_t pause;
	bool is_paused;
	uint64_t pause_ms;

	bool is_closing;
	bool is_pause_closed;
	void (*closed)(void *user);
	void *closed_user;
};

static bool is_alarming(int verdict)
{
	return verdict == VERDICT_EXPOSED || verdict == VERDICT_FAILING;
}

/* What the hook should know, given the last view: `unknown` changes nothing. */
static int wanted(const struct item *item)
{
	if (item->seen == UNSEEN || item->seen == VERDICT_UNKNOWN)
		return item->told;
	return is_alarming(item->seen) ? item->seen : CALM;
}

static bool is_due(const struct item *item)
{
	return wanted(item) != item->told;
}

static struct item *find_or_add(struct notify *n, const char *key)
{
	struct item *item = text_map_get(&n->by_key, key);
	if (item)
		return item;
	item = mem_alloc(sizeof *item);
	item->key = mem_strdup(key);
	item->told = CALM;
	item->seen = UNSEEN;
	item->seen_before = UNSEEN;
	item->next_known = n->known;
	n->known = item;
	text_map_add(&n->by_key, item->key, item);
	return item;
}

static void put_due(struct notify *n, struct item *item)
{
	item->is_queued = true;
	item->next_due = NULL;
	*n->end_of_due = item;
	n->end_of_due = &item->next_due;
	n->n_due++;
}

static struct item *take_due(struct notify *n)
{
	struct item *item = n->first_due;
	if (!item)
		return NULL;
	n->first_due = item->next_due;
	if (!n->first_due)
		n->end_of_due = &n->first_due;
	n->n_due--;
	item->is_queued = false;
	return item;
}

static void forget_view(struct item *item)
{
	view_unref(item->view);
	item->view = NULL;
}

static char *make_json(const struct notify *n, const struct item *item)
{
	char id[REPORT_MAX_STRING + 32];
	struct buffer out;
	size_t size = 0;
	bool fired = n->telling != CALM;

	buffer_init(&out);
	buffer_add_text(&out, "{\"id\":");
	snprintf(id, sizeof id, "%s.%" PRId64, item->key, item->number + 1);
	json_add_string(&out, id);
	buffer_printf(&out, ",\"event\":\"%s\",\"server\":", fired ? "fired" : "resolved");
	view_add(item->view, n->now_ms(), &out);
	buffer_add_text(&out, ",\"previous_verdict\":");
	json_add_string(&out, item->seen_before == UNSEEN
				      ? NULL
				      : verdict_name((enum verdict)item->seen_before));
	buffer_add_text(&out, "}\n");
	return buffer_take(&out, &size);
}

/* The end of each notification begins the next. */
static void start_next(struct notify *n);

static void end_closing(struct notify *n)
{
	void (*closed)(void *user) = n->closed;
	void *user = n->closed_user;

	while (n->known) {
		struct item *next = n->known->next_known;
		forget_view(n->known);
		free(n->known->key);
		free(n->known);
		n->known = next;
	}
	text_map_deinit(&n->by_key);
	arena_deinit(&n->arena);
	free(n);
	if (closed)
		closed(user);
}

static void try_end_closing(struct notify *n)
{
	if (n->is_closing && n->is_pause_closed && !n->run && !n->is_saving)
		end_closing(n);
}

static void on_pause_over(uv_timer_t *timer)
{
	struct notify *n = timer->data;
	n->is_paused = false;
	start_next(n);
}

/* The item goes to the end, so that others have their turn; all wait a while. */
static void try_again_later(struct notify *n)
{
	put_due(n, n->at_work);
	n->at_work = NULL;
	n->is_paused = true;
	uv_timer_start(&n->pause, on_pause_over, n->pause_ms, 0);
	n->pause_ms = n->pause_ms * 2 < NOTIFY_RETRY_MAX_MS ? n->pause_ms * 2 : NOTIFY_RETRY_MAX_MS;
}

static void on_saved(void *user, enum status status, const char *error)
{
	struct notify *n = user;
	struct item *item = n->at_work;

	n->is_saving = false;
	if (status != STATUS_OK) {
		log_error("could not remember what the hook was told of '%s', so it will be told "
			  "again: %s",
			  item->key, error);
		if (!n->is_closing)
			try_again_later(n);
		try_end_closing(n);
		return;
	}
	item->told = n->telling;
	item->number = n->record.number;
	n->pause_ms = NOTIFY_RETRY_MIN_MS;
	n->at_work = NULL;
	if (is_due(item)) { /* it changed while the hook ran */
		if (n->telling != CALM)
			item->seen_before = n->telling;
		put_due(n, item);
	} else {
		forget_view(item);
	}
	start_next(n);
	try_end_closing(n);
}

/* The hook has taken it; that is to outlive us. */
static void save(struct notify *n)
{
	n->record = (struct record_told){
		.key = n->at_work->key,
		.verdict = n->telling == CALM ? NULL : verdict_name((enum verdict)n->telling),
		.number = n->at_work->number + 1,
	};
	struct store_change change = {
		.told = &n->record, .n_told = 1, .done = on_saved, .user = n
	};
	n->is_saving = true;
	enum status status = store_submit(n->store, &change);
	if (status != STATUS_OK)
		on_saved(n, status, status_text(status));
}

static void on_run(void *user, enum status status, const char *message)
{
	struct notify *n = user;

	n->run = NULL;
	if (status == STATUS_OK) {
		save(n);
		return;
	}
	if (n->is_closing) {
		try_end_closing(n);
		return;
	}
	log_error("the hook failed for '%s', next attempt in %" PRIu64 " s: %s", n->at_work->key,
		  n->pause_ms / 1000, message);
	try_again_later(n);
}

static void start_next(struct notify *n)
{
	struct item *item = NULL;

	if (n->is_closing || n->is_paused || n->at_work)
		return;
	while ((item = take_due(n)) && !is_due(item))
		forget_view(item); /* undone before it could be told */
	if (!item)
		return;
	n->at_work = item;
	n->telling = wanted(item);
	char *json = make_json(n, item);
	n->run = hook_command_run(n->loop, &n->hook, json, on_run, n);
	free(json);
}

struct notify *notify_new(const struct notify_options *options)
{
	struct notify *n = mem_alloc(sizeof *n);

	n->loop = options->loop;
	n->store = options->store;
	n->now_ms = options->now_ms;
	n->hook = options->hook;
	arena_init(&n->arena);
	n->hook.command = arena_strdup(&n->arena, options->hook.command);
	n->end_of_due = &n->first_due;
	n->pause_ms = NOTIFY_RETRY_MIN_MS;
	uv_timer_init(n->loop, &n->pause); /* cannot fail */
	n->pause.data = n;
	return n;
}

static enum status remember(void *user, const struct record_told *told)
{
	struct item *item = find_or_add(user, told->key);
	enum verdict verdict = VERDICT_UNKNOWN;

	if (told->verdict && verdict_from_name(told->verdict, &verdict) &&
	    is_alarming((int)verdict))
		item->told = (int)verdict;
	item->number = told->number;
	item->seen = item->told == CALM ? UNSEEN : item->told;
	return STATUS_OK;
}

enum status notify_load(struct notify *n, char error[STORE_ERROR_SIZE])
{
	return store_read_told(n->store, remember, n, error);
}

static void on_pause_closed(uv_handle_t *handle)
{
	struct notify *n = handle->data;
	n->is_pause_closed = true;
	try_end_closing(n);
}

void notify_close(struct notify *n, void (*closed)(void *user), void *user)
{
	n->is_closing = true;
	n->closed = closed;
	n->closed_user = user;
	if (n->run)
		hook_command_kill(n->run);
	uv_close((uv_handle_t *)&n->pause, on_pause_closed);
}

void notify_view(struct notify *n, struct view *view)
{
	if (!n->hook.command || n->is_closing)
		return;
	struct item *item = find_or_add(n, view->key);
	bool was_due = is_due(item);
	int before = item->seen;

	item->seen = (int)view->verdict;
	if (!was_due && item->seen != before)
		item->seen_before = before;
	if (!is_due(item) && item != n->at_work)
		return; /* if it waits in the queue, it is found to be over there */
	forget_view(item);
	item->view = view_ref(view);
	if (item != n->at_work && !item->is_queued)
		put_due(n, item);
	start_next(n);
}

size_t notify_due(const struct notify *n)
{
	return n->n_due + (n->at_work != NULL);
}
