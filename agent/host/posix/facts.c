/*
 * The Windows facts on Linux: out of the directory that stands for the disk, else there are none.
 */
#include "agent/host/posix/internal.h"

#include "agent/platform/error.h"

static enum status not_windows(struct os_error *error, const char *what)
{
	return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE, "%s: this system is no Windows", what);
}

enum status host_read_value(struct host *host, const char *key, const char *name,
			    struct arena *arena, struct host_value *out, struct os_error *error)
{
	if (!host->root)
		return not_windows(error, "registry");
	return image_root_read_value(host->root, key, name, arena, out, error);
}

/* An export of the registry is its file's; nobody owns the keys in it. */
const char *host_key_fault(struct host *host, const char *key, struct arena *arena)
{
	(void)host;
	(void)key;
	(void)arena;
	return NULL;
}

enum status host_find_key(struct host *host, const char *key, struct os_error *error)
{
	if (!host->root)
		return not_windows(error, "registry");
	return image_root_find_key(host->root, key, error);
}

enum status host_query_service(struct host *host, const char *name, struct host_service *out,
			       struct os_error *error)
{
	if (host->root)
		return image_root_query_service(host->root, name, out, error);
	*out = (struct host_service){ SERVICE_STATE_NOT_INSTALLED, REPORT_ABSENT };
	return STATUS_OK;
}

enum status host_read_events(struct host *host, const struct host_question *question,
			     struct arena *arena, struct host_answer *out, struct os_error *error)
{
	if (!host->root)
		return not_windows(error, "event log Application");
	return image_root_read_events(host->root, question, arena, out, error);
}

enum status host_look_for_news(struct host *host, const struct host_question *question,
			       struct host_news *out, struct os_error *error)
{
	*out = (struct host_news){ 0 };
	if (!host->root)
		return not_windows(error, "event log Application");
	return image_root_look_for_news(host->root, question, out, error);
}

enum status host_stat_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error)
{
	if (!host->root)
		return not_windows(error, path);
	return image_root_get_file(host->root, path, false, out, error);
}

enum status host_read_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error)
{
	if (!host->root)
		return not_windows(error, path);
	return image_root_get_file(host->root, path, true, out, error);
}

void host_write_event(struct host *host, const char *source, enum host_severity severity,
		      uint16_t id, const char *const *strings, size_t n)
{
	(void)host;
	(void)source;
	(void)severity;
	(void)id;
	(void)strings;
	(void)n;
}
