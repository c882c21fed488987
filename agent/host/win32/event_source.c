#include "agent/host/host.h"

#include "agent/platform/log.h"
#include "agent/platform/win32/text.h"

#include <windows.h>

#include "agent/host/win32/internal.h"

#define MAX_STRINGS 8

/* Type of the record, and severity bits of the message's full id (winnt.h, MESSAGE_RESOURCE). */
static const struct {
	WORD type;
	DWORD bits;
} kinds[] = {
	[HOST_SEVERITY_INFORMATION] = { EVENTLOG_INFORMATION_TYPE, 0x40000000 },
	[HOST_SEVERITY_WARNING] = { EVENTLOG_WARNING_TYPE, 0x80000000 },
	[HOST_SEVERITY_ERROR] = { EVENTLOG_ERROR_TYPE, 0xC0000000 },
};

static enum status write_event(const wchar_t *source, enum host_severity severity, uint16_t id,
			       const wchar_t **strings, size_t n, struct os_error *error)
{
	HANDLE log = RegisterEventSourceW(NULL, source);
	if (!log)
		return win32_fail(error, GetLastError(), "RegisterEventSource");
	BOOL written = ReportEventW(log, kinds[severity].type, 0, kinds[severity].bits | id, NULL,
				    (WORD)n, 0, strings, NULL);
	DWORD code = GetLastError();
	DeregisterEventSource(log);
	return written ? STATUS_OK : win32_fail(error, code, "ReportEvent");
}

void host_write_event(struct host *host, const char *source, enum host_severity severity,
		      uint16_t id, const char *const *strings, size_t n)
{
	const wchar_t *wide[MAX_STRINGS];
	struct os_error error;
	struct arena arena;

	if (!host->writes_events)
		return;
	arena_init(&arena);
	if (n > MAX_STRINGS)
		n = MAX_STRINGS;
	for (size_t i = 0; i < n; i++)
		wide[i] = win32_wide(strings[i], &arena);
	if (write_event(win32_wide(source, &arena), severity, id, wide, n, &error) != STATUS_OK)
		log_warning("could not write event %u into the Application log: %s", id,
			    error.text);
	arena_deinit(&arena);
}
