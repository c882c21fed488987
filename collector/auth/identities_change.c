#include <stdlib.h>

#include "collector/auth/identities.h"
#include "collector/auth/identities_internal.h"
#include "collector/model/record_identity.h"
#include "collector/store/keep.h"
#include "proto/base/mem.h"

static void copy_change(struct identity_change *pending, const struct record_identity *identity,
			const struct record_audit *audit)
{
	pending->identity = *identity;
	pending->audit = *audit;
	pending->audit.kind = identity->kind;
	pending->audit.object = identity->name;
	pending->audit.object_id = identity->id;
	store_keep_record(&store_identities, &pending->identity, &pending->arena);
	store_keep_record(&store_audits, &pending->audit, &pending->arena);
}

enum status identity_change_compare(const struct store_connection *reader,
				    struct identity_change *change, char error[STORE_ERROR_SIZE])
{
	const struct record_identity *ours = &change->identity;
	struct record_identity stored;

	change->outcome = STATUS_OK;
	if (!change->adds)
		return STATUS_OK;
	enum status status =
		store_read_identity(reader, ours->kind, ours->name, &change->arena, &stored, error);
	if (status == STATUS_NOT_FOUND || /* revoked meanwhile */
	    (status == STATUS_OK && !secret_hash_equal(stored.hash, ours->hash)))
		change->outcome = STATUS_CONFLICT;
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void end_change(struct identity_change *change, enum status status, const char *error)
{
	change->done(change->user, status, error);
	arena_deinit(&change->arena);
	free(change);
}

void identity_change_end_all(struct identity_change_list *changes, enum status status,
			     const char *error)
{
	struct identity_change *change;

	while ((change = STAILQ_FIRST(changes)) != NULL) {
		STAILQ_REMOVE_HEAD(changes, link);
		end_change(change, status == STATUS_OK ? change->outcome : STATUS_REFUSED, error);
	}
}

static void on_committed(void *user, enum status status, const char *error)
{
	struct identity_change *change = user;
	struct identities *ids = change->identities;

	if (status != STATUS_OK) {
		end_change(change, status, error);
		return;
	}
	STAILQ_INSERT_TAIL(&ids->committed, change, link);
	identities_refresh(ids);
}

enum status identities_submit(struct identities *ids, const struct identities_change *change,
			      identities_done *done, void *user)
{
	struct identity_change *pending = mem_alloc(sizeof *pending);
	struct store_change row = { .audit = &pending->audit,
				    .done = on_committed,
				    .user = pending };

	pending->identities = ids;
	pending->adds = change->add != NULL;
	pending->done = done;
	pending->user = user;
	arena_init(&pending->arena);
	copy_change(pending, change->add ? change->add : change->drop, &change->audit);
	if (pending->adds)
		row.add_identity = &pending->identity;
	else
		row.drop_identity = &pending->identity;
	enum status status = store_submit(ids->options.store, &row);
	if (status != STATUS_OK) {
		arena_deinit(&pending->arena);
		free(pending);
	}
	return status;
}
