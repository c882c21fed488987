#include "agent/host/image/services.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/disk.h"
#include "agent/host/image/root.h"
#include "agent/platform/error.h"
#include "proto/base/number.h"
#include "proto/base/text.h"
#include "proto/base/text_file.h"

#define LIST_NAME "services.txt"

/* A line that names a service; its words are cut out of the line in place. */
struct entry {
	const char *name;
	struct host_service service;
};

/* The program that wrote the list. */
enum form {
	FORM_OURS,      /* NAME STATE [EXIT CODE] */
	FORM_SC_QUERY,  /* blocks of KEY : VALUE that begin with SERVICE_NAME */
	FORM_NET_START, /* names for people, indented, of all that are started */
};

/* A search through the list. */
struct search {
	const char *path;
	const char *name; /* NULL: only look whether all can be understood */
	const char *display_name;
	struct host_service *out;
};

static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t");
	size_t n = strcspn(word, " \t");
	*at = word + n;
	if (**at)
		*(*at)++ = '\0';
	return word;
}

static bool get_state(char *word, enum service_state *out)
{
	for (char *at = word; *at; at++)
		*at = *at == '-' ? '_' : text_lower(*at);
	return service_state_from_name(word, out);
}

/* NULL, or what is wrong with the line. A line without a service leaves `out->name` NULL. */
static const char *parse_line(char *line, struct entry *out)
{
	*out = (struct entry){ .service = { .exit_code = REPORT_ABSENT } };
	line[strcspn(line, "#")] = '\0';
	char *name = next_word(&line);
	if (*name == '\0')
		return NULL;
	if (!get_state(next_word(&line), &out->service.state))
		return "a service without one of the states running, stopped, start_pending, "
		       "stop_pending, paused, not_installed";
	const char *code = next_word(&line);
	if (*code && !number_parse(code, 0, UINT32_MAX, &out->service.exit_code))
		return "an exit code that is no number from 0 to 4294967295";
	if (*next_word(&line))
		return "more words than a name, a state and an exit code";
	out->name = name;
	return NULL;
}

static bool take_if_named(const struct search *s, const struct entry *entry)
{
	if (!s->name || !entry->name || !text_equal(entry->name, s->name))
		return false;
	*s->out = entry->service;
	return true;
}

static enum status fail_line(const struct search *s, unsigned line, const char *wrong,
			     struct os_error *error)
{
	return os_fail(error, STATUS_MALFORMED, REPORT_ABSENT, "%s, line %u: %s", s->path, line,
		       wrong);
}

static enum status scan_ours(char *text, const struct search *s, struct os_error *error)
{
	unsigned number = 1;
	for (char *line = NULL; (line = text_file_next_line(&text)) != NULL; number++) {
		struct entry entry;
		const char *wrong = parse_line(line, &entry);
		if (wrong)
			return fail_line(s, number, wrong, error);
		if (take_if_named(s, &entry))
			return STATUS_OK;
	}
	return STATUS_NOT_FOUND;
}

/* "KEY : VALUE": the value, or NULL where the line begins with another key. */
static char *value_of(char *line, const char *key)
{
	line += strspn(line, " \t");
	if (!text_has_prefix(line, key))
		return NULL;
	line += strlen(key);
	line += strspn(line, " \t");
	return *line == ':' ? line + 1 : NULL;
}

/* SERVICE_STOPPED and so on (winsvc.h); words are translated, numbers are not. */
static bool get_state_number(const char *text, enum service_state *out)
{
	static const enum service_state states[] = {
		[1] = SERVICE_STATE_STOPPED,      [2] = SERVICE_STATE_START_PENDING,
		[3] = SERVICE_STATE_STOP_PENDING, [4] = SERVICE_STATE_RUNNING,
		[5] = SERVICE_STATE_RUNNING,      [6] = SERVICE_STATE_PAUSED,
		[7] = SERVICE_STATE_PAUSED,
	};
	int64_t number;

	if (!number_take(&text, &number) || number < 1 ||
	    number >= (int64_t)(sizeof states / sizeof *states))
		return false;
	*out = states[number];
	return true;
}

/* The exit code of a service that failed by itself stands in a line of its own. */
#define SERVICE_SPECIFIC_ERROR 1066

/* Takes one line of `sc query` into the block that it belongs to. */
static const char *parse_sc_line(char *line, struct entry *entry)
{
	char *value = NULL;
	if ((value = value_of(line, "STATE")) != NULL || (value = value_of(line, "STATUS")) != NULL)
		return get_state_number(value + strspn(value, " \t"), &entry->service.state)
			       ? NULL
			       : "a state that is no number from 1 to 7";
	bool own = entry->service.exit_code == SERVICE_SPECIFIC_ERROR;
	if ((value = value_of(line, "WIN32_EXIT_CODE")) != NULL ||
	    (own && (value = value_of(line, "SERVICE_EXIT_CODE")) != NULL)) {
		if (!number_parse(next_word(&value), 0, UINT32_MAX, &entry->service.exit_code))
			return "an exit code that is no number from 0 to 4294967295";
	}
	return NULL;
}

/* A block without a state says nothing: the list was cut there. */
static bool take_block(const struct search *s, const struct entry *entry)
{
	return entry->service.state != SERVICE_STATE_UNKNOWN && take_if_named(s, entry);
}

