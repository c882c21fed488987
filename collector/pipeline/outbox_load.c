#include "collector/pipeline/outbox_internal.h"

#include <stdlib.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/store/keep.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

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

	if (outbox_find(l->outbox, row->id))
		return STATUS_OK;
	l->rows = mem_make_room(l->rows, l->n, &l->room, sizeof *l->rows);
	struct record_delivery *copy = &l->rows[l->n++];
	*copy = *row;
	store_keep_record(&store_deliveries, copy, &l->arena);
	return STATUS_OK;
}

/* When the last dead letter became one. */
struct dead_letters {
	struct outbox *outbox;
	int64_t known_ms; /* as the outbox had it when the store was asked */
	int64_t last_ms;  /* as the store has it; TIMESTAMP_NONE: there are none */
};

static enum status see_dead(void *user, const struct record_delivery *row)
{
	struct dead_letters *dead = user;

	if (row->ended_ms > dead->last_ms)
		dead->last_ms = row->ended_ms;
	return STATUS_OK;
}

static enum status read_dead(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	struct dead_letters *dead = user;

	dead->last_ms = TIMESTAMP_NONE;
	return store_read_deliveries(reader, RECORD_DELIVERY_DEAD, INT64_MAX, see_dead, dead,
				     error);
}

/* A delivery that became a dead letter meanwhile is the last one. */
static void on_dead_read(void *user, enum status status, const char *error)
{
	struct dead_letters *dead = user;
	struct outbox *outbox = dead->outbox;

	if (status == STATUS_OK && outbox->last_dead_ms == dead->known_ms)
		outbox->last_dead_ms = dead->last_ms;
	else if (status != STATUS_OK && status != STATUS_REFUSED)
		log_error("%s", error); /* the alert of dead letters ends with the next start */
	free(dead);
	if (!outbox->is_stopped)
		outbox->options.changed(outbox->options.user);
}

/* And tells then that something has changed. */
static void ask_for_dead(struct outbox *outbox)
{
	struct dead_letters *dead = mem_alloc(sizeof *dead);

	*dead = (struct dead_letters){ outbox, outbox->last_dead_ms, TIMESTAMP_NONE };
	if (store_ask(outbox->options.store, STORE_PAGE, read_dead, on_dead_read, dead) !=
	    STATUS_OK)
		on_dead_read(dead, STATUS_FULL, "too much is asked of the store");
}

static enum status load_hook(void *user, const struct record_hook *row)
{
	struct hook_state *hook_state = outbox_hook_state(user, row->name);

	hook_state->is_known = true;
	hook_state->is_disabled = row->disabled;
	return STATUS_OK;
}

enum status outbox_load(struct outbox *outbox, char error[STORE_ERROR_SIZE])
{
	struct store *store = outbox->options.store;
	struct loading l = { .outbox = outbox };
	struct dead_letters dead;

	arena_init(&l.arena);
	enum status status = store_read_deliveries(store_reader(store), RECORD_DELIVERY_WAITING,
						   INT64_MAX, load_row, &l, error);
	if (status == STATUS_OK)
		status = read_dead(store_reader(store), &dead, error);
	if (status == STATUS_OK)
		outbox->last_dead_ms = dead.last_ms;
	for (struct hook_state *r = outbox->hook_states; r; r = r->next)
		r->is_known = r->is_disabled = false;
	if (status == STATUS_OK)
		status = store_read_hooks(store_reader(store), load_hook, outbox, error);
	for (size_t i = l.n; status == STATUS_OK && i-- > 0;)
		outbox_add(outbox, &l.rows[i]);
	free(l.rows);
	arena_deinit(&l.arena);
	if (status == STATUS_OK)
		loop_timer_start(outbox->timer, 1);
	return status;
}

/* A request to send one again, on its way to the store. */
struct resend {
	struct outbox *outbox;
	struct record_delivery row;
	struct record_hook hook;
	struct record_audit audit;
	struct arena arena;
	outbox_done *done;
	void *user;
};

/* Somebody wants it to be sent, whatever held it up. */
static void apply_resend(struct resend *resend)
{
	struct outbox *outbox = resend->outbox;
	struct delivery *known = outbox_find(outbox, resend->row.id);
	struct hook_state *hook_state = outbox_hook_state(outbox, resend->row.hook);

	if (hook_state->is_disabled)
		hook_state->is_known = false; /* it is to hear of everything that fires */
	hook_state->is_disabled = false;
	hook_state->not_before_ms = 0;
	if (known && !known->is_busy && !known->is_unsaved)
		known->row.next_ms = resend->row.next_ms;
	else if (!known)
		outbox_add(outbox, &resend->row);
	if (!outbox->is_stopped)
		ask_for_dead(outbox);
	outbox_send_due(outbox);
}

static void on_resend_stored(void *user, enum status status, const char *error)
{
	struct resend *resend = user;

	if (status == STATUS_OK)
		apply_resend(resend);
	resend->done(resend->user, status, error);
	arena_deinit(&resend->arena);
	free(resend);
}

/* Is it waiting still, as the row says, or dead? */
static bool may_be_sent_again(const struct outbox *outbox, const struct record_delivery *row)
{
	const struct delivery *known = outbox_find(outbox, row->id);

	if (known)
		return !known->is_busy && !known->is_unsaved;
	return row->state == RECORD_DELIVERY_DEAD;
}

enum status outbox_retry(struct outbox *outbox, const struct record_delivery *row,
			 const struct record_audit *audit, outbox_done *done, void *user)
{
	if (!may_be_sent_again(outbox, row))
		return STATUS_CONFLICT;

	struct resend *resend = mem_alloc(sizeof *resend);
	struct store_change change = { .delivery = &resend->row,
				       .done = on_resend_stored,
				       .user = resend };
	*resend = (struct resend){ .outbox = outbox, .row = *row, .done = done, .user = user };
	arena_init(&resend->arena);
	store_keep_record(&store_deliveries, &resend->row, &resend->arena);
	resend->row.state = RECORD_DELIVERY_WAITING;
	resend->row.next_ms = outbox->options.now_ms();
	resend->row.ended_ms = TIMESTAMP_NONE;
	resend->row.attempts = 0;
	resend->hook = (struct record_hook){ resend->row.hook, false, resend->row.next_ms };
	if (outbox_is_disabled(outbox, resend->row.hook))
		change.hook = &resend->hook;
	if (audit) {
		resend->audit = *audit;
		store_keep_record(&store_audits, &resend->audit, &resend->arena);
		change.audit = &resend->audit;
	}
	enum status status = store_submit(outbox->options.store, &change);
	if (status != STATUS_OK) {
		arena_deinit(&resend->arena);
		free(resend);
	}
	return status;
}
