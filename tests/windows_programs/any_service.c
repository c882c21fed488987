/*
 * any_service: a service that does nothing but run until it is stopped, under whatever name it was
 * created with (`sc create NAME binPath= any_service.exe`). It stands for Exchange's in tests.
 */
#include <windows.h>

static SERVICE_STATUS_HANDLE handle;
static HANDLE end;

static void tell(DWORD state)
{
	SERVICE_STATUS status = { .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
				  .dwCurrentState = state,
				  .dwControlsAccepted = SERVICE_ACCEPT_STOP };

	SetServiceStatus(handle, &status);
}

static VOID WINAPI on_control(DWORD control)
{
	if (control == SERVICE_CONTROL_STOP)
		SetEvent(end);
	else
		tell(SERVICE_RUNNING);
}

static VOID WINAPI service_main(DWORD n, char **arguments)
{
	handle = RegisterServiceCtrlHandlerA(n > 0 ? arguments[0] : "", on_control);
	tell(SERVICE_RUNNING);
	WaitForSingleObject(end, INFINITE);
	tell(SERVICE_STOPPED);
}

int main(void)
{
	char name[] = "";
	const SERVICE_TABLE_ENTRYA table[] = { { name, service_main }, { NULL, NULL } };

	end = CreateEventA(NULL, TRUE, FALSE, NULL);
	return end && StartServiceCtrlDispatcherA(table) ? 0 : 1;
}
