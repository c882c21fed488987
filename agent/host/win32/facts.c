/* Registry, services, event log and files: of this system, or of the directory in its stead. */
#include "agent/host/host.h"

#include <stdlib.h>
#include <string.h>

#include "agent/host/disk.h"
#include "agent/host/event_window.h"
#include "agent/host/event_log.h"
#include "agent/host/win32/messages.h"
#include "agent/platform/error.h"
#include "agent/platform/win32/access_list.h"
#include "agent/platform/win32/text.h"
#include "proto/base/mem.h"
#include "proto/windows/codepage.h"

#include <winsock2.h>
#include <windows.h>

#include "agent/host/win32/internal.h"

#define LOG_KEY "SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application"

static enum status open_key(const char *key, struct arena *arena, HKEY *out, struct os_error *error)
{
	LONG code =
		RegOpenKeyExW(HKEY_LOCAL_MACHINE, win32_wide(key, arena), 0, KEY_QUERY_VALUE, out);
	if (code != ERROR_SUCCESS)
		return win32_fail(error, (DWORD)code, "RegOpenKeyEx HKLM\\%s", key);
	return STATUS_OK;
}

/* The characters up to the first NUL: a stored text may lack one, or hold bytes behind it. */
static char *get_text(const uint8_t *bytes, size_t n, struct arena *arena)
{
	size_t length = 0;
	while (length + 2 <= n && (bytes[length] || bytes[length + 1]))
		length += 2;
	return codepage_from_utf16le(arena, bytes, length);
}

static void get_list(const uint8_t *bytes, size_t n, struct arena *arena, struct host_value *out)
{
	out->list = arena_alloc_array(arena, n / 2 + 1, sizeof *out->list);
	for (size_t at = 0; at + 2 <= n && (bytes[at] || bytes[at + 1]);) {
		size_t end = at;
		while (end + 2 <= n && (bytes[end] || bytes[end + 1]))
			end += 2;
		out->list[out->n_list++] = codepage_from_utf16le(arena, bytes + at, end - at);
		at = end + 2;
	}
}

static enum status decode_value(DWORD type, const uint8_t *bytes, size_t n, struct arena *arena,
				struct host_value *out)
{
	struct host_value value = { 0 };
	if (type == REG_SZ || type == REG_EXPAND_SZ) {
		value.kind = HOST_VALUE_STRING;
		value.text = get_text(bytes, n, arena);
	} else if (type == REG_MULTI_SZ) {
		value.kind = HOST_VALUE_LIST;
		get_list(bytes, n, arena, &value);
	} else if (type == REG_DWORD && n == sizeof value.number) {
		value.kind = HOST_VALUE_NUMBER;
		memcpy(&value.number, bytes, sizeof value.number);
	} else {
		return STATUS_UNSUPPORTED;
	}
	*out = value;
	return STATUS_OK;
}

static enum status read_value(HKEY opened, const char *key, const char *name, struct arena *arena,
			      struct host_value *out, struct os_error *error)
{
	const wchar_t *wide = win32_wide(name, arena);
	DWORD type = 0;
	DWORD size = HOST_MAX_VALUE;
	uint8_t *bytes = mem_alloc(HOST_MAX_VALUE);
	LONG code = RegQueryValueExW(opened, wide, NULL, &type, bytes, &size);
	enum status status = STATUS_OK;
	if (code == ERROR_MORE_DATA)
		status = os_fail(error, STATUS_LIMIT, code,
				 "registry HKLM\\%s, value \"%s\": longer than what is read", key,
				 name);
	else if (code != ERROR_SUCCESS)
		status = win32_fail(error, (DWORD)code, "RegQueryValueEx HKLM\\%s, value \"%s\"",
				    key, name);
	else if (decode_value(type, bytes, size, arena, out) != STATUS_OK)
		status = os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE,
				 "registry HKLM\\%s, value \"%s\": neither text nor number", key,
				 name);
	free(bytes);
	return status;
}

enum status host_read_value(struct host *host, const char *key, const char *name,
			    struct arena *arena, struct host_value *out, struct os_error *error)
{
	if (host->root)
		return image_root_read_value(host->root, key, name, arena, out, error);
	HKEY opened = NULL;
	enum status status = open_key(key, arena, &opened, error);
	if (status != STATUS_OK)
		return status;
	status = read_value(opened, key, name, arena, out, error);
	RegCloseKey(opened);
	return status;
}

const char *host_key_fault(struct host *host, const char *key, struct arena *arena)
{
	return host->root ? NULL : access_list_key_fault(win32_wide(key, arena), arena);
}

