/*
 * A Winsock that tells why a connection failed (SO_ERROR) when it was asked so many times in vain
 * as the environment variable LATE_ERRORS says; that of Wine tells it at once.
 */
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>

#include <windows.h>

#include "tests/windows_programs/instead.h"

typedef int(WSAAPI *getsockopt_function)(SOCKET, int, int, char *, int *);

/* A connection is asked about until it is known how it ended; then comes the next one. */
static SOCKET asked_about = INVALID_SOCKET;
static int n_asked;

static int times_in_vain(void)
{
	const char *text = getenv("LATE_ERRORS");

	return text ? atoi(text) : 0;
}

static int WSAAPI late_getsockopt(SOCKET s, int level, int option, char *value, int *size)
{
	const int none = 0;
	getsockopt_function real = (getsockopt_function)(void (*)(void))GetProcAddress(
		GetModuleHandleA("ws2_32.dll"), "getsockopt");

	if (level != SOL_SOCKET || option != SO_ERROR)
		return real(s, level, option, value, size);
	n_asked = s == asked_about ? n_asked + 1 : 1;
	asked_about = s;
	if (n_asked > times_in_vain()) {
		asked_about = INVALID_SOCKET;
		return real(s, level, option, value, size);
	}
	memcpy(value, &none, sizeof none);
	return 0;
}

INSTEAD_OF("getsockopt@20", late_getsockopt)
