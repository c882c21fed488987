#include "agent/host/image/logs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/disk.h"
#include "agent/host/event_window.h"
#include "agent/host/image/path.h"
#include "agent/platform/error.h"
#include "proto/base/fnv.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/windows/eventlog.h"
#include "proto/windows/log_export.h"

#define LOG_IN_FOLDER "system32\\config\\AppEvent.Evt"

#define HOW_TO_SAVE                                                                                \
	"save the log on the server in its Event Viewer (Log, Save As) as an event log, *.evt"

/* The files that may be the log. */
struct paths {
	const char *all[IMAGE_MAX_LOGS];
	size_t n;
	bool too_many;
};

/* A file that was read. */
struct saved {
	const char *path;
	struct host_file file; /* borrowed by `log` */
	struct eventlog log;   /* as it was opened */
	bool is_log;
	bool tells;                 /* of the source */
	bool other_kind;            /* it is the System or the Security log */
	const struct os_error *why; /* it is no event log, and should be one; NULL otherwise */
	/* Totals of its sound records, as in struct eventlog. */
	uint32_t oldest_number;
	uint32_t newest_number;
	int64_t newest_ms;
	size_t lost;
	unsigned generation; /* those of one generation are numbered in one sequence */
};

struct saved_logs {
	const struct host_question *question;
	struct arena *arena;
	struct saved all[IMAGE_MAX_LOGS];
	size_t n;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, disk_separator[0]);
	return slash ? slash + 1 : path;
}

static void add_path(struct paths *paths, const char *path)
{
	if (!path)
		return;
	for (size_t i = 0; i < paths->n; i++) {
		if (strcmp(paths->all[i], path) == 0)
			return;
	}
	if (paths->n < IMAGE_MAX_LOGS)
		paths->all[paths->n++] = path;
	else
		paths->too_many = true;
}

/* May it be what people take for a log? */
static bool may_be_export(const char *name)
{
	return text_has_suffix(name, ".evtx") || text_has_suffix(name, ".csv") ||
	       text_has_suffix(name, ".txt");
}

/* AppEvent.Evt below each folder of a drive. */
static void add_system_folders(struct paths *paths, const char *drive, struct arena *arena)
{
	struct os_error ignored;
	const char **names = NULL;
	size_t n = 0;
	if (disk_list(drive, arena, &names, &n, &ignored) != STATUS_OK)
		return;
	for (size_t i = 0; i < n; i++)
		add_path(paths,
			 image_path_find(disk_join(arena, drive, names[i]), LOG_IN_FOLDER, arena));
}

static void find_paths(const char *dir, const char *registered, struct arena *arena,
		       struct paths *out)
{
	struct os_error ignored;
	const char **names = NULL;
	size_t n = 0;
	*out = (struct paths){ .n = 0 };
	if (registered)
		add_path(out, image_path_find(dir, registered, arena));
	if (disk_list(dir, arena, &names, &n, &ignored) != STATUS_OK)
		return;
	add_system_folders(out, dir, arena);
	for (size_t i = 0; i < n; i++) {
		const char *path = disk_join(arena, dir, names[i]);
		if (text_has_suffix(names[i], ".evt"))
			add_path(out, path);
		else if (strlen(names[i]) == 1)
			add_system_folders(out, path, arena);
	}
	bool too_many = out->too_many;
	for (size_t i = 0; i < n; i++) {
		if (may_be_export(names[i]))
			add_path(out, disk_join(arena, dir, names[i]));
	}
	out->too_many = too_many; /* logs; of texts there may be any number */
}

uint64_t image_logs_mark(const char *dir, const char *registered, struct arena *scratch)
{
	uint64_t hash = FNV_BASIS;
	struct paths *paths = arena_alloc(scratch, sizeof *paths);
	find_paths(dir, registered, scratch, paths);
	for (size_t i = 0; i < paths->n; i++) {
		struct os_error ignored;
		struct disk_facts facts = { 0 };
		(void)disk_stat(paths->all[i], &facts, &ignored);
		hash = disk_mark(hash, paths->all[i], &facts);
	}
	return hash;
}

