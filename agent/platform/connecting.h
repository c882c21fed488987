/*
 * How connecting ended, where the system tells in two places that do not always agree.
 *
 * On Windows NT select() may tell of a failure, in its exceptional set, a moment before SO_ERROR
 * has its reason: a connection that was refused passes as one that stands (OpenJDK asks again for
 * the same reason). Windows alone; the seam is there for tests on any system.
 */
#pragma once

#include <stdbool.h>

/* Times that the reason is asked for once more. */
#define CONNECTING_MAX_RETRIES 3

/* The connection failed, and no reason was told. */
#define CONNECTING_NO_REASON (-1)

struct connecting {
	int (*read_error)(void *user); /* SO_ERROR: 0 is none, or not yet */
	void (*yield)(void);           /* lets others run before it is asked again */
	void *user;
};

/* The error, 0 where the connection stands, or CONNECTING_NO_REASON. `failed`: select() told so. */
int connecting_error(const struct connecting *connecting, bool failed);
