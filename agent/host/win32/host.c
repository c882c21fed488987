#include "agent/host/host.h"

#include "agent/platform/error.h"
#include "agent/platform/process.h"
#include "agent/platform/ticks.h"
#include "agent/platform/win32/filetime.h"
#include "agent/platform/win32/random.h"
#include "agent/platform/win32/text.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

#include <winsock2.h>
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "agent/host/win32/internal.h"

/* Changes come in bursts: an adapter that comes up gets its address a moment later. */
#define SETTLE_MS 500

#define THREAD_STACK (256 * 1024) /* bytes; curl and the resolver need less */

/* SystemTimeOfDayInformation of NtQuerySystemInformation (Windows Research Kernel, ntexapi.h). */
#define SYSTEM_TIME_OF_DAY 3

struct time_of_day {
	LARGE_INTEGER boot;
	LARGE_INTEGER now;
	LARGE_INTEGER zone_bias;
	ULONG zone_id;
	ULONG reserved;
};

/* Handles of the system. */
struct host_system {
	HANDLE stop_event;      /* manual reset: set once, it ends every wait */
	HANDLE nudge_event;     /* resets itself: ends one wait */
	HANDLE log_event;       /* likewise; the event log service pulses it */
	LONG volatile threads;  /* that have not ended */
	HANDLE change_event;    /* set when an address came or went; NULL: nobody tells */
	OVERLAPPED change;      /* of NotifyAddrChange; must stay while it is asked */
	CRITICAL_SECTION clock; /* guards what follows */
	struct ticks ticks;
};

/* Asks to be told of the next change of an address; where that is not possible, nobody tells. */
static void watch_changes(struct host_system *system)
{
	typedef DWORD(WINAPI * notify_function)(PHANDLE, LPOVERLAPPED);
	HANDLE ignored = NULL;
	notify_function notify = (notify_function)host_ip_helper("NotifyAddrChange");
	if (!system->change_event)
		system->change_event = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!system->change_event)
		return;
	memset(&system->change, 0, sizeof system->change);
	system->change.hEvent = system->change_event;
	if (notify && notify(&ignored, &system->change) == ERROR_IO_PENDING)
		return;
	CloseHandle(system->change_event);
	system->change_event = NULL;
}

static struct host_system *system_new(void)
{
	struct host_system *system = mem_alloc(sizeof *system);
	system->ticks.last = process_tick_ms();
	InitializeCriticalSection(&system->clock);
	return system;
}

/* The system may still write into `change`: with a watch under way the memory stays. */
static void system_free(struct host_system *system)
{
	if (system->stop_event)
		CloseHandle(system->stop_event);
	if (system->nudge_event)
		CloseHandle(system->nudge_event);
	if (system->log_event)
		CloseHandle(system->log_event);
	DeleteCriticalSection(&system->clock);
	if (!system->change_event)
		free(system);
}

static enum status start_up(struct host *host, const struct host_options *options,
			    struct os_error *error)
{
	WSADATA winsock;
	int code = WSAStartup(MAKEWORD(2, 0), &winsock);
	if (code != 0)
		return win32_fail(error, (DWORD)code, "WSAStartup");
	host->system->stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
	host->system->nudge_event = CreateEventW(NULL, FALSE, FALSE, NULL);
	host->system->log_event = CreateEventW(NULL, FALSE, FALSE, NULL);
	host->log.event = host->system->log_event;
	if (!host->system->stop_event || !host->system->nudge_event || !host->system->log_event)
		return win32_fail(error, GetLastError(), "CreateEvent");
	if (options->image_root)
		return image_root_open(&host->root, options->image_root, error);
	return STATUS_OK;
}

enum status host_open(struct host **out, const struct host_options *options, struct os_error *error)
{
	if (options->disk_only && !options->image_root)
		return os_fail(error, STATUS_INVALID, OS_NO_CODE,
			       "a disk is to be judged, but no directory stands for it");
	struct host *host = mem_alloc(sizeof *host);
	host->disk_only = options->disk_only;
	host->writes_events = options->writes_events;
	host->system = system_new();
	host->log.calls = &event_log_calls_system;
	enum status status = start_up(host, options, error);
	if (status != STATUS_OK) {
		host_close(host);
		return status;
	}
	watch_changes(host->system);
	*out = host;
	return STATUS_OK;
}

void host_close(struct host *host)
{
	if (!host || host->system->threads > 0)
		return;
	image_root_close(host->root);
	event_log_stop(&host->log);
	system_free(host->system);
	free(host);
}

const char *host_platform(void)
{
	return "windows-x86";
}

bool host_has_network(const struct host *host)
{
	return !host->disk_only;
}

bool host_is_image(const struct host *host)
{
	return host->root != NULL;
}

