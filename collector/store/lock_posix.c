#include "collector/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "collector/store/store.h"
#include "proto/base/arena.h"

/* Who holds it, as written by take(); for the message only. */
static long read_holder(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static enum status fail(int fd, const char *path, int code, char *error, size_t error_size)
{
	if (code == EWOULDBLOCK)
		snprintf(error, error_size,
			 "the data directory is in use by another collector (process %ld holds "
			 "'%s')",
			 read_holder(fd), path);
	else if (code == ENOENT)
		snprintf(error, error_size, "the data directory is not there: could not make '%s'",
			 path);
	else
		snprintf(error, error_size, "could not lock '%s': %s", path, strerror(code));
	if (fd >= 0)
		close(fd);
	if (code == EWOULDBLOCK)
		return STATUS_CONFLICT;
	return code == EACCES || code == EROFS ? STATUS_DENIED : STATUS_SYSTEM;
}

enum status store_lock_take(const char *path, int *lock, char *error, size_t error_size)
{
	char holder[32];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return fail(fd, path, errno, error, error_size);
	int n = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, (size_t)n, 0) != n)
		return fail(fd, path, errno, error, error_size);
	*lock = fd;
	return STATUS_OK;
}

enum status store_lock_directory(const char *directory, int *lock, char *error, size_t error_size)
{
	struct arena arena;

	arena_init(&arena);
	const char *path = arena_printf(&arena, "%s/%s", directory, STORE_LOCK);
	enum status status = store_lock_take(path, lock, error, error_size);
	arena_deinit(&arena);
	return status;
}

void store_lock_release(int lock)
{
	close(lock);
}
