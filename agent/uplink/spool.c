#include "agent/uplink/spool.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "agent/platform/hash.h"
#include "agent/platform/log.h"
#include "agent/platform/sync.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"

#define FILE_HEAD  "mtawatch-spool/1"
#define SUFFIX     ".report"
#define NAME_SIZE  32  /* twenty digits, the suffix, the NUL */
#define HEAD_SIZE  256 /* bytes of the first line */
#define MAX_NUMBER INT64_C(9999999999999)

/* A report on disk. */
struct entry {
	int64_t number;         /* the file's name; higher is newer */
	size_t bytes;           /* of the file */
	bool from_this_process; /* written by this process: its monotonic clock is ours */
};

struct spool {
	struct sync_lock *lock; /* guards what follows */
	struct arena arena;
	bool usable;   /* the folders are there */
	char *unsaved; /* the newest report, where the disk could not take it */
	struct moment unsaved_at;
	int64_t unsaved_number; /* negative, decreasing: a newer report may replace one that is being sent */
	const char *dir;
	const char *rejected_dir;
	struct entry entries[SPOOL_MAX_REPORTS + 1]; /* oldest first */
	size_t n;
	size_t bytes;
	int64_t next; /* number of the next one */
	size_t dropped;
};

static bool get_number(const char *name, int64_t *number)
{
	char digits[NAME_SIZE];
	size_t n = strlen(name);
	size_t suffix = strlen(SUFFIX);

	if (n <= suffix || n >= sizeof digits || strcmp(name + n - suffix, SUFFIX) != 0)
		return false;
	memcpy(digits, name, n - suffix);
	digits[n - suffix] = '\0';
	return number_parse(digits, 1, MAX_NUMBER, number);
}

static char *path_of(const char *dir, int64_t number, struct arena *arena)
{
	return arena_printf(arena, "%s/%013" PRId64 SUFFIX, dir, number);
}

/* Forgets the report at `i`; its file is gone, or shall not be looked at again. */
static void remove_entry(struct spool *spool, size_t i)
{
	assert(i < spool->n && spool->bytes >= spool->entries[i].bytes);
	spool->bytes -= spool->entries[i].bytes;
	spool->n--;
	memmove(&spool->entries[i], &spool->entries[i + 1],
		(spool->n - i) * sizeof *spool->entries);
}

static void remove_file_at(struct spool *spool, size_t i)
{
	struct arena arena;

	arena_init(&arena);
	const char *path = path_of(spool->dir, spool->entries[i].number, &arena);
	enum status status = files_remove(path);
	if (status != STATUS_OK)
		log_warning("could not remove %s: %s", path, status_text(status));
	arena_deinit(&arena);
	remove_entry(spool, i);
}

/* Drops the oldest until there is room. */
static void make_room(struct spool *spool)
{
	size_t before = spool->n;

	while (spool->n > SPOOL_MAX_REPORTS || (spool->bytes > SPOOL_MAX_BYTES && spool->n > 1))
		remove_file_at(spool, 0);
	if (spool->n == before)
		return;
	spool->dropped += before - spool->n;
	log_warning("the spool is full: dropped the oldest %lu report(s), %lu since the start",
		    (unsigned long)(before - spool->n), (unsigned long)spool->dropped);
}

static void add_entry(struct spool *spool, int64_t number, size_t bytes, bool from_this_process)
{
	assert(spool->n <= SPOOL_MAX_REPORTS);
	spool->entries[spool->n++] = (struct entry){ number, bytes, from_this_process };
	spool->bytes += bytes;
	if (number >= spool->next)
		spool->next = number + 1;
	make_room(spool);
}

/* Cuts the next field off a line of fields parted by spaces. */
static char *next_field(char **at)
{
	char *field = *at;
	char *space = field ? strchr(field, ' ') : NULL;

	if (space)
		*space++ = '\0';
	*at = space;
	return field;
}

/* The body and the moment of a file's text; in place. False where it is damaged. */
static bool parse(char *text, size_t size, char **body, struct moment *at)
{
	char hash[HASH_SHA256_TEXT_SIZE];
	char *rest = text;
	char *end = memchr(text, '\n', size < HEAD_SIZE ? size : HEAD_SIZE);

	if (!end || memchr(text, '\0', size))
		return false;
	const char *name = next_field(&rest);
	const char *told = next_field(&rest);
	if (!rest || rest > end ||
	    hash_sha256(rest, size - (size_t)(rest - text), hash) != STATUS_OK)
		return false;
	*end = '\0';
	const char *wall = next_field(&rest);
	*body = end + 1;
	return strcmp(name, FILE_HEAD) == 0 && strcmp(told, hash) == 0 &&
	       number_parse(wall, INT64_MIN, INT64_MAX, &at->wall_ms) &&
	       number_parse(rest, 0, INT64_MAX, &at->mono_ms);
}

