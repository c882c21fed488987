#include "agent/probe/grade_history.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"

#define FILE_HEAD "mtawatch-history/1"

struct row {
	char *key; /* adapter, peer and address, each ended by a tab */
	enum grade grade;
	int64_t stood_ms; /* at the moment of its cycle */
};

struct rows {
	struct row *list;
	size_t n;
	size_t room;
};

struct grade_history {
	struct moment at;   /* of the cycle that `now` holds */
	bool started;       /* there has been a cycle, of this process or of the file */
	bool from_file;     /* `at` and `now` are of an earlier process */
	int64_t elapsed_ms; /* from the cycle before to this one */
	struct rows before;
	struct rows now;
	size_t cursor; /* row of `before` that comes next: cycles see the rows in the same order */
};

static void clear_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->list[i].key);
	rows->n = 0;
}

/* Takes `key`. */
static void append(struct rows *rows, char *key, enum grade grade, int64_t stood_ms)
{
	if (rows->n == GRADE_HISTORY_MAX_ROWS) {
		free(key);
		return;
	}
	rows->list = mem_make_room(rows->list, rows->n, &rows->room, sizeof *rows->list);
	rows->list[rows->n++] = (struct row){ key, grade, stood_ms };
}

struct grade_history *grade_history_new(void)
{
	return mem_alloc(sizeof(struct grade_history));
}

void grade_history_free(struct grade_history *history)
{
	if (!history)
		return;
	clear_rows(&history->before);
	clear_rows(&history->now);
	free(history->before.list);
	free(history->now.list);
	free(history);
}

void grade_history_begin(struct grade_history *history, const struct moment *now,
			 int64_t max_gap_ms)
{
	struct rows old = history->before;
	int64_t elapsed_ms = 0;
	bool agree = moment_elapsed(&history->at, now, &elapsed_ms);

	if (!history->from_file) { /* our own counter needs no witness */
		elapsed_ms = now->mono_ms - history->at.mono_ms;
		agree = true;
	}
	clear_rows(&old);
	history->before = history->now;
	history->now = old;
	if (!history->started || !agree || elapsed_ms < 0 || elapsed_ms > max_gap_ms)
		clear_rows(&history->before);
	history->elapsed_ms = elapsed_ms;
	history->at = *now;
	history->started = true;
	history->from_file = false;
	history->cursor = 0;
}

static const struct row *find_before(struct grade_history *history, const char *key)
{
	size_t n = history->before.n;

	for (size_t i = 0; i < n; i++) {
		size_t at = (history->cursor + i) % n;
		if (strcmp(history->before.list[at].key, key) == 0) {
			history->cursor = at + 1;
			return &history->before.list[at];
		}
	}
	return NULL;
}

static char *make_key(const char *adapter, const char *peer, const char *to)
{
	struct arena arena;

	arena_init(&arena);
	char *key = mem_strdup(arena_printf(&arena, "%s\t%s\t%s\t", adapter, peer ? peer : "", to));
	arena_deinit(&arena);
	return key;
}

int64_t grade_history_note(struct grade_history *history, const char *adapter, const char *peer,
			   const char *to, enum grade grade)
{
	char *key = make_key(adapter, peer, to);
	const struct row *before = find_before(history, key);
	int64_t stood_ms =
		before && before->grade == grade ? before->stood_ms + history->elapsed_ms : 0;

	append(&history->now, key, grade, stood_ms);
	return stood_ms / 1000;
}

/* Does the key keep to one line of four fields? Names come from outside. */
static bool fits_a_line(const char *key)
{
	size_t tabs = 0;

	for (; *key; key++) {
		if (*key == '\n' || *key == '\r')
			return false;
		tabs += *key == '\t';
	}
	return tabs == 3;
}

enum status grade_history_save(const struct grade_history *history, const char *path)
{
	struct arena arena;
	size_t size = 128;

	for (size_t i = 0; i < history->now.n; i++)
		size += strlen(history->now.list[i].key) + 64;
	arena_init(&arena);
	char *text = arena_alloc(&arena, size);
	size_t used = (size_t)snprintf(text, size, FILE_HEAD "\t%" PRId64 "\t%" PRId64 "\n",
				       history->at.wall_ms, history->at.mono_ms);
	for (size_t i = 0; i < history->now.n; i++) {
		const struct row *row = &history->now.list[i];
		if (fits_a_line(row->key))
			used += (size_t)snprintf(text + used, size - used, "%s%s\t%" PRId64 "\n",
						 row->key, grade_name(row->grade), row->stood_ms);
	}
	enum status status = files_replace(path, text, used);
	arena_deinit(&arena);
	return status;
}

/* Cuts the text at the next `end`; NULL where there is none. */
static char *cut(char **at, char end)
{
	char *begin = *at;
	char *found = strchr(begin, end);

	if (!found)
		return NULL;
	*found = '\0';
	*at = found + 1;
	return begin;
}

static bool get_head(char *line, struct moment *at)
{
	char *name = cut(&line, '\t');
	char *wall = name ? cut(&line, '\t') : NULL;

	return wall && strcmp(name, FILE_HEAD) == 0 &&
	       number_parse(wall, INT64_MIN, INT64_MAX, &at->wall_ms) &&
	       number_parse(line, 0, INT64_MAX, &at->mono_ms);
}

/* "adapter<tab>peer<tab>to<tab>grade<tab>stood_ms" */
static bool get_row(char *line, struct rows *rows)
{
	char *at = line;
	enum grade grade = GRADE_NONE;
	int64_t stood_ms = 0;

	for (int i = 0; i < 3; i++) {
		at = strchr(at, '\t');
		if (!at++)
			return false;
	}
	size_t key_length = (size_t)(at - line);
	char *name = cut(&at, '\t');
	if (!name || !grade_from_name(name, &grade) || !number_parse(at, 0, INT64_MAX, &stood_ms))
		return false;
	append(rows, mem_strndup(line, key_length), grade, stood_ms);
	return true;
}

static enum status read_rows(char *text, struct moment *at, struct rows *rows)
{
	char *line = cut(&text, '\n');

	if (!line || !get_head(line, at))
		return STATUS_MALFORMED;
	while ((line = cut(&text, '\n')) != NULL) {
		if (!get_row(line, rows))
			return STATUS_MALFORMED;
	}
	return *text == '\0' ? STATUS_OK : STATUS_MALFORMED;
}

enum status grade_history_load(struct grade_history *history, const char *path)
{
	char *text = NULL;
	size_t n = 0;
	struct moment at = { 0 };
	enum status status = files_read(path, GRADE_HISTORY_MAX_BYTES, &text, &n);
	if (status != STATUS_OK)
		return status;

	clear_rows(&history->now);
	status = strlen(text) == n ? read_rows(text, &at, &history->now) : STATUS_MALFORMED;
	free(text);
	if (status != STATUS_OK) {
		clear_rows(&history->now);
		return status;
	}
	history->at = at;
	history->started = history->from_file = true;
	return STATUS_OK;
}
