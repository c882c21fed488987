#include "agent/service/service.h"

#include "agent/platform/error.h"
#include "agent/platform/win32/newer_calls.h"
#include "agent/platform/win32/text.h"

#include <windows.h>

#include "agent/service/win32/scm.h"

#define POLL_MS 100

#define MINUTE_MS 60000
#define DAY_S     86400

typedef BOOL(WINAPI *change_function)(SC_HANDLE, DWORD, void *);
typedef BOOL(WINAPI *query_function)(SC_HANDLE, DWORD, BYTE *, DWORD, DWORD *);

/* Advice for an administrator beside the system's own message. */
static const char *hint_of(DWORD code)
{
	switch (code) {
	case ERROR_ACCESS_DENIED:
		return " (this takes an administrator of this machine)";
	case ERROR_SERVICE_MARKED_FOR_DELETE:
		return " (somebody holds it open: close every window that shows services, the "
		       "Event Viewer and the Performance Monitor, or restart the server, and try "
		       "again)";
	case ERROR_SERVICE_REQUEST_TIMEOUT:
		return " (the program was started and did not answer: is it the right one, and "
		       "may SYSTEM read it?)";
	default:
		return "";
	}
}

static enum status fail(struct os_error *error, DWORD code, const char *what)
{
	struct os_error plain;
	enum status status = win32_fail(&plain, code, "%s", what);

	if (code == ERROR_SERVICE_DOES_NOT_EXIST)
		status = STATUS_NOT_FOUND;
	return os_fail(error, status, (int64_t)code, "%s%s", plain.text, hint_of(code));
}

static enum status open_manager(DWORD rights, SC_HANDLE *out, struct os_error *error)
{
	*out = OpenSCManagerW(NULL, NULL, rights);
	return *out ? STATUS_OK : fail(error, GetLastError(), "open the service manager");
}

static enum status open_service(DWORD rights, SC_HANDLE *out, struct os_error *error)
{
	SC_HANDLE manager = NULL;
	enum status status = open_manager(SC_MANAGER_CONNECT, &manager, error);

	if (status != STATUS_OK)
		return status;
	*out = OpenServiceW(manager, SCM_SERVICE_NAME, rights);
	if (!*out)
		status = fail(error, GetLastError(), "open the service " SERVICE_NAME);
	CloseServiceHandle(manager);
	return status;
}

enum status scm_find(bool *there, struct os_error *error)
{
	SC_HANDLE manager = NULL;
	SC_HANDLE service = NULL;
	enum status status = open_manager(SC_MANAGER_CREATE_SERVICE, &manager, error);

	if (status != STATUS_OK)
		return status;
	CloseServiceHandle(manager);
	status = open_service(SERVICE_QUERY_STATUS, &service, error);
	if (status == STATUS_OK)
		CloseServiceHandle(service);
	*there = status == STATUS_OK;
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status change_service(const wchar_t *command, struct os_error *error)
{
	SC_HANDLE service = NULL;
	enum status status = open_service(SERVICE_CHANGE_CONFIG, &service, error);

	if (status != STATUS_OK)
		return status;
	/* The account stays: an administrator may have chosen another one. */
	if (!ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
				  SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL,
				  L"" SERVICE_DISPLAY_NAME))
		status = fail(error, GetLastError(), "change the service " SERVICE_NAME);
	CloseServiceHandle(service);
	return status;
}

static enum status create_service(const wchar_t *command, struct os_error *error)
{
	SC_HANDLE manager = NULL;
	enum status status = open_manager(SC_MANAGER_CREATE_SERVICE, &manager, error);

	if (status != STATUS_OK)
		return status;
	SC_HANDLE service =
		CreateServiceW(manager, SCM_SERVICE_NAME, L"" SERVICE_DISPLAY_NAME,
			       SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
			       SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL);
	if (service)
		CloseServiceHandle(service);
	else
		status = fail(error, GetLastError(), "create the service " SERVICE_NAME);
	CloseServiceHandle(manager);
	return status;
}

/* Without ChangeServiceConfig2 there are no descriptions. */
static enum status describe(struct os_error *error)
{
	change_function change =
		(change_function)newer_calls_find("advapi32.dll", "ChangeServiceConfig2W");
	wchar_t text[] = L"" SERVICE_ABOUT;
	SERVICE_DESCRIPTIONW description = { text };
	SC_HANDLE service = NULL;

	if (!change)
		return STATUS_OK;
	enum status status = open_service(SERVICE_CHANGE_CONFIG, &service, error);
	if (status != STATUS_OK)
		return status;
	if (!change(service, SERVICE_CONFIG_DESCRIPTION, &description))
		status = fail(error, GetLastError(), "describe the service " SERVICE_NAME);
	CloseServiceHandle(service);
	return status;
}

enum status scm_install(const wchar_t *command, struct os_error *error)
{
	bool there = false;
	enum status status = scm_find(&there, error);

	if (status == STATUS_OK)
		status = there ? change_service(command, error) : create_service(command, error);
	return status == STATUS_OK ? describe(error) : status;
}

