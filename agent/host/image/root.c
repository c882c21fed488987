#include "agent/host/image/root.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/disk.h"
#include "agent/host/image/logs.h"
#include "agent/host/image/path.h"
#include "agent/host/image/registry.h"
#include "agent/host/image/services.h"
#include "agent/platform/error.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

#define SYSTEM_ROOT  "C:\\WINNT"
#define LOG_KEY      SERVICES_KEY "EventLog\\Application"
#define SERVICES_KEY "SYSTEM\\CurrentControlSet\\Services\\"
#define COMPUTER_KEY "SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName"
#define WINDOWS_KEY  "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

/* State of the files at the last image_root_look_for_news(). */
struct look {
	bool known;
	uint64_t registry; /* the exports' fingerprint */
	uint64_t logs;     /* the event logs' fingerprint */
	uint64_t newest;   /* mark of the newest event that was asked for; 0: none */
};

struct image_root {
	char *dir;
	struct image_registry registry;
	struct look look;
};

enum status image_root_open(struct image_root **out, const char *dir, struct os_error *error)
{
	struct disk_facts facts;
	enum status status = disk_stat(dir, &facts, error);
	if (status != STATUS_OK)
		return status;
	if (!facts.directory)
		return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE, "%s is no directory", dir);

	struct image_root *root = mem_alloc(sizeof *root);
	root->dir = disk_spell(mem_strdup(dir));
	image_registry_init(&root->registry, root->dir);
	status = image_registry_refresh(&root->registry, error);
	if (status == STATUS_SYSTEM)
		status = STATUS_OK; /* no export: every reading will say so */
	if (status == STATUS_OK)
		status = image_services_check(root->dir, error);
	if (status != STATUS_OK) {
		image_root_close(root);
		return status;
	}
	*out = root;
	return STATUS_OK;
}

void image_root_close(struct image_root *root)
{
	if (!root)
		return;
	image_registry_deinit(&root->registry);
	free(root->dir);
	free(root);
}

enum status image_root_read_value(struct image_root *root, const char *key, const char *name,
				  struct arena *arena, struct host_value *out,
				  struct os_error *error)
{
	return image_registry_read(&root->registry, key, name, arena, out, error);
}

enum status image_root_find_key(struct image_root *root, const char *key, struct os_error *error)
{
	return image_registry_find_key(&root->registry, key, error);
}

/* The name for people of a service, or NULL. */
static const char *display_name_of(struct image_root *root, const char *key, struct arena *arena)
{
	struct os_error ignored;
	struct host_value value;
	if (image_registry_read(&root->registry, key, "DisplayName", arena, &value, &ignored) !=
		    STATUS_OK ||
	    value.kind != HOST_VALUE_STRING)
		return NULL;
	return value.text;
}

static enum status query_service(struct image_root *root, const char *name, struct arena *arena,
				 struct host_service *out, struct os_error *error)
{
	const char *key = arena_printf(arena, SERVICES_KEY "%s", name);
	enum status listed =
		image_services_find(root->dir, name, display_name_of(root, key, arena), out, error);
	if (listed != STATUS_NOT_FOUND)
		return listed;

	/* The list does not name it: is it installed at all? */
	struct os_error why;
	enum status status = image_registry_find_key(&root->registry, key, &why);
	if (status == STATUS_OK && out->state == SERVICE_STATE_STOPPED)
		return STATUS_OK; /* the list names all that are started */
	if (status == STATUS_OK)
		return STATUS_NOT_FOUND;
	if (status != STATUS_NOT_FOUND) {
		*error = why;
		return status;
	}
	*out = (struct host_service){ SERVICE_STATE_NOT_INSTALLED, REPORT_ABSENT };
	return STATUS_OK;
}

enum status image_root_query_service(struct image_root *root, const char *name,
				     struct host_service *out, struct os_error *error)
{
	struct arena scratch;
	struct host_service found;
	arena_init(&scratch);
	enum status status = query_service(root, name, &scratch, &found, error);
	arena_deinit(&scratch);
	if (status == STATUS_OK)
		*out = found;
	return status;
}