/* ---- one file ---- */

static bool has_source(struct eventlog log, const char *source)
{
	const struct eventlog_filter filter = { .source = source };
	struct eventlog_event ignored;
	struct arena scratch;
	arena_init(&scratch);
	bool found = eventlog_next(&log, &filter, &scratch, &ignored);
	arena_deinit(&scratch);
	return found;
}

static bool has_other_name(const char *path)
{
	const char *name = base_name(path);
	return text_has_prefix(name, "SysEvent") || text_has_prefix(name, "SecEvent");
}

/* By its name, or by sources that write into no other log. */
static bool is_other_kind(const struct saved *saved)
{
	if (has_other_name(saved->path))
		return true;
	return !saved->tells && (has_source(saved->log, "EventLog") ||
				 has_source(saved->log, "Service Control Manager") ||
				 has_source(saved->log, "Security"));
}

/* Walks through the log for what decides whether and where it is read. */
static void survey(struct saved *saved, const struct host_question *question)
{
	const struct eventlog_filter filter = { .source = question->source };
	struct eventlog log = saved->log;
	struct eventlog_event ignored;
	struct arena scratch;
	arena_init(&scratch);
	while (eventlog_next(&log, &filter, &scratch, &ignored))
		arena_clear(&scratch);
	arena_deinit(&scratch);
	saved->oldest_number = log.oldest_number;
	saved->newest_number = log.newest_number;
	saved->newest_ms = log.newest_ms;
	saved->lost = log.lost;
	saved->tells = log.of_source > 0;
	saved->other_kind = is_other_kind(saved);
	saved->tells = saved->tells && !saved->other_kind;
}

/* Words for what the file is instead of an event log, and how to get one. */
static enum status refuse(const struct saved *saved, enum status status, struct os_error *error)
{
	switch (log_export_kind(saved->file.bytes, saved->file.size)) {
	case LOG_EXPORT_EVTX:
		return os_fail(error, STATUS_MALFORMED, OS_NO_CODE,
			       "event log %s is in the form of later systems (.evtx), which is "
			       "not read: " HOW_TO_SAVE,
			       saved->path);
	case LOG_EXPORT_TEXT:
		return os_fail(error, STATUS_MALFORMED, OS_NO_CODE,
			       "event log %s is an export as text (txt, csv), which is not "
			       "read: " HOW_TO_SAVE,
			       saved->path);
	case LOG_EXPORT_NONE:
		break;
	}
	return os_fail(
		error, STATUS_MALFORMED, OS_NO_CODE,
		"event log %s is no event log that can be read: %s; copy it again, or " HOW_TO_SAVE,
		saved->path, status_text(status));
}

/* A file of a log's name must be a log; other files may be anything. */
static bool is_named_log(const struct saved *saved)
{
	return text_has_suffix(saved->path, ".evt") || text_has_suffix(saved->path, ".evtx");
}

/* The file could not be read as an event log: is that of concern? */
static void note_failure(struct saved *saved, const char *source, const struct os_error *error,
			 struct arena *arena)
{
	const struct host_file *file = &saved->file;
	bool lists = log_export_lists(file->bytes, file->size, source);
	saved->other_kind = has_other_name(saved->path);
	saved->tells = !saved->other_kind && (lists || text_has_suffix(saved->path, ".evt"));
	if (saved->tells || (is_named_log(saved) && !saved->other_kind))
		saved->why = os_keep_error(error, arena);
}

static void read_file(struct saved *saved, const struct host_question *question,
		      struct arena *arena)
{
	struct os_error error;
	struct host_file *file = &saved->file;
	enum status status = disk_read(saved->path, HOST_MAX_FILE, file, &error);
	if (status == STATUS_OK) {
		status = eventlog_open_file(&saved->log, file->bytes, file->size);
		saved->is_log = status == STATUS_OK;
		if (status != STATUS_OK)
			(void)refuse(saved, status, &error);
	}
	if (saved->is_log)
		survey(saved, question);
	else
		note_failure(saved, question->source, &error, arena);
}

