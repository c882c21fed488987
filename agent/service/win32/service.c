#include "agent/service/service.h"

#include "agent/platform/log.h"
#include "agent/platform/process.h"
#include "agent/platform/win32/text.h"
#include "agent/service/signals.h"

#include <windows.h>

#include "agent/service/win32/install.h"
#include "agent/service/win32/scm.h"

/* A process has one service, known to the SCM by these. */
static struct {
	CRITICAL_SECTION guard; /* of what follows */
	SERVICE_STATUS_HANDLE handle;
	SERVICE_STATUS status;
	struct service_body body;
} service;

/* Tells the SCM the state; once stopped, nothing is told any more. */
static void report_state(DWORD state, DWORD wait_ms)
{
	SERVICE_STATUS *status = &service.status;

	EnterCriticalSection(&service.guard);
	if (status->dwCurrentState != SERVICE_STOPPED) {
		bool pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
		bool same = status->dwCurrentState == state;
		status->dwCheckPoint = pending ? (same ? status->dwCheckPoint + 1 : 1) : 0;
		status->dwWaitHint = wait_ms;
		status->dwCurrentState = state;
		status->dwControlsAccepted = state == SERVICE_RUNNING
						     ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN
						     : 0;
		if (!SetServiceStatus(service.handle, status))
			log_warning("could not tell the service manager our state: error %lu",
				    GetLastError());
	}
	LeaveCriticalSection(&service.guard);
}

static void tell_stopped(int code)
{
	EnterCriticalSection(&service.guard);
	if (code != 0 && service.status.dwCurrentState != SERVICE_STOPPED) {
		service.status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
		service.status.dwServiceSpecificExitCode = (DWORD)code;
	}
	LeaveCriticalSection(&service.guard);
	report_state(SERVICE_STOPPED, 0);
}

/* Ends the process if the body does not; dies with the process if it does. */
static DWORD WINAPI lose_patience(void *unused)
{
	(void)unused;
	Sleep(SERVICE_STOP_MS);
	log_warning("something in flight cannot be cancelled: ending without it");
	tell_stopped(0);
	process_end(0);
}

static void stop_service(void)
{
	DWORD id = 0;

	report_state(SERVICE_STOP_PENDING, SERVICE_STOP_MS + 500);
	signals_stop();
	HANDLE thread = CreateThread(NULL, 0, lose_patience, NULL, 0, &id);
	if (!thread)
		lose_patience(NULL);
	CloseHandle(thread);
	service.body.stopping(service.body.user);
}

static VOID WINAPI on_control(DWORD control)
{
	if (control == SERVICE_CONTROL_STOP || control == SERVICE_CONTROL_SHUTDOWN) {
		stop_service();
		return;
	}
	EnterCriticalSection(&service.guard); /* SERVICE_CONTROL_INTERROGATE */
	SetServiceStatus(service.handle, &service.status);
	LeaveCriticalSection(&service.guard);
}

static VOID WINAPI service_main(DWORD n, wchar_t **arguments)
{
	(void)n;
	(void)arguments;
	service.handle = RegisterServiceCtrlHandlerW(SCM_SERVICE_NAME, on_control);
	if (!service.handle) {
		log_error("the service manager takes no control handler: error %lu",
			  GetLastError());
		return;
	}
	report_state(SERVICE_START_PENDING, SERVICE_WAIT_HINT_MS);
	tell_stopped(service.body.run(service.body.user));
}

enum status service_run(const struct service_body *body, struct os_error *error)
{
	wchar_t name[] = SCM_SERVICE_NAME;
	const SERVICE_TABLE_ENTRYW table[] = { { name, service_main }, { NULL, NULL } };

	InitializeCriticalSection(&service.guard);
	service.status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
	service.body = *body;
	if (StartServiceCtrlDispatcherW(table))
		return STATUS_OK;
	DWORD code = GetLastError();
	enum status status = win32_fail(error, code, "StartServiceCtrlDispatcher");
	return code == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT ? STATUS_UNSUPPORTED : status;
}

void service_progress(void)
{
	report_state(SERVICE_START_PENDING, SERVICE_WAIT_HINT_MS);
}

void service_ready(void)
{
	EnterCriticalSection(&service.guard);
	bool starting = service.status.dwCurrentState == SERVICE_START_PENDING;
	LeaveCriticalSection(&service.guard);
	if (starting)
		report_state(SERVICE_RUNNING, 0);
}

void service_protect(void)
{
	struct os_error error;

	if (install_protect_program(&error) != STATUS_OK)
		log_warning("the program is not safe: could not %s", error.text);
	if (install_check_settings(&error) != STATUS_OK ||
	    install_protect_settings(&error) != STATUS_OK)
		log_warning("the settings are not safe: could not %s", error.text);
}

void service_keep_alive(void)
{
	struct os_error error;

	if (scm_keep_alive(&error) != STATUS_OK)
		log_warning("the service will not be started again should it die: %s", error.text);
}
