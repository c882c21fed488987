#include "agent/host/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/platform/error.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"

const char disk_separator[2] = "/";

static enum status fail(struct os_error *error, const char *call, const char *path)
{
	int code = errno;
	enum status status = STATUS_SYSTEM;
	if (code == ENOENT || code == ENOTDIR)
		status = STATUS_NOT_FOUND;
	else if (code == EACCES || code == EPERM)
		status = STATUS_DENIED;
	return os_fail(error, status, code, "%s %s: %s", call, path, strerror(code));
}

static void facts_of(const struct stat *st, struct disk_facts *out)
{
	out->directory = S_ISDIR(st->st_mode);
	out->size = (uint64_t)st->st_size;
	out->modified_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

enum status disk_stat(const char *path, struct disk_facts *out, struct os_error *error)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return fail(error, "stat", path);
	facts_of(&st, out);
	return STATUS_OK;
}

/* Reads until the end or until `room` bytes are there. */
static ssize_t read_up_to(int fd, uint8_t *bytes, size_t room)
{
	size_t n = 0;
	while (n < room) {
		ssize_t got = read(fd, bytes + n, room - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static enum status read_open(int fd, const char *path, size_t limit, struct host_file *out,
			     struct os_error *error)
{
	struct stat st;
	struct disk_facts facts;
	if (fstat(fd, &st) != 0)
		return fail(error, "fstat", path);
	facts_of(&st, &facts);
	if (!S_ISREG(st.st_mode))
		return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE, "%s is no file", path);
	if (facts.size > limit)
		return os_fail(error, STATUS_LIMIT, OS_NO_CODE,
			       "%s is longer than the %zu bytes that are read", path, limit);

	uint8_t *bytes = mem_alloc((size_t)facts.size + 1);
	ssize_t n = read_up_to(fd, bytes, (size_t)facts.size);
	if (n < 0) {
		free(bytes);
		return fail(error, "read", path);
	}
	*out = (struct host_file){ bytes, (size_t)n, facts.modified_ms };
	return STATUS_OK;
}

enum status disk_read(const char *path, size_t limit, struct host_file *out, struct os_error *error)
{
	/* O_NONBLOCK: a FIFO among the files must not hold up the agent. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(error, "open", path);
	enum status status = read_open(fd, path, limit, out, error);
	close(fd);
	return status;
}

enum status disk_list(const char *path, struct arena *arena, const char ***names, size_t *n,
		      struct os_error *error)
{
	DIR *dir = opendir(path);
	if (!dir)
		return fail(error, "opendir", path);

	const char **list = NULL;
	size_t count = 0;
	const struct dirent *entry = NULL;
	while (count <= DISK_MAX_NAMES && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (count % 64 == 0)
			list = mem_realloc(list, (count + 64) * sizeof *list);
		list[count++] = arena_strdup(arena, entry->d_name);
	}
	closedir(dir);
	if (count > DISK_MAX_NAMES) {
		free(list);
		return os_fail(error, STATUS_LIMIT, OS_NO_CODE, "%s has more than %d entries", path,
			       DISK_MAX_NAMES);
	}
	*names = arena_alloc_array(arena, count, sizeof **names);
	*n = count;
	if (count > 0) {
		memcpy(*names, list, count * sizeof *list);
		qsort(*names, count, sizeof **names, text_by_bytes);
	}
	free(list);
	return STATUS_OK;
}