static void read_next(struct saved_logs *logs, const char *path)
{
	struct saved *saved = &logs->all[logs->n++];
	*saved = (struct saved){ .path = path };
	read_file(saved, logs->question, logs->arena);
}

/* ---- all of them ---- */

static int by_time(const void *a, const void *b)
{
	const struct saved *one = a;
	const struct saved *other = b;
	if (one->newest_ms != other->newest_ms)
		return one->newest_ms < other->newest_ms ? -1 : 1;
	if (one->newest_number != other->newest_number)
		return one->newest_number < other->newest_number ? -1 : 1;
	return strcmp(one->path, other->path);
}

/* Do two logs share records? */
static bool overlap(const struct saved *a, const struct saved *b)
{
	uint32_t first = a->oldest_number > b->oldest_number ? a->oldest_number : b->oldest_number;
	uint32_t last = a->newest_number < b->newest_number ? a->newest_number : b->newest_number;
	if (first > last || first == 0)
		return false;
	int64_t at = eventlog_time_of(&a->log, last);
	return at != TIMESTAMP_NONE && at == eventlog_time_of(&b->log, last);
}

/* Sorts them and finds out which are numbered in one sequence. */
static void order(struct saved_logs *logs)
{
	qsort(logs->all, logs->n, sizeof *logs->all, by_time);
	for (size_t i = 0; i < logs->n; i++) {
		logs->all[i].generation = (unsigned)i;
		for (size_t j = i; j-- > 0;) {
			if (!overlap(&logs->all[i], &logs->all[j]))
				continue;
			logs->all[i].generation = logs->all[j].generation;
			break;
		}
	}
}

/* Does a later log of its sequence hold all that this one does? */
static bool is_contained(const struct saved_logs *logs, size_t at)
{
	const struct saved *one = &logs->all[at];
	for (size_t i = at + 1; i < logs->n; i++) {
		const struct saved *later = &logs->all[i];
		if (later->generation == one->generation &&
		    later->oldest_number <= one->oldest_number &&
		    (later->lost == 0 || one->lost > 0))
			return true;
	}
	return false;
}

/* Up to which number its records are known from earlier logs. */
static uint32_t known_up_to(const struct saved_logs *logs, size_t at)
{
	uint32_t known = 0;
	for (size_t i = 0; i < at; i++) {
		if (logs->all[i].generation == logs->all[at].generation && !is_contained(logs, i) &&
		    logs->all[i].newest_number > known)
			known = logs->all[i].newest_number;
	}
	return known;
}

static const struct os_error *gap_of(const struct saved *saved, struct arena *arena)
{
	static const char *const reasons[] = {
		[EVENTLOG_PAST_FILE] = "its header points behind the end of the file",
		[EVENTLOG_NO_END] = "it has no end-of-file record",
		[EVENTLOG_RECORDS_GONE] = "its newest records are not where they should be",
	};
	struct os_error error;
	(void)os_fail(&error, STATUS_TRUNCATED, OS_NO_CODE,
		      "event log %s was not read to its end (%s): copy it again, or " HOW_TO_SAVE,
		      saved->path, reasons[saved->log.gap]);
	return os_keep_error(&error, arena);
}

/* Adds the records of all logs, oldest first, each once. */
static const struct os_error *add_all(const struct saved_logs *logs, struct event_window *window)
{
	const struct os_error *gap = NULL;
	for (size_t i = 0; i < logs->n; i++) {
		if (is_contained(logs, i))
			continue;
		struct eventlog log = logs->all[i].log;
		window->filter.after = known_up_to(logs, i);
		event_window_add(window, &log, logs->arena);
		if (log.gap == EVENTLOG_WHOLE)
			continue;
		if (i + 1 == logs->n)
			gap = gap_of(&logs->all[i], logs->arena);
		else
			event_window_add_loss(window);
	}
	return gap;
}

