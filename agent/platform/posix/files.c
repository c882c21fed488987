#include "agent/platform/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"

static enum status from_errno(int code)
{
	switch (code) {
	case ENOENT:
		return STATUS_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return STATUS_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return STATUS_FULL;
	case ENAMETOOLONG:
		return STATUS_LIMIT;
	default:
		return STATUS_SYSTEM;
	}
}

/* As a service it is root's, else it is the user's own (XDG Base Directory Specification). */
const char *files_default_state_dir(struct arena *arena)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (geteuid() == 0)
		return "/var/lib/mtawatch-agent";
	if (state && state[0] == '/')
		return files_join(arena, state, "mtawatch-agent");
	return home && home[0] == '/' ? files_join(arena, home, ".local/state/mtawatch-agent")
				      : NULL;
}

const char *files_default_config(struct arena *arena)
{
	(void)arena;
	return "/etc/mtawatch/agent.conf";
}

enum status files_make_dir(const char *path)
{
	char part[FILES_MAX_PATH];
	struct stat facts;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof part)
		return STATUS_LIMIT;
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return from_errno(errno);
		if (i < n)
			part[i] = '/';
	}
	if (stat(path, &facts) != 0)
		return from_errno(errno);
	return S_ISDIR(facts.st_mode) ? STATUS_OK : STATUS_CONFLICT;
}

/* Reads what is there, at most `limit` bytes and one more to know that there is more. */
static enum status read_all(int fd, size_t limit, char **out, size_t *n)
{
	size_t room = 4096;
	size_t used = 0;
	char *bytes = mem_alloc(room);

	for (;;) {
		ssize_t got = read(fd, bytes + used, room - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || used + (size_t)got > limit) {
			enum status why = got < 0 ? from_errno(errno) : STATUS_LIMIT;
			free(bytes);
			return why;
		}
		if (got == 0)
			break;
		used += (size_t)got;
		if (room - used < 2)
			bytes = mem_realloc(bytes, room *= 2);
	}
	bytes[used] = '\0';
	*out = bytes;
	*n = used;
	return STATUS_OK;
}

enum status files_read(const char *path, size_t limit, char **out, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat facts;
	enum status status = STATUS_OK;

	if (fd < 0)
		return from_errno(errno);
	if (fstat(fd, &facts) != 0)
		status = from_errno(errno);
	else
		status = S_ISREG(facts.st_mode) ? read_all(fd, limit, out, n) : STATUS_INVALID;
	close(fd); /* nothing was written: nothing can be lost */
	return status;
}

static enum status write_all(int fd, const char *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = write(fd, bytes + at, n - at);
		if (put < 0 && errno != EINTR)
			return from_errno(errno);
		if (put > 0)
			at += (size_t)put;
	}
	return fsync(fd) == 0 ? STATUS_OK : from_errno(errno);
}

/* Forces the directory entry of `path` to the disk. */
static enum status sync_dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path))
			  : mem_strdup(".");
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status status = fd < 0 || fsync(fd) != 0 ? from_errno(errno) : STATUS_OK;

	if (fd >= 0)
		close(fd);
	free(dir);
	return status;
}

enum status files_move(const char *from, const char *to)
{
	if (rename(from, to) != 0)
		return from_errno(errno);
	return sync_dir_of(to);
}

enum status files_replace(const char *path, const void *bytes, size_t n)
{
	char temporary[FILES_MAX_PATH + 4];

	if (strlen(path) >= FILES_MAX_PATH)
		return STATUS_LIMIT;
	(void)snprintf(temporary, sizeof temporary, "%s.tmp", path);
	if (unlink(temporary) != 0 && errno != ENOENT)
		return from_errno(errno);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return from_errno(errno);
	enum status status = write_all(fd, bytes, n);
	if (close(fd) != 0 && status == STATUS_OK)
		status = from_errno(errno);
	if (status == STATUS_OK)
		status = files_move(temporary, path);
	if (status != STATUS_OK)
		(void)unlink(temporary); /* may already be gone; the first failure is told */
	return status;
}

