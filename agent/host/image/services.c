#include "agent/host/image/services.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/disk.h"
#include "agent/host/image/root.h"
#include "agent/platform/error.h"
#include "proto/base/text.h"

#define LIST_NAME "services.txt"

/* One line that names a service; its words are cut out of the line in place. */
struct entry {
	const char *name;
	struct host_service service;
};

static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t\r");
	size_t n = strcspn(word, " \t\r");
	*at = word + n;
	if (**at)
		*(*at)++ = '\0';
	return word;
}

static bool get_number(const char *text, int64_t *out)
{
	char *end = NULL;
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number > UINT32_MAX)
		return false;
	*out = (int64_t)number;
	return true;
}

/* NULL, or what is wrong with the line. A line without a service leaves `out->name` NULL. */
static const char *parse_line(char *line, struct entry *out)
{
	*out = (struct entry){ .service = { .exit_code = REPORT_ABSENT } };
	line[strcspn(line, "#")] = '\0';
	char *name = next_word(&line);
	if (*name == '\0')
		return NULL;
	if (!service_state_from_name(next_word(&line), &out->service.state))
		return "a service without one of the states running, stopped, start_pending, "
		       "stop_pending, paused, not_installed";
	const char *code = next_word(&line);
	if (*code && !get_number(code, &out->service.exit_code))
		return "an exit code that is no number from 0 to 4294967295";
	if (*next_word(&line))
		return "more words than a name, a state and an exit code";
	out->name = name;
	return NULL;
}

/* Goes through the list; where `name` is not NULL, to the line of that service. */
static enum status scan(char *text, const char *path, const char *name, struct host_service *out,
			struct os_error *error)
{
	unsigned line = 1;
	for (char *at = text; *at; line++) {
		struct entry entry;
		char *start = at;
		at += strcspn(at, "\n");
		if (*at)
			*at++ = '\0';
		const char *wrong = parse_line(start, &entry);
		if (wrong)
			return os_fail(error, STATUS_MALFORMED, OS_NO_CODE, "%s, line %u: %s", path,
				       line, wrong);
		if (name && text_equal(entry.name, name)) {
			*out = entry.service;
			return STATUS_OK;
		}
	}
	if (!name)
		return STATUS_OK;
	return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE, "%s tells no state of %s", path, name);
}

static enum status read_list(const char *path, const char *name, struct host_service *out,
			     struct os_error *error)
{
	struct host_file file = { 0 };
	enum status status = disk_read(path, IMAGE_ROOT_MAX_SERVICES, &file, error);
	if (status == STATUS_NOT_FOUND && !name)
		return STATUS_OK;
	if (status == STATUS_NOT_FOUND)
		return os_fail(error, status, OS_NO_CODE, "the state of service %s: there is no %s",
			       name, path);
	if (status != STATUS_OK)
		return status;
	status = scan((char *)file.bytes, path, name, out, error);
	host_free_file(&file);
	return status;
}

enum status image_services_check(const char *dir, struct os_error *error)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, LIST_NAME);
	return read_list(path, NULL, NULL, error);
}

enum status image_services_find(const char *dir, const char *name, struct host_service *out,
				struct os_error *error)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, LIST_NAME);
	return read_list(path, name, out, error);
}