enum status host_find_key(struct host *host, const char *key, struct os_error *error)
{
	if (host->root)
		return image_root_find_key(host->root, key, error);
	struct arena scratch;
	HKEY opened = NULL;
	arena_init(&scratch);
	enum status status = open_key(key, &scratch, &opened, error);
	arena_deinit(&scratch);
	if (status == STATUS_OK)
		RegCloseKey(opened);
	return status;
}

static enum service_state state_of(DWORD state)
{
	switch (state) {
	case SERVICE_RUNNING:
		return SERVICE_STATE_RUNNING;
	case SERVICE_START_PENDING:
		return SERVICE_STATE_START_PENDING;
	case SERVICE_STOP_PENDING:
		return SERVICE_STATE_STOP_PENDING;
	case SERVICE_PAUSED:
	case SERVICE_PAUSE_PENDING:
	case SERVICE_CONTINUE_PENDING:
		return SERVICE_STATE_PAUSED;
	default:
		return SERVICE_STATE_STOPPED;
	}
}

static enum status query_open(SC_HANDLE service, const char *name, struct host_service *out,
			      struct os_error *error)
{
	SERVICE_STATUS facts;
	if (!QueryServiceStatus(service, &facts))
		return win32_fail(error, GetLastError(), "QueryServiceStatus %s", name);
	bool own = facts.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR;
	*out = (struct host_service){
		.state = state_of(facts.dwCurrentState),
		.exit_code = own ? facts.dwServiceSpecificExitCode : facts.dwWin32ExitCode,
	};
	return STATUS_OK;
}

static enum status query_service(SC_HANDLE manager, const char *name, struct host_service *out,
				 struct os_error *error)
{
	struct arena scratch;
	arena_init(&scratch);
	SC_HANDLE service = OpenServiceW(manager, win32_wide(name, &scratch), SERVICE_QUERY_STATUS);
	DWORD code = GetLastError();
	arena_deinit(&scratch);
	if (!service && code == ERROR_SERVICE_DOES_NOT_EXIST) {
		*out = (struct host_service){ SERVICE_STATE_NOT_INSTALLED, REPORT_ABSENT };
		return STATUS_OK;
	}
	if (!service)
		return win32_fail(error, code, "OpenService %s", name);
	enum status status = query_open(service, name, out, error);
	CloseServiceHandle(service);
	return status;
}

enum status host_query_service(struct host *host, const char *name, struct host_service *out,
			       struct os_error *error)
{
	if (host->root)
		return image_root_query_service(host->root, name, out, error);
	SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
	if (!manager)
		return win32_fail(error, GetLastError(), "OpenSCManager");
	enum status status = query_service(manager, name, out, error);
	CloseServiceHandle(manager);
	return status;
}

/* Where the Application log lies, as the registry says, or else its name. */
static const char *log_path(struct host *host, struct arena *arena)
{
	struct os_error ignored;
	struct host_value value;
	wchar_t path[MAX_PATH];
	if (host_read_value(host, LOG_KEY, "File", arena, &value, &ignored) != STATUS_OK ||
	    value.kind != HOST_VALUE_STRING)
		return "Application";
	DWORD n = ExpandEnvironmentStringsW(win32_wide(value.text, arena), path, MAX_PATH);
	return n > 0 && n <= MAX_PATH ? win32_narrow(path, arena) : value.text;
}

enum status host_read_events(struct host *host, const struct host_question *question,
			     struct arena *arena, struct host_answer *out, struct os_error *error)
{
	if (host->root)
		return image_root_read_events(host->root, question, arena, out, error);
	enum status status = event_log_read(host->log.calls, question, arena, out, error);
	if (status == STATUS_OK) {
		out->log.path = log_path(host, arena);
		host_messages_put(host, question->source, out->events, out->n, arena);
	}
	return status;
}

enum status host_look_for_news(struct host *host, const struct host_question *question,
			       struct host_news *out, struct os_error *error)
{
	*out = (struct host_news){ 0 };
	if (host->root)
		return image_root_look_for_news(host->root, question, out, error);
	struct event_window *window = mem_alloc(sizeof *window);
	event_window_init(window, question);
	enum status status = event_log_read_news(&host->log, window, &out->events, error);
	free(window);
	return status;
}

enum status host_stat_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error)
{
	if (host->root)
		return image_root_get_file(host->root, path, false, out, error);
	return disk_stat_file(path, out, error);
}

enum status host_read_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error)
{
	if (host->root)
		return image_root_get_file(host->root, path, true, out, error);
	return disk_read(path, HOST_MAX_FILE, out, error);
}