/* Reads the file of a report. */
static enum status read_kept(const char *path, char **body, struct moment *at, size_t *bytes)
{
	char *text = NULL;
	char *inside = NULL;
	enum status status = files_read(path, REPORT_MAX_BYTES + HEAD_SIZE, &text, bytes);
	if (status != STATUS_OK)
		return status;
	if (parse(text, *bytes, &inside, at))
		*body = mem_strdup(inside);
	else
		status = STATUS_MALFORMED;
	free(text);
	return status;
}

/* Never to be read, however often it is tried. */
static bool is_lost(enum status status)
{
	return status == STATUS_MALFORMED || status == STATUS_LIMIT;
}

/* Takes in one file that was there before us. */
static void adopt(struct spool *spool, const char *name)
{
	struct moment at;
	char *body = NULL;
	size_t bytes = 0;
	int64_t number = 0;
	const char *path = files_join(&spool->arena, spool->dir, name);

	if (!get_number(name, &number)) {
		(void)files_remove(
			path); /* a .tmp that a crash left; if it stays it does no harm */
		return;
	}
	enum status status = read_kept(path, &body, &at, &bytes);
	free(body);
	if (status == STATUS_OK) {
		add_entry(spool, number, bytes, false);
		return;
	}
	spool->dropped++;
	log_warning("skipped the spooled report %s: %s", path, status_text(status));
	if (is_lost(status))
		(void)files_remove(path); /* else it is skipped again at the next start */
}

static enum status adopt_all(struct spool *spool)
{
	const char **names = NULL;
	size_t n = 0;
	enum status status = files_list(spool->dir, &spool->arena, &names, &n);

	for (size_t i = 0; status == STATUS_OK && i < n; i++)
		adopt(spool, names[i]); /* the names are sorted, so the oldest comes first */
	return status;
}

/* Numbers go on behind the refused reports, so that none is written over by a later one. */
static void number_behind_rejected(struct spool *spool)
{
	const char **names = NULL;
	size_t n = 0;
	int64_t number = 0;

	if (files_list(spool->rejected_dir, &spool->arena, &names, &n) != STATUS_OK)
		return; /* it is only there to be looked at */
	for (size_t i = 0; i < n; i++) {
		if (get_number(names[i], &number) && number >= spool->next)
			spool->next = number + 1;
	}
}

static enum status open_folders(struct spool *spool)
{
	enum status status = files_make_dir(spool->dir);

	if (status == STATUS_OK)
		status = files_make_dir(spool->rejected_dir);
	if (status == STATUS_OK)
		status = adopt_all(spool);
	if (status == STATUS_OK)
		number_behind_rejected(spool);
	return status;
}

struct spool *spool_open(const char *dir)
{
	struct spool *spool = mem_alloc(sizeof *spool);

	spool->lock = sync_lock_new();
	arena_init(&spool->arena);
	spool->next = 1;
	spool->dir = files_join(&spool->arena, dir, "spool");
	spool->rejected_dir = files_join(&spool->arena, dir, "rejected");
	enum status status = open_folders(spool);
	spool->usable = status == STATUS_OK;
	if (!spool->usable)
		log_error("could not use the spool %s: %s; only the newest report is kept",
			  spool->dir, status_text(status));
	return spool;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	sync_lock_free(spool->lock);
	arena_deinit(&spool->arena);
	free(spool->unsaved);
	free(spool);
}

size_t spool_count(struct spool *spool)
{
	sync_lock(spool->lock);
	size_t n = spool->n + (spool->unsaved ? 1 : 0);
	sync_unlock(spool->lock);
	return n;
}

size_t spool_dropped(struct spool *spool)
{
	sync_lock(spool->lock);
	size_t n = spool->dropped;
	sync_unlock(spool->lock);
	return n;
}

static enum status put_file(struct spool *spool, const char *body, const struct moment *at)
{
	struct arena arena;
	char hash[HASH_SHA256_TEXT_SIZE];

	if (strlen(body) > REPORT_MAX_BYTES)
		return STATUS_LIMIT;
	arena_init(&arena);
	const char *path = path_of(spool->dir, spool->next, &arena);
	const char *hashed =
		arena_printf(&arena, "%" PRId64 " %" PRId64 "\n%s", at->wall_ms, at->mono_ms, body);
	enum status status = hash_sha256(hashed, strlen(hashed), hash);
	if (status == STATUS_OK) {
		const char *text = arena_printf(&arena, FILE_HEAD " %s %s", hash, hashed);
		status = files_replace(path, text, strlen(text));
		if (status == STATUS_OK)
			add_entry(spool, spool->next, strlen(text), true);
	}
	if (status != STATUS_OK)
		log_warning("could not spool the report as %s: %s", path, status_text(status));
	arena_deinit(&arena);
	return status;
}

