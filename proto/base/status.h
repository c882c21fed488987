/*
 * How a call ended: one enumeration for all of mtawatch.
 *
 * Codes of systems and libraries (errno, GetLastError, CURLcode, SQLite, libuv) are translated
 * where they arise; beyond that file nobody sees one. Zero is success.
 */
#pragma once

/*
 * Two are easily mixed up. STATUS_LIMIT: a named limit of ours says that this is too much, whatever
 * room there is. STATUS_FULL: what it should go into has no room, a disk, a queue or the caller's
 * buffer.
 */
/* name, the sentence an administrator reads (completes "could not ...: ") */
#define STATUS_MAP(X)                                                                              \
	X(STATUS_OK, "no error")                                                                   \
	X(STATUS_TRUNCATED, "the data ends too early")                                             \
	X(STATUS_MALFORMED, "the data is damaged, or of another format")                           \
	X(STATUS_INVALID, "the value is not one of those allowed")                                 \
	X(STATUS_LIMIT, "a limit is exceeded")                                                     \
	X(STATUS_UNSUPPORTED, "this kind is not supported")                                        \
	X(STATUS_NOT_FOUND, "it does not exist")                                                   \
	X(STATUS_DENIED, "access is denied")                                                       \
	X(STATUS_CONFLICT, "it contradicts what is already there")                                 \
	X(STATUS_REFUSED, "the other side refused")                                                \
	X(STATUS_TIMED_OUT, "the time limit passed")                                               \
	X(STATUS_UNREACHABLE, "the other side cannot be reached")                                  \
	X(STATUS_FENCED, "another has taken over")                                                 \
	X(STATUS_FULL, "there is no room left")                                                    \
	X(STATUS_SYSTEM, "the system would not do it")

enum status {
#define X(name, text) name,
	STATUS_MAP(X)
#undef X
};

/* The sentence; never NULL, static. */
const char *status_text(enum status status);