enum status image_root_get_file(struct image_root *root, const char *path, bool whole,
				struct host_file *out, struct os_error *error)
{
	struct arena scratch;
	arena_init(&scratch);
	const char *found = image_path_find(root->dir, path, &scratch);
	enum status status = STATUS_OK;
	if (!found)
		status = os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE, "%s: no such file in %s",
				 path, root->dir);
	else if (whole)
		status = disk_read(found, HOST_MAX_FILE, out, error);
	else
		status = disk_stat_file(found, out, error);
	arena_deinit(&scratch);
	return status;
}

/* A text value, or NULL. */
static const char *read_text(struct image_root *root, const char *key, const char *name,
			     struct arena *arena)
{
	struct os_error ignored;
	struct host_value value;
	if (image_registry_read(&root->registry, key, name, arena, &value, &ignored) != STATUS_OK)
		return NULL;
	return value.kind == HOST_VALUE_STRING && value.text[0] ? value.text : NULL;
}

/* Where the Application log lies, as the registry says; NULL: it says nothing. */
static const char *registered_log(struct image_root *root, struct arena *arena)
{
	const char *system_root = read_text(root, WINDOWS_KEY, "SystemRoot", arena);
	const char *file = read_text(root, LOG_KEY, "File", arena);
	return file ? image_path_expand(file, system_root ? system_root : SYSTEM_ROOT, arena)
		    : NULL;
}

enum status image_root_read_events(struct image_root *root, const struct host_question *question,
				   struct arena *arena, struct host_answer *out,
				   struct os_error *error)
{
	return image_logs_read(root->dir, registered_log(root, arena), question, arena, out, error);
}

/* A mark of the newest event asked for, 0 where there is none. */
static enum status find_newest(struct image_root *root, const struct host_question *question,
			       uint64_t *newest, struct os_error *error)
{
	struct host_answer answer;
	struct arena scratch;
	arena_init(&scratch);
	enum status status = image_root_read_events(root, question, &scratch, &answer, error);
	if (status == STATUS_OK) {
		const struct host_event *last = answer.n ? &answer.events[answer.n - 1] : NULL;
		*newest = last ? (uint64_t)last->at_ms << 32 | last->number : 0;
	}
	arena_deinit(&scratch);
	return status;
}

enum status image_root_look_for_news(struct image_root *root, const struct host_question *question,
				     struct host_news *out, struct os_error *error)
{
	struct os_error ignored; /* the registry's failure is told where it is read */
	struct arena scratch;
	struct look now = root->look;
	enum status status = STATUS_OK;

	arena_init(&scratch);
	if (image_registry_refresh(&root->registry, &ignored) == STATUS_OK)
		now.registry = root->registry.seen;
	now.logs = image_logs_mark(root->dir, registered_log(root, &scratch), &scratch);
	if (!now.known || now.logs != root->look.logs)
		status = find_newest(root, question, &now.newest, error);
	if (status == STATUS_NOT_FOUND)
		status = STATUS_OK; /* there is no log yet */
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

enum status image_root_identify(struct image_root *root, struct arena *arena,
				struct host_identity *out, struct os_error *error)
{
	struct host_value name;
	enum status status = image_registry_read(&root->registry, COMPUTER_KEY, "ComputerName",
						 arena, &name, error);
	if (status != STATUS_OK)
		return status;
	if (name.kind != HOST_VALUE_STRING || name.text[0] == '\0')
		return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE,
			       "registry HKLM\\%s: ComputerName is no name", COMPUTER_KEY);

	const char *version = read_text(root, WINDOWS_KEY, "CurrentVersion", arena);
	const char *pack = read_text(root, WINDOWS_KEY, "CSDVersion", arena);
	*out = (struct host_identity){ .name = name.text, .booted_at_ms = TIMESTAMP_NONE };
	if (version)
		out->os = arena_printf(arena, "Windows NT %s%s%s", version, pack ? " " : "",
				       pack ? pack : "");
	return STATUS_OK;
}
