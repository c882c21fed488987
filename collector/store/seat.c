#include "collector/store/seat.h"

#include <stdlib.h>

#include "collector/store/engine.h"
#include "collector/store/lock.h"
#include "proto/base/mem.h"

struct store_seat {
	struct store_connection own;
	int lock;
};

bool store_is_shared(const struct store_location *location)
{
	return location->engine->open_seat != NULL;
}

enum status store_seat_open(struct store_seat **out, const struct store_location *location,
			    char error[STORE_ERROR_SIZE])
{
	struct store_db *db = NULL;
	int lock;

	enum status status =
		store_lock_directory(location->directory, &lock, error, STORE_ERROR_SIZE);
	if (status != STATUS_OK)
		return status;
	status = location->engine->open_seat(&db, location, error);
	if (status != STATUS_OK) {
		store_lock_release(lock);
		return status;
	}
	*out = mem_alloc(sizeof **out);
	**out = (struct store_seat){ { location->engine, db }, lock };
	return STATUS_OK;
}

void store_seat_close(struct store_seat *seat)
{
	if (!seat)
		return;
	seat->own.engine->close(seat->own.db);
	store_lock_release(seat->lock);
	free(seat);
}

enum status store_seat_beat(struct store_seat *seat, const struct record_collector *self,
			    bool is_first, struct arena *arena, struct store_look *out,
			    char error[STORE_ERROR_SIZE])
{
	enum status status = seat->own.engine->beat(seat->own.db, self, is_first, error);

	return status == STATUS_OK ? seat->own.engine->read_look(seat->own.db, arena, out, error)
				   : status;
}

enum lease_outcome store_seat_take(struct store_seat *seat, const char *node,
				   const struct lease_attempt *attempt,
				   char error[STORE_ERROR_SIZE])
{
	return seat->own.engine->take_lease(seat->own.db, node, attempt, error);
}

enum status store_seat_release(struct store_seat *seat, const char *token, const char *next,
			       char error[STORE_ERROR_SIZE])
{
	return seat->own.engine->release_lease(seat->own.db, token, next, error);
}
