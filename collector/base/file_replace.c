#include "collector/base/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status explain(const char *path, int code, char *error, size_t error_size)
{
	snprintf(error, error_size, "could not write %s: %s", path, strerror(code));
	if (code == EACCES || code == EPERM || code == EROFS)
		return STATUS_DENIED;
	return code == ENOSPC || code == EDQUOT ? STATUS_FULL : STATUS_SYSTEM;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		n -= (size_t)written;
	}
	return true;
}

/* Returns 0 or an errno. */
static int write_new(const char *path, mode_t mode, const void *bytes, size_t n)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return errno;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	int code = 0;
	if (!write_all(fd, bytes, n) || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		code = errno;
	if (close(fd) != 0 && code == 0)
		code = errno;
	return code;
}

/* A rename is on the disk when its directory is. */
static int sync_directory_of(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int code = fsync(fd) != 0 ? errno : 0;
	close(fd);
	return code;
}

enum status file_replace(const char *path, mode_t mode, const void *bytes, size_t n, char *error,
			 size_t error_size)
{
	char fresh[PATH_MAX];

	if ((size_t)snprintf(fresh, sizeof fresh, "%s.new", path) >= sizeof fresh)
		return explain(path, ENAMETOOLONG, error, error_size);
	int code = write_new(fresh, mode, bytes, n);
	if (code == 0 && rename(fresh, path) != 0)
		code = errno;
	if (code != 0) {
		unlink(fresh);
		return explain(path, code, error, error_size);
	}
	code = sync_directory_of(path);
	return code == 0 ? STATUS_OK : explain(path, code, error, error_size);
}

enum status file_publish(const char *fresh, const char *path, char *error, size_t error_size)
{
	int fd = open(fresh, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int code = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (code == 0 && rename(fresh, path) != 0)
		code = errno;
	if (code == 0)
		code = sync_directory_of(path);
	return code == 0 ? STATUS_OK : explain(path, code, error, error_size);
}
