#include "collector/commands/report_files.h"

#include <errno.h>
#include <string.h>

#include "collector/cli/report_source.h"
#include "collector/cli/terminal.h"
#include "proto/base/timestamp.h"

static void say_invalid(const char *name, enum status status, const struct json_error *why)
{
	terminal_warn("'%s' is no valid report: %s%s%s (%s)", name, why->pointer,
		      *why->pointer ? ": " : "", why->detail, status_text(status));
}

static void say_later(const char *name, const struct snapshot *snapshot, int64_t at_ms)
{
	char collected[TIMESTAMP_TEXT_SIZE];
	char at[TIMESTAMP_TEXT_SIZE];

	terminal_warn("'%s' is ignored: its facts were collected at %s, after %s", name,
		      timestamp_format(snapshot->at_ms, collected), timestamp_format(at_ms, at));
}

/* Returns false where it is no valid report. */
static bool add_report(struct report_set *set, const struct report_source *file, int64_t at_ms)
{
	char place[REPORT_SOURCE_PLACE_SIZE];
	struct json_error why = { 0 };
	struct snapshot *snapshot = NULL;

	report_source_place(file, place);
	enum status status = snapshot_read_file(file->text.bytes, file->text.size, &snapshot, &why);
	if (status != STATUS_OK) {
		say_invalid(place, status, &why);
		return false;
	}
	if (snapshot->at_ms > at_ms) {
		say_later(place, snapshot, at_ms);
		snapshot_unref(snapshot);
	} else {
		report_set_add(set, snapshot);
	}
	return true;
}

static bool say_unread(const char *name, const char *why)
{
	terminal_warn("could not read '%s': %s", name, why);
	return false;
}

/* Returns false where it is not a file of valid reports alone. */
static bool add_file(struct report_set *set, const char *name, int64_t at_ms)
{
	struct report_source file;
	const char *why = report_source_open(&file, name);
	bool ok = !why;

	if (why)
		say_unread(name, why);
	while (!why && report_source_next(&file))
		ok &= add_report(set, &file, at_ms);
	if (!why && report_source_has_failed(&file))
		ok = say_unread(name, strerror(errno));
	else if (!why && file.n == 0)
		ok = say_unread(name, "there is no report in it");
	report_source_close(&file);
	return ok;
}

bool report_files_add(struct report_set *set, char *const *names, size_t n, int64_t at_ms)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		ok &= add_file(set, names[i], at_ms);
	return ok;
}
