#include "collector/store/admin.h"

#include <stdint.h>
#include <stdlib.h>

#include "collector/model/record_identity.h"
#include "collector/store/internal.h"
#include "proto/base/mem.h"

struct store_admin {
	struct store_connection own;
};

enum status store_admin_open(struct store_admin **out, const struct store_engine *engine,
			     const char *directory, bool create, char error[STORE_ERROR_SIZE])
{
	struct store_db *db = NULL;

	enum status status = engine->open_admin(&db, directory, create, error);
	if (status != STATUS_OK)
		return status;
	*out = mem_alloc(sizeof **out);
	(*out)->own = (struct store_connection){ engine, db };
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

enum status store_admin_read_identities(struct store_admin *admin, enum record_kind kind,
					store_each_identity *each, void *user,
					char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->read_identities(admin->own.db, kind, "", SIZE_MAX / 2, each, user,
						  error);
}

enum status store_admin_read_expected(struct store_admin *admin, store_each_expected *each,
				      void *user, char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->read_expected(admin->own.db, each, user, error);
}

enum status store_admin_read_former_expected(struct store_admin *admin, store_each_expected *each,
					     void *user, char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->read_former_expected(admin->own.db, each, user, error);
}

enum status store_admin_read_reports(struct store_admin *admin, const struct store_filter *filter,
				     store_each_report *each, void *user,
				     char error[STORE_ERROR_SIZE])
{
	return admin->own.engine->read_reports(admin->own.db, filter, each, user, error);
}
