#include "collector/pipeline/recall.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "proto/base/mem.h"

struct inquiry {
	STAILQ_ENTRY(inquiry) link;
	struct snapshot *snapshot;
	struct fleet_earlier earlier;
	struct fleet_ahead *ahead; /* NULL: nothing of the past is read */
	recall_done *done;
	void *user;
};

STAILQ_HEAD(inquiry_list, inquiry);

struct recall {
	struct store *store;
	struct fleet *fleet;
	int64_t (*now_ms)(void);
	struct inquiry_list asked; /* the store's thread reads for these */
	struct inquiry_list gathered;
	bool is_busy;   /* what gathers waits: a question is under way, or one is just being made */
	bool has_ended; /* the store is closed */
};

struct recall *recall_new(struct store *store, struct fleet *fleet, int64_t (*now_ms)(void))
{
	struct recall *recall = mem_alloc(sizeof *recall);

	recall->store = store;
	recall->fleet = fleet;
	recall->now_ms = now_ms;
	STAILQ_INIT(&recall->asked);
	STAILQ_INIT(&recall->gathered);
	return recall;
}

void recall_free(struct recall *recall)
{
	if (!recall)
		return;
	assert(STAILQ_EMPTY(&recall->asked) && STAILQ_EMPTY(&recall->gathered));
	free(recall);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* On the store's thread. */
static enum status read_one(const struct store_connection *reader, struct inquiry *inquiry,
			    char error[STORE_ERROR_SIZE])
{
	const struct report *report = &inquiry->snapshot->report;
	struct fleet_earlier *earlier = &inquiry->earlier;

	enum status status = store_read_body_hash(reader, or_empty(report->agent.id),
						  or_empty(report->agent.epoch), report->sequence,
						  &earlier->body_hash, error);
	earlier->is = status == STATUS_OK ? FLEET_EARLIER_FOUND : FLEET_EARLIER_NONE;
	if (inquiry->ahead && status == STATUS_NOT_FOUND)
		fleet_ahead_read(inquiry->ahead, reader);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status read_all(const struct store_connection *reader, void *user,
			    char error[STORE_ERROR_SIZE])
{
	struct recall *recall = user;
	struct inquiry *inquiry;
	enum status status = STATUS_OK;

	STAILQ_FOREACH(inquiry, &recall->asked, link)
	{
		if (status == STATUS_OK)
			status = read_one(reader, inquiry, error);
	}
	return status;
}

static void end_inquiry(struct inquiry *inquiry, enum status status, const char *error)
{
	if (inquiry->ahead && status == STATUS_OK)
		fleet_ahead_use(inquiry->ahead);
	inquiry->done(inquiry->user, status, &inquiry->earlier, error);
	fleet_ahead_free(inquiry->ahead);
	snapshot_unref(inquiry->snapshot);
	free(inquiry);
}

static void end_all(struct inquiry_list *list, enum status status, const char *error)
{
	struct inquiry *inquiry;

	while ((inquiry = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		end_inquiry(inquiry, status, error);
	}
}

/*
 * What the fleet knows counts before what the store has said: a report of the same identity may
 * have been taken a moment ago.
 */
static enum status ask_fleet(const struct recall *recall, struct inquiry *inquiry,
			     char error[FLEET_ERROR_SIZE])
{
	struct fleet_earlier known;

	enum status status = fleet_find_earlier(recall->fleet, inquiry->snapshot, &known, error);
	if (status == STATUS_OK && known.is == FLEET_EARLIER_FOUND)
		inquiry->earlier = known;
	return status;
}

static void recall_next(struct recall *recall);

/* An end may answer a call, whose client may report again at once: that gathers. */
static void on_answer(void *user, enum status status, const char *error)
{
	struct recall *recall = user;
	struct inquiry_list answered = STAILQ_HEAD_INITIALIZER(answered);
	char why[FLEET_ERROR_SIZE] = "";
	struct inquiry *inquiry;

	STAILQ_CONCAT(&answered, &recall->asked);
	recall->has_ended |= status == STATUS_REFUSED;
	while (status == STATUS_OK && (inquiry = STAILQ_FIRST(&answered)) != NULL) {
		STAILQ_REMOVE_HEAD(&answered, link);
		end_inquiry(inquiry, ask_fleet(recall, inquiry, why), why);
	}
	end_all(&answered, status, error);
	recall_next(recall);
}

/*
 * What is on its way to the store at this moment is found in the fleet; what was committed before,
 * the store's thread sees.
 */
static void choose(struct recall *recall, struct inquiry_list *from)
{
	char error[FLEET_ERROR_SIZE] = "";
	struct inquiry *inquiry;

	while ((inquiry = STAILQ_FIRST(from)) != NULL) {
		STAILQ_REMOVE_HEAD(from, link);
		enum status status = ask_fleet(recall, inquiry, error);
		if (status != STATUS_OK || inquiry->earlier.is == FLEET_EARLIER_FOUND) {
			end_inquiry(inquiry, status, error);
			continue;
		}
		inquiry->ahead =
			fleet_ahead_of_report(recall->fleet, inquiry->snapshot, recall->now_ms());
		STAILQ_INSERT_TAIL(&recall->asked, inquiry, link);
	}
}

/* Asks for what has gathered. False: no question is under way. */
static bool ask_store(struct recall *recall)
{
	struct inquiry_list now = STAILQ_HEAD_INITIALIZER(now);

	STAILQ_CONCAT(&now, &recall->gathered);
	if (recall->has_ended)
		end_all(&now, STATUS_REFUSED, "");
	choose(recall, &now);
	if (STAILQ_EMPTY(&recall->asked))
		return false;
	enum status status = store_ask(recall->store, STORE_LOOK_UP, read_all, on_answer, recall);
	if (status == STATUS_OK)
		return true;
	STAILQ_CONCAT(&now, &recall->asked);
	end_all(&now, status, "too much is asked of the store");
	return false;
}

static void recall_next(struct recall *recall)
{
	bool waits = false;

	recall->is_busy = true;
	while (!waits && !STAILQ_EMPTY(&recall->gathered))
		waits = ask_store(recall);
	recall->is_busy = waits;
}

void recall_ask(struct recall *recall, struct snapshot *snapshot, recall_done *done, void *user)
{
	struct inquiry *inquiry = mem_alloc(sizeof *inquiry);

	inquiry->snapshot = snapshot_ref(snapshot);
	inquiry->done = done;
	inquiry->user = user;
	STAILQ_INSERT_TAIL(&recall->gathered, inquiry, link);
	if (!recall->is_busy)
		recall_next(recall);
}

static bool is_in(const struct inquiry_list *list, const struct report *report)
{
	const struct inquiry *inquiry;

	STAILQ_FOREACH(inquiry, list, link)
	{
		const struct report *asked = &inquiry->snapshot->report;
		if (asked->sequence == report->sequence &&
		    strcmp(or_empty(asked->agent.id), or_empty(report->agent.id)) == 0 &&
		    strcmp(or_empty(asked->agent.epoch), or_empty(report->agent.epoch)) == 0)
			return true;
	}
	return false;
}

bool recall_is_asked(const struct recall *recall, const struct snapshot *snapshot)
{
	return is_in(&recall->asked, &snapshot->report) ||
	       is_in(&recall->gathered, &snapshot->report);
}
