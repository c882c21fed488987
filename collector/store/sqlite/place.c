#include "collector/store/sqlite/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/base/count.h"
#include "proto/base/mem.h"

/* Bytes of a path in a message, so that what helps fits behind it. */
#define MAX_SHOWN 240

#define WHAT_HELPS                                                                                 \
	"Nothing is stored until the same one is back; if it cannot come back, restart the "       \
	"collector"

static enum status fail_to_look(const char *path, char error[STORE_ERROR_SIZE])
{
	snprintf(error, STORE_ERROR_SIZE, "could not look at '%.*s': %s", MAX_SHOWN, path,
		 strerror(errno));
	return STATUS_SYSTEM;
}

/* Takes `path`. */
static enum status note_file(struct store_place *place, char *path, char error[STORE_ERROR_SIZE])
{
	struct stat file;

	place->files[place->n].path = path;
	if (stat(path, &file) != 0) {
		enum status status = fail_to_look(path, error);
		free(path);
		return status;
	}
	place->files[place->n].device = file.st_dev;
	place->files[place->n++].inode = file.st_ino;
	return STATUS_OK;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = mem_strdup(slash ? path : ".");

	if (slash)
		directory[slash == path ? 1 : slash - path] = '\0';
	return directory;
}

enum status store_place_note(struct store_place *place, const char *path,
			     char error[STORE_ERROR_SIZE])
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	size_t size = strlen(path) + sizeof "-wal";

	enum status status = note_file(place, directory_of(path), error);
	for (size_t i = 0; status == STATUS_OK && i < COUNT(ends); i++) {
		char *file = mem_alloc(size);
		snprintf(file, size, "%s%s", path, ends[i]);
		status = note_file(place, file, error);
	}
	return status;
}

static enum status tell_missing(const char *path, char error[STORE_ERROR_SIZE])
{
	snprintf(error, STORE_ERROR_SIZE,
		 "'%.*s' is not there any more: it, or a directory above it, was removed or "
		 "renamed while the collector has it open. " WHAT_HELPS,
		 MAX_SHOWN, path);
	return STATUS_CONFLICT;
}

static enum status tell_replaced(const char *path, char error[STORE_ERROR_SIZE])
{
	snprintf(error, STORE_ERROR_SIZE,
		 "'%.*s' is another one than the collector has open: it was replaced or mounted "
		 "over. " WHAT_HELPS,
		 MAX_SHOWN, path);
	return STATUS_CONFLICT;
}

enum status store_place_look(const struct store_place *place, char error[STORE_ERROR_SIZE])
{
	struct stat now;

	for (size_t i = 0; i < place->n; i++) {
		const char *path = place->files[i].path;
		if (stat(path, &now) != 0)
			return errno == ENOENT || errno == ENOTDIR ? tell_missing(path, error)
								   : fail_to_look(path, error);
		if (now.st_dev != place->files[i].device || now.st_ino != place->files[i].inode)
			return tell_replaced(path, error);
	}
	return STATUS_OK;
}

void store_place_deinit(struct store_place *place)
{
	for (size_t i = 0; i < place->n; i++)
		free(place->files[i].path);
	*place = (struct store_place){ 0 };
}
