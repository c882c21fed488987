/*
 * late_error N: connects to a port of this machine that nobody serves, as a probe does, on a Windows that
 * tells why it failed (SO_ERROR) when it has been asked N times in vain. Prints how the probe would end, and
 * how often it asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>

#include <windows.h>

#include "agent/platform/socket.h"
#include "proto/report/report.h"
#include "tests/windows_programs/instead.h"

#define LOOPBACK    UINT32_C(0x7f000001)
#define CLOSED_PORT 1 /* tcpmux */
#define LIMIT_MS    10000

typedef int(WSAAPI *getsockopt_function)(SOCKET, int, int, char *, int *);

static int n_in_vain;
static int n_asked;

static int WSAAPI late_getsockopt(SOCKET s, int level, int option, char *value, int *size)
{
	const int none = 0;
	HMODULE winsock = GetModuleHandleA("ws2_32.dll");
	getsockopt_function real =
		(getsockopt_function)(void (*)(void))GetProcAddress(winsock, "getsockopt");

	if (level == SOL_SOCKET && option == SO_ERROR && n_asked++ < n_in_vain) {
		memcpy(value, &none, sizeof none);
		return 0;
	}
	return real(s, level, option, value, size);
}

INSTEAD_OF("getsockopt@20", late_getsockopt)

static enum probe_error probe(void)
{
	struct socket_watch watch = { .socket = SOCKET_NONE, .write = true };
	DWORD began = GetTickCount();
	enum probe_error error = socket_connect(LOOPBACK, LOOPBACK, CLOSED_PORT, &watch.socket);

	if (error != PROBE_OK) {
		printf("at once: ");
		return error;
	}
	while (!watch.writable && GetTickCount() - began < LIMIT_MS) {
		if (socket_wait(&watch, 1, 100) != STATUS_OK)
			return PROBE_LOCAL;
	}
	error = watch.writable ? socket_finish(watch.socket, watch.failed) : PROBE_TIMEOUT;
	socket_close(watch.socket);
	return error;
}

int main(int argc, char **argv)
{
	WSADATA winsock;

	if (argc != 2 || WSAStartup(MAKEWORD(2, 0), &winsock) != 0)
		return 2;
	n_in_vain = atoi(argv[1]);
	enum probe_error error = probe();
	printf("%s, asked %d times\n", error == PROBE_OK ? "connected" : probe_error_name(error),
	       n_asked);
	return 0;
}
