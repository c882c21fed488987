#include "agent/uplink/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "proto/base/arena.h"
#include "proto/base/number.h"

#define MAX_FILE 256 /* bytes of either file */

static enum status make_uuid(struct host *host, char text[UUID_TEXT_SIZE])
{
	struct os_error error;
	struct uuid uuid;
	enum status status = host_random(host, &uuid, sizeof uuid, &error);

	if (status != STATUS_OK) {
		log_error("could not make a random identifier: %s", error.text);
		return STATUS_SYSTEM;
	}
	/* Version 4, variant 1 (RFC 9562 section 5.4). */
	uuid.time_high = (uint16_t)((uuid.time_high & 0x0fff) | 0x4000);
	uuid.rest[0] = (uint8_t)((uuid.rest[0] & 0x3f) | 0x80);
	uuid_format(&uuid, text);
	return STATUS_OK;
}

static bool is_uuid(const char *text)
{
	struct uuid uuid;
	return uuid_parse(text, &uuid) == STATUS_OK;
}

/* The line of one of our files, without its end. NULL where there is none; failures are logged. */
static char *read_line(const char *path, struct arena *arena)
{
	char *text = NULL;
	size_t n = 0;
	enum status status = files_read(path, MAX_FILE, &text, &n);

	if (status == STATUS_NOT_FOUND)
		return NULL;
	if (status != STATUS_OK) {
		log_warning("could not read %s: %s", path, status_text(status));
		return NULL;
	}
	char *line = n > 0 && text[n - 1] == '\n' ? arena_strndup(arena, text, n - 1) : NULL;
	free(text);
	if (!line)
		log_warning("%s is damaged and is made anew", path);
	return line;
}

static enum status write_line(const char *dir, const char *name, const char *line)
{
	struct arena arena;

	arena_init(&arena);
	const char *path = files_join(&arena, dir, name);
	const char *text = arena_printf(&arena, "%s\n", line);
	enum status status = files_replace(path, text, strlen(text));
	if (status != STATUS_OK)
		log_error("could not write %s: %s", path, status_text(status));
	arena_deinit(&arena);
	return status;
}

/* "EPOCH SEQUENCE" */
static bool get_sequence(char *line, struct identity *identity)
{
	char *space = line ? strchr(line, ' ') : NULL;
	int64_t sequence = 0;

	if (!space || space - line != UUID_TEXT_SIZE - 1)
		return false;
	*space = '\0';
	if (!is_uuid(line) || !number_parse(space + 1, 0, INT64_MAX - 1, &sequence))
		return false;
	memcpy(identity->epoch, line, UUID_TEXT_SIZE);
	identity->sequence = sequence;
	return true;
}

static enum status save_sequence(struct identity *identity)
{
	char line[UUID_TEXT_SIZE + 24];

	if (!identity->dir || identity->unsaved)
		return STATUS_OK;
	(void)snprintf(line, sizeof line, "%s %" PRId64, identity->epoch, identity->sequence);
	return write_line(identity->dir, "sequence", line);
}

enum status identity_renew_epoch(struct identity *identity, struct host *host)
{
	identity->sequence = 0;
	return make_uuid(host, identity->epoch);
}

enum status identity_take_id(struct identity *identity, struct host *host, const char *id)
{
	if (strcmp(identity->id, id) == 0)
		return STATUS_OK;
	(void)snprintf(identity->id, sizeof identity->id, "%s", id);
	enum status status = identity_renew_epoch(identity, host);
	if (status == STATUS_OK)
		status = save_sequence(identity);
	if (status == STATUS_OK && identity->dir)
		status = write_line(identity->dir, FILES_IDENTITY, identity->id);
	return status;
}

enum status identity_next(struct identity *identity, struct host *host)
{
	identity->sequence++;
	if (save_sequence(identity) == STATUS_OK)
		return STATUS_OK;
	/* The file keeps the last number of its epoch, of which no more will be used. */
	identity->unsaved = true;
	enum status status = identity_renew_epoch(identity, host);
	identity->sequence = 1;
	return status;
}

/* The id from its file, or a new one (`*made`). */
static enum status get_id(struct identity *identity, struct host *host, const char *dir,
			  struct arena *arena, bool *made)
{
	char *id = dir ? read_line(files_join(arena, dir, FILES_IDENTITY), arena) : NULL;

	*made = !id || !is_uuid(id);
	if (*made)
		return make_uuid(host, identity->id);
	memcpy(identity->id, id, UUID_TEXT_SIZE);
	return STATUS_OK;
}

enum status identity_open(struct identity *identity, struct host *host, const char *dir, bool keep)
{
	struct arena arena;
	bool made = false;

	arena_init(&arena);
	*identity = (struct identity){ .dir = keep ? dir : NULL };
	enum status status = get_id(identity, host, dir, &arena, &made);
	bool known = !made && dir &&
		     get_sequence(read_line(files_join(&arena, dir, "sequence"), &arena), identity);
	if (status == STATUS_OK && !known)
		status = identity_renew_epoch(identity, host);
	if (status == STATUS_OK && made && identity->dir)
		status = write_line(identity->dir, FILES_IDENTITY, identity->id);
	arena_deinit(&arena);
	return status;
}
