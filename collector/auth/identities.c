#include "collector/auth/identities.h"

#include <stdlib.h>
#include <string.h>

#include "collector/auth/identities_internal.h"
#include "collector/base/log.h"
#include "proto/base/mem.h"

struct identity_list *identities_list(struct identities *ids, enum record_kind kind)
{
	switch (kind) {
	case RECORD_KIND_TOKEN:
		return &ids->tokens;
	case RECORD_KIND_SECRET:
		return &ids->secrets;
	case RECORD_KIND_SESSION:
		return &ids->sessions;
	case RECORD_KIND_NONE:
	case RECORD_KIND_AGENT:
	case RECORD_KIND_SERVER:
	case RECORD_KIND_ALERT:
	case RECORD_KIND_USER:
	case RECORD_KIND_SITE:
		break;
	}
	return NULL;
}

static void call_looked(const struct identities *ids, bool changed)
{
	if (ids->options.looked)
		ids->options.looked(ids->options.user, changed);
}

/* One reading of the store, for the changes that are committed. */
struct refresh {
	struct identities *identities;
	struct identity_news news;
	struct identity_change_list changes;
};

static enum status read_refresh(const struct store_connection *reader, void *user,
				char error[STORE_ERROR_SIZE])
{
	struct refresh *refresh = user;
	struct identity_change *change;

	enum status status = identity_news_read(reader, &refresh->news, error);
	STAILQ_FOREACH(change, &refresh->changes, link)
	{
		if (status == STATUS_OK)
			status = identity_change_compare(reader, change, error);
	}
	return status;
}

static void note_failure(struct identities *ids, enum status status, const char *error)
{
	bool fails = status != STATUS_OK && status != STATUS_REFUSED;

	if (fails && !ids->failing)
		log_error("tokens and agents may be out of date: %s", error);
	ids->failing = fails;
}

static void on_refreshed(void *user, enum status status, const char *error)
{
	struct refresh *refresh = user;
	struct identities *ids = refresh->identities;

	ids->is_refreshing = false;
	if (status == STATUS_OK)
		identity_news_take(&refresh->news, ids);
	note_failure(ids, status, error);
	if (status == STATUS_OK && refresh->news.n_lines > 0)
		call_looked(ids, true);
	identity_change_end_all(&refresh->changes, status, error);
	identity_news_deinit(&refresh->news);
	free(refresh);
	if (!STAILQ_EMPTY(&ids->committed))
		identities_refresh(ids);
}

void identities_refresh(struct identities *ids)
{
	if (ids->is_refreshing)
		return;
	if (ids->stopped) {
		identity_change_end_all(&ids->committed, STATUS_REFUSED, "");
		return;
	}
	struct refresh *refresh = mem_alloc(sizeof *refresh);
	refresh->identities = ids;
	identity_news_init(&refresh->news, ids->seen);
	STAILQ_INIT(&refresh->changes);
	STAILQ_CONCAT(&refresh->changes, &ids->committed);
	ids->is_refreshing = true;
	if (store_ask(ids->options.store, STORE_LOOK_UP, read_refresh, on_refreshed, refresh) !=
	    STATUS_OK)
		on_refreshed(refresh, STATUS_FULL, "too much is asked of the store");
}

static void on_poll(void *user)
{
	struct identities *ids = user;

	identities_refresh(ids);
	call_looked(ids, false);
	if (!ids->stopped)
		loop_timer_start(ids->poll, IDENTITIES_POLL_MS);
}

enum status identities_open(struct identities **out, const struct identities_options *options,
			    char error[STORE_ERROR_SIZE])
{
	struct identities *ids = mem_alloc(sizeof *ids);
	struct identity_news news;

	ids->options = *options;
	STAILQ_INIT(&ids->committed);
	identity_news_init(&news, IDENTITIES_SEEN_NOTHING);
	enum status status = identity_news_read(store_reader(options->store), &news, error);
	if (status == STATUS_OK)
		identity_news_take(&news, ids);
	identity_news_deinit(&news);
	if (status != STATUS_OK) {
		identities_free(ids);
		return status;
	}
	ids->poll = loop_timer_new(options->loop, on_poll, ids);
	loop_timer_start(ids->poll, IDENTITIES_POLL_MS);
	*out = ids;
	return STATUS_OK;
}

void identities_stop(struct identities *ids)
{
	ids->stopped = true;
	loop_timer_close(ids->poll);
}

void identities_free(struct identities *ids)
{
	if (!ids)
		return;
	agent_map_deinit(&ids->agents);
	identity_list_deinit(&ids->tokens);
	identity_list_deinit(&ids->secrets);
	identity_list_deinit(&ids->sessions);
	free(ids);
}

size_t identities_count(const struct identities *ids, enum record_kind kind)
{
	switch (kind) {
	case RECORD_KIND_AGENT:
		return ids->agents.n;
	case RECORD_KIND_TOKEN:
		return ids->tokens.n;
	case RECORD_KIND_SECRET:
		return ids->secrets.n;
	case RECORD_KIND_SESSION:
		return ids->sessions.n;
	case RECORD_KIND_NONE:
	case RECORD_KIND_SERVER:
	case RECORD_KIND_ALERT:
	case RECORD_KIND_USER:
	case RECORD_KIND_SITE:
		break;
	}
	return 0;
}

bool identities_any(const struct identities *ids)
{
	return ids->agents.n + ids->tokens.n + ids->secrets.n > 0;
}

int64_t identities_now_ms(const struct identities *ids)
{
	return ids->options.now_ms();
}
