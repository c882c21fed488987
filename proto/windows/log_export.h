/*
 * Files that people hand in for an event log (proto/windows/eventlog.h) and that are none: the logs
 * of Windows Vista and later (.evtx), and what the Event Viewer saves as text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum log_export {
	LOG_EXPORT_NONE, /* something else */
	LOG_EXPORT_EVTX,
	LOG_EXPORT_TEXT, /* any text, one byte a character or UTF-16 */
};

enum log_export log_export_kind(const void *bytes, size_t size);

/*
 * Does the file tell of events of `source` (ASCII, without case): an .evtx anywhere, a text in a
 * line that has columns? In bytes or in UTF-16. A sentence with that word is none.
 */
bool log_export_lists(const void *bytes, size_t size, const char *source);
