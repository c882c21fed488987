#include <stdlib.h>

#include "collector/auth/identities.h"
#include "collector/auth/identities_internal.h"
#include "collector/model/record_identity.h"
#include "proto/base/mem.h"

/* A change on its way to the store, with everything that it points to. */
struct passage {
	struct identities *identities;
	struct record_identity identity;
	struct record_audit audit;
	bool adds;
	identities_done *done;
	void *user;
	struct arena arena;
};

static void copy(struct passage *passage, const struct record_identity *identity,
		 const struct record_audit *audit)
{
	struct arena *arena = &passage->arena;

	passage->identity = *identity;
	passage->identity.name = arena_strdup(arena, identity->name);
	passage->identity.id = arena_strdup(arena, identity->id);
	passage->identity.made_by = arena_strdup(arena, identity->made_by);
	passage->audit = (struct record_audit){
		.at_ms = audit->at_ms,
		.who = arena_strdup(arena, audit->who),
		.origin = arena_strdup(arena, audit->origin),
		.action = arena_strdup(arena, audit->action),
		.kind = identity->kind,
		.object = passage->identity.name,
		.object_id = passage->identity.id,
	};
}

/* Is what the store has under that name what was to be added? */
static enum status compare(struct passage *passage, char error[STORE_ERROR_SIZE])
{
	const struct record_identity *ours = &passage->identity;
	struct record_identity stored;
	enum status status = store_read_identity(passage->identities->options.store, ours->kind,
						 ours->name, &passage->arena, &stored, error);
	if (status == STATUS_OK && !secret_hash_equal(stored.hash, ours->hash))
		return STATUS_CONFLICT;
	return status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status; /* revoked meanwhile */
}

static void on_committed(void *user, enum status status, const char *reason)
{
	struct passage *passage = user;
	char error[STORE_ERROR_SIZE] = "";

	if (status == STATUS_OK) {
		status = identities_refresh(passage->identities, error);
		if (status == STATUS_OK && passage->adds)
			status = compare(passage, error);
		reason = error;
	}
	passage->done(passage->user, status, reason);
	arena_deinit(&passage->arena);
	free(passage);
}

enum status identities_submit(struct identities *ids, const struct identities_change *change,
			      identities_done *done, void *user)
{
	struct passage *passage = mem_alloc(sizeof *passage);
	struct store_change row = { .audit = &passage->audit,
				    .done = on_committed,
				    .user = passage };

	passage->identities = ids;
	passage->adds = change->add != NULL;
	passage->done = done;
	passage->user = user;
	arena_init(&passage->arena);
	copy(passage, change->add ? change->add : change->drop, &change->audit);
	if (passage->adds)
		row.add_identity = &passage->identity;
	else
		row.drop_identity = &passage->identity;
	enum status status = store_submit(ids->options.store, &row);
	if (status != STATUS_OK) {
		arena_deinit(&passage->arena);
		free(passage);
	}
	return status;
}
