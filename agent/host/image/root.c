#include "agent/host/image/root.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/disk.h"
#include "agent/host/event_window.h"
#include "agent/host/image/registry.h"
#include "agent/host/image/services.h"
#include "agent/platform/error.h"
#include "agent/platform/log.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/windows/eventlog.h"

#define APPLICATION_LOG "C:\\WINNT\\system32\\config\\AppEvent.Evt"
#define SERVICES_KEY    "SYSTEM\\CurrentControlSet\\Services\\"
#define COMPUTER_KEY    "SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName"
#define WINDOWS_KEY     "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

/* What windows_root_look_for_news() saw the last time. */
struct look {
	bool known;
	uint64_t registry; /* the exports' fingerprint */
	uint64_t log_size;
	int64_t log_modified_ms;
	uint32_t newest; /* number of the newest record that fits; 0: none */
};

struct windows_root {
	char *dir;
	struct windows_registry registry;
	size_t lost_events; /* damaged records of the log, as last told */
	struct look look;
};

enum status windows_root_open(struct windows_root **out, const char *dir, struct host_error *error)
{
	struct disk_facts facts;
	enum status status = disk_stat(dir, &facts, error);
	if (status != STATUS_OK)
		return status;
	if (!facts.directory)
		return host_fail(error, STATUS_NOT_FOUND, REPORT_ABSENT, "%s is no directory", dir);

	struct windows_root *root = mem_alloc(sizeof *root);
	root->dir = mem_strdup(dir);
	windows_registry_init(&root->registry, root->dir);
	status = windows_registry_refresh(&root->registry, error);
	if (status == STATUS_SYSTEM)
		status = STATUS_OK; /* no export: every reading will say so */
	if (status == STATUS_OK)
		status = windows_services_check(root->dir, error);
	if (status != STATUS_OK) {
		windows_root_close(root);
		return status;
	}
	*out = root;
	return STATUS_OK;
}

void windows_root_close(struct windows_root *root)
{
	if (!root)
		return;
	windows_registry_deinit(&root->registry);
	free(root->dir);
	free(root);
}

enum status windows_root_read_value(struct windows_root *root, const char *key, const char *name,
				    struct arena *arena, struct host_value *out,
				    struct host_error *error)
{
	return windows_registry_read(&root->registry, key, name, arena, out, error);
}

enum status windows_root_find_key(struct windows_root *root, const char *key,
				  struct host_error *error)
{
	return windows_registry_find_key(&root->registry, key, error);
}

enum status windows_root_query_service(struct windows_root *root, const char *name,
				       struct host_service *out, struct host_error *error)
{
	enum status status = windows_services_find(root->dir, name, out, error);
	if (status != STATUS_NOT_FOUND)
		return status;

	/* The list does not know it: is it installed at all? */
	struct host_error why;
	char key[512];
	snprintf(key, sizeof key, SERVICES_KEY "%s", name);
	status = windows_registry_find_key(&root->registry, key, &why);
	if (status == STATUS_OK)
		return STATUS_NOT_FOUND;
	if (status != STATUS_NOT_FOUND) {
		*error = why;
		return status;
	}
	*out = (struct host_service){ SERVICE_STATE_NOT_INSTALLED, REPORT_ABSENT };
	return STATUS_OK;
}

/* The entry of `dir` that `name` (n bytes) names in any case, or NULL. An exact match wins. */
static const char *find_entry(const char *dir, const char *name, size_t n, struct arena *arena)
{
	struct host_error ignored;
	const char **names = NULL;
	size_t count = 0;
	const char *found = NULL;
	if (disk_list(dir, arena, &names, &count, &ignored) != STATUS_OK)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) != n || !text_equal(names[i], arena_strndup(arena, name, n)))
			continue;
		if (!found || memcmp(names[i], name, n) == 0)
			found = names[i];
	}
	return found;
}

