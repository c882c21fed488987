#include <stdlib.h>

#include "collector/auth/identities.h"
#include "collector/auth/identities_internal.h"
#include "collector/model/record_identity.h"
#include "proto/base/mem.h"

/* A change on its way to the store, with everything that it points to. */
struct identity_change {
	struct identities *identities;
	struct record_identity identity;
	struct record_audit audit;
	bool adds;
	identities_done *done;
	void *user;
	struct arena arena;
};

static void copy_change(struct identity_change *pending, const struct record_identity *identity,
			const struct record_audit *audit)
{
	struct arena *arena = &pending->arena;

	pending->identity = *identity;
	pending->identity.name = arena_strdup(arena, identity->name);
	pending->identity.id = arena_strdup(arena, identity->id);
	pending->identity.made_by = arena_strdup(arena, identity->made_by);
	pending->audit = (struct record_audit){
		.at_ms = audit->at_ms,
		.who = arena_strdup(arena, audit->who),
		.origin = arena_strdup(arena, audit->origin),
		.action = arena_strdup(arena, audit->action),
		.kind = identity->kind,
		.object = pending->identity.name,
		.object_id = pending->identity.id,
	};
}

/* Is what the store has under that name what was to be added? */
static enum status compare_stored(struct identity_change *pending, char error[STORE_ERROR_SIZE])
{
	const struct record_identity *ours = &pending->identity;
	struct record_identity stored;
	enum status status =
		store_read_identity(store_reader(pending->identities->options.store), ours->kind,
				    ours->name, &pending->arena, &stored, error);
	if (status == STATUS_OK && !secret_hash_equal(stored.hash, ours->hash))
		return STATUS_CONFLICT;
	return status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status; /* revoked meanwhile */
}

static void on_committed(void *user, enum status status, const char *reason)
{
	struct identity_change *pending = user;
	char error[STORE_ERROR_SIZE] = "";

	if (status == STATUS_OK) {
		status = identities_refresh(pending->identities, error);
		if (status == STATUS_OK && pending->adds)
			status = compare_stored(pending, error);
		reason = error;
	}
	pending->done(pending->user, status, reason);
	arena_deinit(&pending->arena);
	free(pending);
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
