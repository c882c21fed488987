/* The Application log of this Windows, as agent/host/event_log.h asks for it. */
#include "agent/host/event_log.h"

#include "agent/platform/win32/text.h"

#include <windows.h>

static void *system_open(unsigned long *code)
{
	HANDLE log = OpenEventLogW(NULL, L"Application");
	*code = log ? NO_ERROR : GetLastError();
	return log;
}

static bool system_read(void *log, bool backwards, void *buffer, uint32_t size, uint32_t *got,
			uint32_t *needed, unsigned long *code)
{
	DWORD direction = backwards ? EVENTLOG_BACKWARDS_READ : EVENTLOG_FORWARDS_READ;
	DWORD read = 0; /* Wine leaves both as they were where it fails */
	DWORD wanted = 0;
	bool done = ReadEventLogW(log, EVENTLOG_SEQUENTIAL_READ | direction, 0, buffer, size, &read,
				  &wanted);
	*code = done ? NO_ERROR : GetLastError();
	*got = read;
	*needed = wanted;
	return done;
}

static bool system_newest(void *log, uint32_t *number, unsigned long *code)
{
	DWORD oldest = 0;
	DWORD count = 0;
	bool done =
		GetOldestEventLogRecord(log, &oldest) && GetNumberOfEventLogRecords(log, &count);
	*code = done ? NO_ERROR : GetLastError();
	*number = count > 0 ? oldest + count - 1 : 0;
	return done;
}

static bool system_notify(void *log, void *event)
{
	return NotifyChangeEventLog(log, event);
}

static void system_close(void *log)
{
	CloseEventLog(log);
}

static enum status system_fail(struct os_error *error, unsigned long code, const char *what)
{
	return win32_fail(error, code, "%s", what);
}

const struct event_log_calls event_log_calls_system = { system_open,   system_read,  system_newest,
							system_notify, system_close, system_fail };