/* Writes at the end of an open file of `size` bytes, all or nothing. */
static enum status append_whole(int fd, const void *bytes, size_t n, off_t size)
{
	ssize_t put = write(fd, bytes, n);

	if (put == (ssize_t)n)
		return STATUS_OK;
	enum status status = put < 0 ? from_errno(errno) : STATUS_FULL;
	return put > 0 && ftruncate(fd, size) != 0 ? from_errno(errno) : status;
}

enum status files_append(const char *path, const void *bytes, size_t n, int64_t max_size)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	struct stat facts;
	enum status status = STATUS_OK;

	if (fd < 0)
		return from_errno(errno);
	if (fstat(fd, &facts) != 0)
		status = from_errno(errno);
	else if (facts.st_size > 0 && facts.st_size + (int64_t)n > max_size)
		status = STATUS_LIMIT;
	else
		status = append_whole(fd, bytes, n, facts.st_size);
	if (close(fd) != 0 && status == STATUS_OK)
		status = from_errno(errno);
	return status;
}

enum status files_replace_private(const char *path, const void *bytes, size_t n)
{
	return files_replace(path, bytes, n);
}

bool files_exists(const char *path)
{
	struct stat facts;
	return lstat(path, &facts) == 0;
}

bool files_is_local(const char *path)
{
	/* Types of network file systems in statfs(2). */
	static const unsigned long remote[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC,
						CIFS_SUPER_MAGIC };
	struct statfs facts;

	if (statfs(path, &facts) != 0)
		return false;
	for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
		if ((unsigned long)facts.f_type == remote[i])
			return false;
	}
	return true;
}

enum status files_erase(const char *path)
{
	struct stat facts;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return from_errno(errno);
	enum status status = fstat(fd, &facts) == 0 ? STATUS_OK : from_errno(errno);
	if (status == STATUS_OK && (!S_ISREG(facts.st_mode) || facts.st_nlink > 1))
		status = STATUS_CONFLICT;
	for (off_t at = 0; status == STATUS_OK && at < facts.st_size; at++)
		status = pwrite(fd, "", 1, at) == 1 ? STATUS_OK : from_errno(errno);
	if (status == STATUS_OK && fsync(fd) != 0)
		status = from_errno(errno);
	close(fd);
	return status == STATUS_OK ? files_remove(path) : status;
}

enum status files_remove(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? STATUS_OK : from_errno(errno);
}

enum status files_remove_dir(const char *path)
{
	if (rmdir(path) == 0 || errno == ENOENT)
		return STATUS_OK;
	return errno == ENOTEMPTY || errno == EEXIST ? STATUS_CONFLICT : from_errno(errno);
}

/* The next entry that is a file, NULL at the end or on a failure (`*status`). */
static const char *next_file(DIR *dir, enum status *status)
{
	struct dirent *entry = NULL;
	struct stat facts;

	do {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			*status = errno == 0 ? STATUS_OK : from_errno(errno);
			return NULL;
		}
	} while (fstatat(dirfd(dir), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
		 !S_ISREG(facts.st_mode));
	return entry->d_name;
}

enum status files_list(const char *path, struct arena *arena, const char ***names, size_t *n)
{
	DIR *dir = opendir(path);
	if (!dir)
		return from_errno(errno);

	const char **found = arena_alloc_array(arena, FILES_MAX_LISTED, sizeof *found);
	enum status status = STATUS_OK;
	const char *name = NULL;
	size_t count = 0;
	while ((name = next_file(dir, &status)) != NULL && count < FILES_MAX_LISTED)
		found[count++] = arena_strdup(arena, name);
	if (name)
		status = STATUS_LIMIT;
	closedir(dir);
	if (status != STATUS_OK)
		return status;
	qsort(found, count, sizeof *found, text_by_bytes);
	*names = found;
	*n = count;
	return STATUS_OK;
}
