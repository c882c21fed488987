/*
 * The asker: a thread of the store that reads for whoever asks, on a connection of its own, so that
 * the loop is held up by no page. The loop's thread only.
 */
#pragma once

#include "collector/store/engine.h"

struct asker;

/* Takes the connection whatever happens. STATUS_SYSTEM: there is no thread to be had. */
enum status asker_open(struct asker **out, const struct store_connection *reader, uv_loop_t *loop,
		       char error[STORE_ERROR_SIZE]);

/* As store_ask(). */
enum status asker_ask(struct asker *asker, enum store_question kind, store_asked *read,
		      store_answered *done, void *user);

/* As store_asking(). */
size_t asker_count(const struct asker *asker);

/*
 * Ends it: what is being read is answered, what waits is refused, then `closed` is called, once,
 * from the loop; its connection is closed by then.
 */
void asker_close(struct asker *asker, void (*closed)(void *user), void *user);