/* Walks down from `dir` along `path`, whose parts are parted by backslashes. */
static const char *descend(const char *dir, const char *path, struct arena *arena)
{
	while (*path) {
		size_t n = strcspn(path, "\\/");
		if (n > 0) {
			const char *entry = find_entry(dir, path, n, arena);
			if (!entry)
				return NULL;
			dir = arena_printf(arena, "%s/%s", dir, entry);
		}
		path += n;
		path += *path != '\0';
	}
	return dir;
}

static bool climbs(const char *path)
{
	for (; *path; path += strcspn(path, "\\/"), path += *path != '\0') {
		if (strcspn(path, "\\/") == 2 && strncmp(path, "..", 2) == 0)
			return true;
	}
	return false;
}

/* Where the file of that Windows path lies, or NULL. */
static const char *find_file(const struct windows_root *root, const char *path, struct arena *arena)
{
	if (climbs(path))
		return NULL;
	bool drive = path[0] && path[1] == ':';
	if (!drive)
		return descend(root->dir, path, arena);

	const char *folder = find_entry(root->dir, path, 1, arena);
	const char *found = NULL;
	if (folder)
		found = descend(arena_printf(arena, "%s/%s", root->dir, folder), path + 2, arena);
	return found ? found : descend(root->dir, path + 2, arena);
}

static enum status facts_only(const char *path, struct host_file *out, struct host_error *error)
{
	struct disk_facts facts;
	enum status status = disk_stat(path, &facts, error);
	if (status != STATUS_OK)
		return status;
	if (facts.directory)
		return host_fail(error, STATUS_NOT_FOUND, REPORT_ABSENT, "%s is a directory", path);
	if (facts.size > HOST_MAX_FILE)
		return host_fail(error, STATUS_LIMIT, REPORT_ABSENT,
				 "%s is longer than the %lu bytes that are read", path,
				 (unsigned long)HOST_MAX_FILE);
	*out = (struct host_file){ .size = (size_t)facts.size, .modified_ms = facts.modified_ms };
	return STATUS_OK;
}

enum status windows_root_get_file(struct windows_root *root, const char *path, bool whole,
				  struct host_file *out, struct host_error *error)
{
	struct arena scratch;
	arena_init(&scratch);
	const char *found = find_file(root, path, &scratch);
	enum status status = STATUS_OK;
	if (!found)
		status = host_fail(error, STATUS_NOT_FOUND, REPORT_ABSENT, "%s: no such file in %s",
				   path, root->dir);
	else if (whole)
		status = disk_read(found, HOST_MAX_FILE, out, error);
	else
		status = facts_only(found, out, error);
	arena_deinit(&scratch);
	return status;
}

/* The Application log: DIR/NAME.evt, else at its place on the disk. NULL: none. */
static const char *find_log(const struct windows_root *root, struct arena *arena)
{
	struct host_error ignored;
	const char **names = NULL;
	size_t n = 0;
	if (disk_list(root->dir, arena, &names, &n, &ignored) != STATUS_OK)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(names[i]);
		if (length > 4 && text_equal(names[i] + length - 4, ".evt"))
			return arena_printf(arena, "%s/%s", root->dir, names[i]);
	}
	return find_file(root, APPLICATION_LOG, arena);
}

/* Once for each count: the log is read in every cycle. */
static void tell_lost_events(struct windows_root *root, const char *path, size_t lost)
{
	if (lost > 0 && lost != root->lost_events)
		log_warning("event log %s: damaged records that were skipped: %zu", path, lost);
	root->lost_events = lost;
}

static enum status read_log(struct windows_root *root, const char *path,
			    struct event_window *window, struct arena *arena,
			    struct host_error *error)
{
	struct host_file file = { 0 };
	enum status status = disk_read(path, HOST_MAX_FILE, &file, error);
	if (status != STATUS_OK)
		return status;

	struct eventlog log;
	status = eventlog_open_file(&log, file.bytes, file.size);
	if (status == STATUS_OK) {
		event_window_add(window, &log, arena);
		tell_lost_events(root, path, log.lost);
	} else {
		status = host_fail(error, STATUS_MALFORMED, REPORT_ABSENT, "event log %s: %s", path,
				   status_text(status));
	}
	host_free_file(&file);
	return status;
}