static enum status scan_sc_query(char *text, const struct search *s, struct os_error *error)
{
	struct entry entry = { 0 };
	unsigned number = 1;
	for (char *line = NULL; (line = text_file_next_line(&text)) != NULL; number++) {
		char *name = value_of(line, "SERVICE_NAME");
		if (name) {
			if (take_block(s, &entry))
				return STATUS_OK;
			entry = (struct entry){ .name = next_word(&name),
						.service.exit_code = REPORT_ABSENT };
			continue;
		}
		const char *wrong = entry.name ? parse_sc_line(line, &entry) : NULL;
		if (wrong)
			return fail_line(s, number, wrong, error);
	}
	return take_block(s, &entry) ? STATUS_OK : STATUS_NOT_FOUND;
}

/* Names of services for people, where the registry does not tell them. */
static const char *usual_display_name(const char *name)
{
	if (text_equal(name, "MSExchangeMTA"))
		return "Microsoft Exchange Message Transfer Agent";
	return text_equal(name, "ClusSvc") ? "Cluster Server" : name;
}

static bool is_started(const char *line, const struct search *s)
{
	const char *name = s->display_name ? s->display_name : usual_display_name(s->name);
	return text_equal(line, name) || text_equal(line, usual_display_name(s->name)) ||
	       text_equal(line, s->name);
}

static enum status scan_net_start(char *text, const struct search *s)
{
	size_t n = 0;
	for (char *line = NULL; (line = text_file_next_line(&text)) != NULL;) {
		if (*line != ' ' && *line != '\t')
			continue;
		line += strspn(line, " \t");
		line[strcspn(line, "\t")] = '\0';
		for (size_t end = strlen(line); end > 0 && line[end - 1] == ' ';)
			line[--end] = '\0';
		n += *line != '\0';
		if (s->name && is_started(line, s)) {
			*s->out = (struct host_service){ SERVICE_STATE_RUNNING, REPORT_ABSENT };
			return STATUS_OK;
		}
	}
	if (s->name && n > 0)
		s->out->state = SERVICE_STATE_STOPPED;
	return STATUS_NOT_FOUND;
}

/* The heading of `net start`, in any language, and the first name below it. */
static bool is_net_start(const char *text)
{
	text += strspn(text, " \t\n");
	size_t n = strcspn(text, "\n");
	const char *next = text + n + strspn(text + n, "\n");
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return n > 0 && text[n - 1] == ':' && strncmp(next, "  ", 2) == 0;
}

static enum form find_form(const char *text)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (text_has_prefix(at, "SERVICE_NAME:"))
			return FORM_SC_QUERY;
	}
	return is_net_start(text) ? FORM_NET_START : FORM_OURS;
}

static enum status scan(char *text, const struct search *s, struct os_error *error)
{
	enum status status = STATUS_OK;
	switch (find_form(text)) {
	case FORM_SC_QUERY:
		status = scan_sc_query(text, s, error);
		break;
	case FORM_NET_START:
		status = scan_net_start(text, s);
		break;
	case FORM_OURS:
		status = scan_ours(text, s, error);
		break;
	}
	if (status == STATUS_NOT_FOUND && s->name)
		return os_fail(error, status, REPORT_ABSENT, "%s tells no state of %s", s->path,
			       s->name);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status scan_file(const struct host_file *file, const struct search *s,
			     struct os_error *error)
{
	struct arena scratch;
	struct text_file text;
	arena_init(&scratch);
	const char *wrong = text_file_decode(&scratch, file->bytes, file->size, &text);
	enum status status =
		wrong ? os_fail(error, STATUS_MALFORMED, REPORT_ABSENT, "%s: %s", s->path, wrong)
		      : scan(text.text, s, error);
	arena_deinit(&scratch);
	return status;
}

static enum status read_list(const struct search *s, struct os_error *error)
{
	struct host_file file = { 0 };
	enum status status = disk_read(s->path, IMAGE_ROOT_MAX_SERVICES, &file, error);
	if (status == STATUS_NOT_FOUND && !s->name)
		return STATUS_OK;
	if (status == STATUS_NOT_FOUND)
		return os_fail(error, status, REPORT_ABSENT,
			       "the state of service %s: there is no %s", s->name, s->path);
	if (status != STATUS_OK)
		return status;
	status = scan_file(&file, s, error);
	host_free_file(&file);
	return status;
}

static enum status read_list_in(const char *dir, struct search s, struct os_error *error)
{
	struct arena scratch;
	arena_init(&scratch);
	s.path = disk_join(&scratch, dir, LIST_NAME);
	enum status status = read_list(&s, error);
	arena_deinit(&scratch);
	return status;
}

enum status image_services_check(const char *dir, struct os_error *error)
{
	return read_list_in(dir, (struct search){ .name = NULL }, error);
}

enum status image_services_find(const char *dir, const char *name, const char *display_name,
				struct host_service *out, struct os_error *error)
{
	*out = (struct host_service){ SERVICE_STATE_UNKNOWN, REPORT_ABSENT };
	return read_list_in(
		dir, (struct search){ .name = name, .display_name = display_name, .out = out },
		error);
}
