#include "collector/store/admin.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/model/record_identity.h"
#include "collector/store/engine.h"
#include "collector/store/keep.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"

/* Rows that are read at once. */
#define IDENTITIES_A_PAGE 256

struct store_admin {
	struct store_connection own;
};

enum status store_admin_open(struct store_admin **out, const struct store_location *location,
			     bool create, char error[STORE_ERROR_SIZE])
{
	struct store_db *db = NULL;

	enum status status = location->engine->open_admin(&db, location, create, error);
	if (status != STATUS_OK)
		return status;
	*out = mem_alloc(sizeof **out);
	(*out)->own = (struct store_connection){ location->engine, db };
	return STATUS_OK;
}

void store_admin_close(struct store_admin *admin)
{
	if (!admin)
		return;
	admin->own.engine->close(admin->own.db);
	free(admin);
}

enum status store_admin_change(struct store_admin *admin, const struct store_change *change,
			       char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->commit(admin->own.db, &change, 1, NULL, error);
}

enum status store_admin_read_identity(struct store_admin *admin, enum record_kind kind,
				      const char *name, struct arena *arena,
				      struct record_identity *out, char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->read_identity(admin->own.db, kind, name, arena, out, error);
}

/*
 * Whoever gets rows may wait for long, for whoever reads a pipe. So they get copies, when nothing
 * is read any more: the log could not start over meanwhile, and would grow with each report.
 */
struct identity_page {
	struct arena arena;
	struct record_identity rows[IDENTITIES_A_PAGE];
	size_t n;
};

static enum status keep_identity(void *user, const struct record_identity *identity)
{
	struct identity_page *page = user;
	struct record_identity *row = &page->rows[page->n++];

	*row = *identity;
	store_keep_record(&store_identities, row, &page->arena);
	return STATUS_OK;
}

/* Reads those behind the last of `page` into it, and visits them. */
static enum status visit_next(struct store_admin *admin, enum record_kind kind,
			      struct identity_page *page, store_each_identity *each, void *user,
			      char error[STORE_ERROR_SIZE])
{
	struct arena before = page->arena;
	const char *after = page->n > 0 ? page->rows[page->n - 1].name : "";

	arena_init(&page->arena);
	page->n = 0;
	enum status status = admin->own.engine->read_identities(
		admin->own.db, kind, after, IDENTITIES_A_PAGE, keep_identity, page, error);
	arena_deinit(&before);
	for (size_t i = 0; status == STATUS_OK && i < page->n; i++)
		status = each(user, &page->rows[i]);
	return status;
}

enum status store_admin_read_identities(struct store_admin *admin, enum record_kind kind,
					store_each_identity *each, void *user,
					char error[STORE_ERROR_SIZE])
{
	struct identity_page page = { .n = 0 };
	enum status status;

	arena_init(&page.arena);
	do
		status = visit_next(admin, kind, &page, each, user, error);
	while (status == STATUS_OK && page.n == IDENTITIES_A_PAGE);
	arena_deinit(&page.arena);
	return status;
}

/* A read of an engine: of the list of expected servers, or of the one before. */
typedef enum status read_expected(struct store_db *db, store_each_expected *each, void *user,
				  char error[STORE_ERROR_SIZE]);

static enum status visit_expected(struct store_admin *admin, read_expected *read,
				  store_each_expected *each, void *user,
				  char error[STORE_ERROR_SIZE])
{
	struct store_expected_rows all = { .n = 0 };

	arena_init(&all.arena);
	enum status status = read(admin->own.db, store_keep_expected, &all, error);
	for (size_t i = 0; status == STATUS_OK && i < all.n; i++)
		status = each(user, &all.rows[i]);
	free(all.rows);
	arena_deinit(&all.arena);
	return status;
}

enum status store_admin_read_expected(struct store_admin *admin, store_each_expected *each,
				      void *user, char error[STORE_ERROR_SIZE])
{
	return visit_expected(admin, admin->own.engine->read_expected, each, user, error);
}

enum status store_admin_read_former_expected(struct store_admin *admin, store_each_expected *each,
					     void *user, char error[STORE_ERROR_SIZE])
{
	return visit_expected(admin, admin->own.engine->read_former_expected, each, user, error);
}

enum status store_admin_read_removals(struct store_admin *admin, store_each_removal *each,
				      void *user, char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->read_removals(admin->own.db, each, user, error);
}

enum status store_admin_look(struct store_admin *admin, struct arena *arena, struct store_look *out,
			     char error[STORE_ERROR_SIZE])
{
	if (admin->own.engine->read_look)
		return admin->own.engine->read_look(admin->own.db, arena, out, error);
	snprintf(error, STORE_ERROR_SIZE,
		 "only collectors whose store is in a database (store) know of each other");
	return STATUS_UNSUPPORTED;
}

enum status store_admin_has_server(struct store_admin *admin, const char *key, bool *out,
				   char error[STORE_ERROR_SIZE])
{
	struct record_report latest;
	struct record_server server;
	struct arena arena;

	arena_init(&arena);
	enum status status =
		admin->own.engine->read_server(admin->own.db, key, &arena, &server, &latest, error);
	arena_deinit(&arena);
	*out = status == STATUS_OK;
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_admin_read_reports(struct store_admin *admin, const struct store_filter *filter,
				     store_each_report *each, void *user,
				     char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->read_reports(admin->own.db, filter, each, user, error);
}