enum status windows_root_read_events(struct windows_root *root, const char *source,
				     const uint16_t *ids, size_t n_ids, struct arena *arena,
				     struct host_event **out, size_t *n, struct host_error *error)
{
	const char *path = find_log(root, arena);
	if (!path)
		return host_fail(error, STATUS_NOT_FOUND, REPORT_ABSENT,
				 "event log Application: %s holds neither *.evt nor %s", root->dir,
				 APPLICATION_LOG);

	struct event_window *window = mem_alloc(sizeof *window);
	event_window_init(window, source, ids, n_ids);
	enum status status = read_log(root, path, window, arena, error);
	if (status == STATUS_OK)
		*out = event_window_take(window, arena, n);
	free(window);
	return status;
}

/* The number of the newest record that fits, 0 where there is none. */
static enum status find_newest(struct windows_root *root, const char *path, const char *source,
			       const uint16_t *ids, size_t n_ids, uint32_t *newest,
			       struct host_error *error)
{
	struct arena scratch;
	struct event_window *window = mem_alloc(sizeof *window);
	arena_init(&scratch);
	event_window_init(window, source, ids, n_ids);
	enum status status = read_log(root, path, window, &scratch, error);
	if (status == STATUS_OK)
		*newest = window->newest;
	arena_deinit(&scratch);
	free(window);
	return status;
}

enum status windows_root_look_for_news(struct windows_root *root, const char *source,
				       const uint16_t *ids, size_t n_ids, struct host_news *out,
				       struct host_error *error)
{
	struct host_error ignored; /* the registry's failure is told where it is read */
	struct disk_facts facts = { 0 };
	struct arena scratch;
	struct look now = root->look;
	enum status status = STATUS_OK;

	arena_init(&scratch);
	if (windows_registry_refresh(&root->registry, &ignored) == STATUS_OK)
		now.registry = root->registry.seen;
	const char *path = find_log(root, &scratch);
	if (path)
		status = disk_stat(path, &facts, error);
	now.log_size = facts.size;
	now.log_modified_ms = facts.modified_ms;
	bool written = !now.known || now.log_size != root->look.log_size ||
		       now.log_modified_ms != root->look.log_modified_ms;
	if (status == STATUS_OK && path && written)
		status = find_newest(root, path, source, ids, n_ids, &now.newest, error);
	arena_deinit(&scratch);

	*out = (struct host_news){
		.events = now.known && now.newest != root->look.newest && now.newest > 0,
		.registry = now.known && now.registry != root->look.registry,
	};
	now.known = true;
	if (status == STATUS_OK)
		root->look = now;
	return status;
}

/* A text value, or NULL. */
static const char *read_text(struct windows_root *root, const char *key, const char *name,
			     struct arena *arena)
{
	struct host_error ignored;
	struct host_value value;
	if (windows_registry_read(&root->registry, key, name, arena, &value, &ignored) != STATUS_OK)
		return NULL;
	return value.kind == HOST_VALUE_STRING && value.text[0] ? value.text : NULL;
}

enum status windows_root_identify(struct windows_root *root, struct arena *arena,
				  struct host_identity *out, struct host_error *error)
{
	struct host_value name;
	enum status status = windows_registry_read(&root->registry, COMPUTER_KEY, "ComputerName",
						   arena, &name, error);
	if (status != STATUS_OK)
		return status;
	if (name.kind != HOST_VALUE_STRING || name.text[0] == '\0')
		return host_fail(error, STATUS_NOT_FOUND, REPORT_ABSENT,
				 "registry HKLM\\%s: ComputerName is no name", COMPUTER_KEY);

	const char *version = read_text(root, WINDOWS_KEY, "CurrentVersion", arena);
	const char *pack = read_text(root, WINDOWS_KEY, "CSDVersion", arena);
	*out = (struct host_identity){ .name = name.text, .booted_at_ms = TIMESTAMP_NONE };
	if (version)
		out->os = arena_printf(arena, "Windows NT %s%s%s", version, pack ? " " : "",
				       pack ? pack : "");
	return STATUS_OK;
}