/* Waits until the service is no longer in `pending`, however often it says that it is alive. */
static enum status wait_out(SC_HANDLE service, DWORD pending, uint32_t limit_ms,
			    SERVICE_STATUS *state, struct os_error *error)
{
	for (uint32_t waited_ms = 0;; waited_ms += POLL_MS) {
		if (!QueryServiceStatus(service, state))
			return fail(error, GetLastError(), "ask for the state of " SERVICE_NAME);
		if (state->dwCurrentState != pending)
			return STATUS_OK;
		if (waited_ms >= limit_ms)
			return os_fail(error, STATUS_TIMED_OUT, OS_NO_CODE,
				       "the service %s is still %s after %lu seconds", SERVICE_NAME,
				       pending == SERVICE_START_PENDING ? "starting" : "stopping",
				       (unsigned long)limit_ms / 1000);
		Sleep(POLL_MS);
	}
}

static enum status ended(const SERVICE_STATUS *state, struct os_error *error)
{
	bool own = state->dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR;
	return os_fail(error, STATUS_REFUSED, OS_NO_CODE,
		       "the service %s ended right after its start with %s %lu; the Application "
		       "log and the System log tell more",
		       SERVICE_NAME, own ? "exit status" : "error",
		       own ? state->dwServiceSpecificExitCode : state->dwWin32ExitCode);
}

enum status scm_start(uint32_t limit_ms, struct os_error *error)
{
	SC_HANDLE service = NULL;
	SERVICE_STATUS state;
	enum status status = open_service(SERVICE_START | SERVICE_QUERY_STATUS, &service, error);

	if (status != STATUS_OK)
		return status;
	if (!StartServiceW(service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
		status = fail(error, GetLastError(), "start the service " SERVICE_NAME);
	if (status == STATUS_OK)
		status = wait_out(service, SERVICE_START_PENDING, limit_ms, &state, error);
	if (status == STATUS_OK && state.dwCurrentState != SERVICE_RUNNING)
		status = ended(&state, error);
	CloseServiceHandle(service);
	return status;
}

enum status scm_stop(uint32_t limit_ms, struct os_error *error)
{
	SC_HANDLE service = NULL;
	SERVICE_STATUS state;
	enum status status = open_service(SERVICE_STOP | SERVICE_QUERY_STATUS, &service, error);

	if (status != STATUS_OK)
		return status;
	/* A service in START_PENDING rejects SERVICE_CONTROL_STOP: wait first. */
	status = wait_out(service, SERVICE_START_PENDING, limit_ms, &state, error);
	if (status == STATUS_OK && !ControlService(service, SERVICE_CONTROL_STOP, &state) &&
	    GetLastError() != ERROR_SERVICE_NOT_ACTIVE)
		status = fail(error, GetLastError(), "stop the service " SERVICE_NAME);
	if (status == STATUS_OK)
		status = wait_out(service, SERVICE_STOP_PENDING, limit_ms, &state, error);
	CloseServiceHandle(service);
	return status;
}

enum status scm_remove(struct os_error *error)
{
	SC_HANDLE service = NULL;
	enum status status = open_service(DELETE, &service, error);

	if (status != STATUS_OK)
		return status;
	if (!DeleteService(service))
		status = fail(error, GetLastError(), "remove the service " SERVICE_NAME);
	CloseServiceHandle(service);
	return status;
}

/* Has somebody said already what is to be done when the service dies? */
static bool has_recovery(SC_HANDLE service)
{
	query_function query =
		(query_function)newer_calls_find("advapi32.dll", "QueryServiceConfig2W");
	union {
		SERVICE_FAILURE_ACTIONSW actions;
		BYTE bytes[8192]; /* the call's own limit */
	} found;
	DWORD needed = 0;

	return query &&
	       query(service, SERVICE_CONFIG_FAILURE_ACTIONS, found.bytes, sizeof found, &needed) &&
	       found.actions.cActions > 0;
}

enum status scm_keep_alive(struct os_error *error)
{
	change_function change =
		(change_function)newer_calls_find("advapi32.dll", "ChangeServiceConfig2W");
	SC_ACTION actions[] = {
		{ SC_ACTION_RESTART, MINUTE_MS },
		{ SC_ACTION_RESTART, 5 * MINUTE_MS },
		{ SC_ACTION_RESTART, 15 * MINUTE_MS }, /* and from then on */
	};
	SERVICE_FAILURE_ACTIONSW recovery = { DAY_S, NULL, NULL, 3, actions };
	SC_HANDLE service = NULL;

	if (!change)
		return STATUS_OK;
	enum status status = open_service(
		SERVICE_QUERY_CONFIG | SERVICE_CHANGE_CONFIG | SERVICE_START, &service, error);
	if (status != STATUS_OK)
		return status;
	if (!has_recovery(service) && !change(service, SERVICE_CONFIG_FAILURE_ACTIONS, &recovery))
		status = fail(error, GetLastError(),
			      "set the recovery of the service " SERVICE_NAME);
	CloseServiceHandle(service);
	return status;
}