static void drop_unsaved(struct spool *spool)
{
	free(spool->unsaved);
	spool->unsaved = NULL;
}

enum status spool_put(struct spool *spool, const char *body, const struct moment *at)
{
	sync_lock(spool->lock);
	spool->dropped += spool->unsaved ? 1 : 0;
	drop_unsaved(spool);
	enum status status = spool->usable ? put_file(spool, body, at) : STATUS_SYSTEM;
	if (status != STATUS_OK) {
		spool->unsaved = mem_strdup(body);
		spool->unsaved_at = *at;
		spool->unsaved_number--;
	}
	sync_unlock(spool->lock);
	return status;
}

/* How old is a report of `at`? */
static int64_t age_of(const struct entry *entry, const struct moment *at, const struct moment *now)
{
	int64_t age_ms = 0;

	if (entry->from_this_process)
		return now->mono_ms - at->mono_ms;
	(void)moment_elapsed(at, now, &age_ms); /* where it is in doubt, the wall's word */
	return age_ms;
}

/* Reads the newest file; one that cannot be read now is left to the next start. */
static enum status get_newest_file(struct spool *spool, const struct moment *now,
				   struct spooled *out)
{
	struct arena arena;
	struct moment at;
	size_t bytes = 0;
	const struct entry *entry = &spool->entries[spool->n - 1];

	arena_init(&arena);
	const char *path = path_of(spool->dir, entry->number, &arena);
	enum status status = read_kept(path, &out->body, &at, &bytes);
	if (status == STATUS_OK) {
		out->number = entry->number;
		out->age_ms = age_of(entry, &at, now);
	} else {
		log_warning("skipped the spooled report %s: %s", path, status_text(status));
		spool->dropped++;
		if (is_lost(status))
			remove_file_at(spool, spool->n - 1);
		else
			remove_entry(spool, spool->n - 1);
	}
	arena_deinit(&arena);
	return status;
}

enum status spool_get_newest(struct spool *spool, const struct moment *now, struct spooled *out)
{
	enum status status = STATUS_NOT_FOUND;

	sync_lock(spool->lock);
	if (spool->unsaved) {
		*out = (struct spooled){ spool->unsaved_number, mem_strdup(spool->unsaved),
					 now->mono_ms - spool->unsaved_at.mono_ms };
		status = STATUS_OK;
	}
	while (status != STATUS_OK && spool->n > 0)
		status = get_newest_file(spool, now, out);
	sync_unlock(spool->lock);
	return status == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}

/* The index of a report; spool->n where it has been dropped meanwhile. */
static size_t find_entry(const struct spool *spool, int64_t number)
{
	size_t i = spool->n;

	while (i > 0 && spool->entries[i - 1].number != number)
		i--;
	return i > 0 ? i - 1 : spool->n;
}

void spool_remove(struct spool *spool, int64_t number)
{
	sync_lock(spool->lock);
	size_t i = find_entry(spool, number);
	if (number == spool->unsaved_number)
		drop_unsaved(spool);
	else if (i < spool->n)
		remove_file_at(spool, i);
	sync_unlock(spool->lock);
}

/* Keeps the folder of refused reports small. */
static void trim_rejected(struct spool *spool, struct arena *arena)
{
	const char **names = NULL;
	size_t n = 0;

	if (files_list(spool->rejected_dir, arena, &names, &n) != STATUS_OK)
		return; /* it is only there to be looked at */
	for (size_t i = 0; i + SPOOL_MAX_REJECTED < n; i++)
		(void)files_remove(files_join(arena, spool->rejected_dir, names[i]));
}

static void put_aside(struct spool *spool, size_t i)
{
	struct arena arena;
	int64_t number = spool->entries[i].number;

	arena_init(&arena);
	const char *from = path_of(spool->dir, number, &arena);
	const char *to = path_of(spool->rejected_dir, number, &arena);
	enum status status = files_move(from, to);
	if (status == STATUS_OK) {
		log_warning("the refused report is kept as %s", to);
		remove_entry(spool, i);
		trim_rejected(spool, &arena);
	} else {
		log_warning("could not move %s to %s: %s", from, to, status_text(status));
		remove_file_at(spool, i);
	}
	arena_deinit(&arena);
}

void spool_reject(struct spool *spool, int64_t number)
{
	sync_lock(spool->lock);
	size_t i = find_entry(spool, number);
	if (number == spool->unsaved_number)
		drop_unsaved(spool);
	else if (i < spool->n)
		put_aside(spool, i);
	sync_unlock(spool->lock);
}