static enum status get_boot_time(int64_t *ms, struct os_error *error)
{
	typedef LONG(WINAPI * query_function)(ULONG, void *, ULONG, ULONG *);
	struct time_of_day times;
	HMODULE ntdll = GetModuleHandleA("ntdll.dll");
	query_function query = NULL;
	if (ntdll)
		query = (query_function)(void (*)(void))GetProcAddress(ntdll,
								       "NtQuerySystemInformation");
	memset(&times, 0, sizeof times);
	if (!query)
		return win32_fail(error, ERROR_PROC_NOT_FOUND,
				  "ntdll.dll, NtQuerySystemInformation");
	LONG code = query(SYSTEM_TIME_OF_DAY, &times, sizeof times, NULL);
	if (code < 0 || times.boot.QuadPart <= 0)
		return os_fail(error, STATUS_SYSTEM, code,
			       "NtQuerySystemInformation SystemTimeOfDayInformation: "
			       "status 0x%08lx",
			       (unsigned long)code);
	*ms = win32_filetime_ms((uint32_t)times.boot.HighPart, times.boot.LowPart) / 1000 * 1000;
	return STATUS_OK;
}

static const char *system_name(struct arena *arena)
{
	OSVERSIONINFOA version = { .dwOSVersionInfoSize = sizeof version };
	if (!GetVersionExA(&version))
		return NULL;
	bool is_2000 = version.dwMajorVersion == 5 && version.dwMinorVersion == 0;
	const char *pack = version.szCSDVersion;
	if (is_2000)
		return arena_printf(arena, "Windows 2000%s%s", pack[0] ? " " : "", pack);
	return arena_printf(arena, "Windows NT %lu.%lu%s%s", version.dwMajorVersion,
			    version.dwMinorVersion, pack[0] ? " " : "", pack);
}

enum status host_identify(struct host *host, struct arena *arena, struct host_identity *out,
			  struct os_error *error)
{
	if (host->disk_only)
		return image_root_identify(host->root, arena, out, error);
	wchar_t name[MAX_COMPUTERNAME_LENGTH + 1];
	DWORD n = MAX_COMPUTERNAME_LENGTH + 1;
	if (!GetComputerNameW(name, &n))
		return win32_fail(error, GetLastError(), "GetComputerName");
	*out = (struct host_identity){
		.name = win32_narrow(name, arena),
		.os = system_name(arena),
		.booted_at_ms = TIMESTAMP_NONE,
	};
	if (get_boot_time(&out->booted_at_ms, error) != STATUS_OK)
		out->no_boot_time = os_keep_error(error, arena);
	return STATUS_OK;
}

uint64_t host_now_ms(struct host *host)
{
	struct host_system *system = host->system;
	EnterCriticalSection(&system->clock);
	uint64_t now = ticks_count(&system->ticks, process_tick_ms());
	LeaveCriticalSection(&system->clock);
	return now;
}

int64_t host_wall_ms(struct host *host)
{
	(void)host;
	return process_wall_ms();
}

enum status host_random(struct host *host, void *bytes, size_t n, struct os_error *error)
{
	(void)host;
	const char *call = NULL;
	unsigned long code = random_fill(bytes, n, &call);
	return code == NO_ERROR ? STATUS_OK : win32_fail(error, code, "%s", call);
}

void host_sleep(struct host *host, uint32_t ms)
{
	(void)host;
	Sleep(ms);
}

enum host_wake host_wait(struct host *host, uint32_t ms)
{
	struct host_system *system = host->system;
	HANDLE events[] = { system->stop_event, system->nudge_event, system->log_event,
			    system->change_event };
	DWORD woken = WaitForMultipleObjects(system->change_event ? 4 : 3, events, FALSE, ms);
	if (woken == WAIT_OBJECT_0)
		return HOST_WAKE_STOP;
	if (woken == WAIT_OBJECT_0 + 1)
		return HOST_WAKE_NUDGE;
	if (woken == WAIT_OBJECT_0 + 2)
		return HOST_WAKE_LOG;
	if (woken != WAIT_OBJECT_0 + 3)
		return HOST_WAKE_TIME;
	Sleep(SETTLE_MS);
	watch_changes(system);
	return HOST_WAKE_CHANGE;
}

void host_wake_up(struct host *host)
{
	SetEvent(host->system->nudge_event);
}

void host_stop(struct host *host)
{
	SetEvent(host->system->stop_event);
}

struct start {
	struct host *host;
	void (*run)(void *arg);
	void *arg;
};

static DWORD WINAPI run_thread(void *arg)
{
	struct start start = *(struct start *)arg;
	free(arg);
	start.run(start.arg);
	InterlockedDecrement(&start.host->system->threads);
	return 0;
}

enum status host_start_thread(struct host *host, void (*run)(void *arg), void *arg,
			      struct os_error *error)
{
	DWORD id = 0; /* Windows 95 wants a place for it; so it is always given */
	struct start *start = mem_alloc(sizeof *start);
	*start = (struct start){ host, run, arg };
	InterlockedIncrement(&host->system->threads);
	HANDLE thread = CreateThread(NULL, THREAD_STACK, run_thread, start, 0, &id);
	if (!thread) {
		DWORD code = GetLastError();
		InterlockedDecrement(&host->system->threads);
		free(start);
		return win32_fail(error, code, "CreateThread");
	}
	CloseHandle(thread);
	return STATUS_OK;
}