static const char *all_paths(const struct saved_logs *logs)
{
	const char *text = NULL;
	for (size_t i = 0; i < logs->n; i++)
		text = text ? arena_printf(logs->arena, "%s, %s", text, logs->all[i].path)
			    : logs->all[i].path;
	return text;
}

static void give_events(struct saved_logs *logs, struct host_answer *out)
{
	struct event_window *window = mem_alloc(sizeof *window);
	order(logs);
	event_window_init(window, logs->question);
	const struct os_error *gap = add_all(logs, window);
	event_window_answer(window, logs->arena, out);
	out->log.path = all_paths(logs);
	out->gap = gap;
	free(window);
}

/* Keeps the logs that are to be read; true: they tell of the source. */
static bool choose(struct saved_logs *logs)
{
	bool tells = false;
	size_t n = 0;
	for (size_t i = 0; i < logs->n; i++)
		tells = tells || (logs->all[i].is_log && logs->all[i].tells);
	for (size_t i = 0; i < logs->n; i++) {
		struct saved *saved = &logs->all[i];
		if (saved->is_log && (tells ? saved->tells : !saved->other_kind))
			logs->all[n++] = *saved;
		else
			host_free_file(&saved->file);
	}
	logs->n = n;
	return tells;
}

/* The first that should have been read; `telling`: only one that tells of the source. */
static const struct os_error *find_refused(const struct saved_logs *logs, bool telling)
{
	for (size_t i = 0; i < logs->n; i++) {
		if (logs->all[i].why && (!telling || logs->all[i].tells))
			return logs->all[i].why;
	}
	return NULL;
}

static enum status fail(const char *dir, const struct os_error *refused, bool others,
			struct os_error *error)
{
	if (refused) {
		*error = *refused;
		return STATUS_MALFORMED;
	}
	return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE,
		       "event log Application: %s holds %s: copy AppEvent.Evt of the server's "
		       "system32\\config into it, or " HOW_TO_SAVE,
		       dir, others ? "only the System or the Security log" : "no event log");
}

static void read_files(struct saved_logs *logs, const struct paths *paths, bool registered)
{
	for (size_t i = 0; i < paths->n; i++) {
		read_next(logs, paths->all[i]);
		if (i == 0 && registered && logs->all[0].is_log && logs->all[0].tells)
			return;
	}
}

static bool holds_other_kinds(const struct saved_logs *logs)
{
	for (size_t i = 0; i < logs->n; i++) {
		if (logs->all[i].other_kind)
			return true;
	}
	return false;
}

static enum status read_chosen(struct saved_logs *logs, const char *dir, struct host_answer *out,
			       struct os_error *error)
{
	const struct os_error *any = find_refused(logs, false);
	const struct os_error *telling = find_refused(logs, true);
	bool others = holds_other_kinds(logs);
	bool tells = choose(logs);
	if (logs->n == 0)
		return fail(dir, any, others, error);
	give_events(logs, out);
	if (!out->gap)
		out->gap = tells ? telling : any;
	return STATUS_OK;
}

enum status image_logs_read(const char *dir, const char *registered,
			    const struct host_question *question, struct arena *arena,
			    struct host_answer *out, struct os_error *error)
{
	struct paths *paths = arena_alloc(arena, sizeof *paths);
	struct saved_logs *logs = mem_alloc(sizeof *logs);
	logs->question = question;
	logs->arena = arena;
	find_paths(dir, registered, arena, paths);
	bool there = registered && image_path_find(dir, registered, arena);
	read_files(logs, paths, there);
	enum status status = paths->too_many
				     ? os_fail(error, STATUS_LIMIT, OS_NO_CODE,
					       "event log Application: %s holds more than %d logs",
					       dir, IMAGE_MAX_LOGS)
				     : read_chosen(logs, dir, out, error);
	for (size_t i = 0; i < logs->n; i++)
		host_free_file(&logs->all[i].file);
	free(logs);
	return status;
}
