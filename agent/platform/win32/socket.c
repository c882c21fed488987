#include "agent/platform/socket.h"

/* winsock2.h would take 64. */
#define FD_SETSIZE 1024
#include <winsock2.h>

#include "agent/platform/connecting.h"

_Static_assert(FD_SETSIZE >= SOCKET_MAX_WATCHED, "one fd_set holds every watched socket");

/* Errors that the network caused; all other codes are this machine's own (PROBE_LOCAL). */
static const struct {
	int code;
	enum probe_error error;
} errors[] = {
	{ WSAETIMEDOUT, PROBE_TIMEOUT },          { WSAEHOSTUNREACH, PROBE_HOST_UNREACHABLE },
	{ WSAEHOSTDOWN, PROBE_HOST_UNREACHABLE }, { WSAENETUNREACH, PROBE_NET_UNREACHABLE },
	{ WSAENETDOWN, PROBE_NET_UNREACHABLE },   { WSAENETRESET, PROBE_RESET },
	{ WSAECONNREFUSED, PROBE_REFUSED },       { WSAECONNRESET, PROBE_RESET },
	{ WSAECONNABORTED, PROBE_RESET },         { WSAEDISCON, PROBE_CLOSED },
};

static enum probe_error from_winsock(int code)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		if (errors[i].code == code)
			return errors[i].error;
	}
	return PROBE_LOCAL;
}

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	in.sin_addr.s_addr = htonl(address);
	return in;
}

enum probe_error socket_connect(uint32_t from, uint32_t to, uint16_t port, socket_handle *out)
{
	struct sockaddr_in here = address_of(from, 0);
	struct sockaddr_in there = address_of(to, port);
	u_long nonblocking = 1;
	SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);

	if (s == INVALID_SOCKET)
		return PROBE_LOCAL;
	if (ioctlsocket(s, (long)FIONBIO, &nonblocking) != 0 ||
	    bind(s, (struct sockaddr *)&here, sizeof here) != 0) {
		closesocket(s);
		return PROBE_LOCAL;
	}
	if (connect(s, (struct sockaddr *)&there, sizeof there) != 0 &&
	    WSAGetLastError() != WSAEWOULDBLOCK) {
		enum probe_error error = from_winsock(WSAGetLastError());
		closesocket(s);
		return error;
	}
	*out = (socket_handle)s;
	return PROBE_OK;
}

static int read_error(void *user)
{
	int code = 0;
	int size = sizeof code;
	const SOCKET *s = user;

	return getsockopt(*s, SOL_SOCKET, SO_ERROR, (char *)&code, &size) == 0 ? code
									       : WSAGetLastError();
}

static void yield(void)
{
	Sleep(0);
}

enum probe_error socket_finish(socket_handle socket, bool failed)
{
	SOCKET s = (SOCKET)socket;
	const struct connecting connecting = { read_error, yield, &s };
	int code = connecting_error(&connecting, failed);

	if (code == CONNECTING_NO_REASON)
		return PROBE_RESET;
	return code == 0 ? PROBE_OK : from_winsock(code);
}

/* Failure of an established connection: unknown errors count as PROBE_CLOSED. */
static enum probe_error gone(int code)
{
	enum probe_error error = from_winsock(code);
	return error == PROBE_LOCAL ? PROBE_RESET : error;
}

enum probe_error socket_send(socket_handle socket, const void *bytes, size_t n, size_t *sent)
{
	int put = send((SOCKET)socket, bytes, (int)n, 0);
	int code = put < 0 ? WSAGetLastError() : 0;

	*sent = put > 0 ? (size_t)put : 0;
	if (code == WSAENOTCONN) { /* NT may be writable a moment before it is connected */
		Sleep(1);
		return PROBE_OK;
	}
	return put >= 0 || code == WSAEWOULDBLOCK ? PROBE_OK : gone(code);
}

enum probe_error socket_receive(socket_handle socket, void *bytes, size_t size, size_t *got)
{
	int n = recv((SOCKET)socket, bytes, (int)size, 0);
	int code = n < 0 ? WSAGetLastError() : 0;

	*got = n > 0 ? (size_t)n : 0;
	if (n == 0)
		return PROBE_CLOSED;
	return n > 0 || code == WSAEWOULDBLOCK ? PROBE_OK : gone(code);
}

/* Resets the connection: nothing that was sent is still needed, and its port is free at once. */
void socket_close(socket_handle socket)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt((SOCKET)socket, SOL_SOCKET, SO_LINGER, (const char *)&at_once,
			 sizeof at_once);
	closesocket((SOCKET)socket);
}

enum status socket_wait(struct socket_watch *watches, size_t n, uint32_t ms)
{
	struct timeval limit = { .tv_sec = (long)(ms / 1000), .tv_usec = (long)(ms % 1000) * 1000 };
	static fd_set reads; /* 4 KB each: not on the stack of NT 4.0's default threads */
	static fd_set writes;
	static fd_set fails;

	if (n == 0) { /* select() refuses three empty sets */
		Sleep(ms);
		return STATUS_OK;
	}
	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_ZERO(&fails);
	for (size_t i = 0; i < n; i++) {
		SOCKET s = (SOCKET)watches[i].socket;
		watches[i].readable = watches[i].writable = watches[i].failed = false;
		if (watches[i].read)
			FD_SET(s, &reads);
		if (watches[i].write) {
			FD_SET(s, &writes);
			FD_SET(s, &fails); /* here Winsock tells that connecting failed */
		}
	}
	if (select(0, &reads, &writes, &fails, &limit) < 0)
		return STATUS_SYSTEM;
	for (size_t i = 0; i < n; i++) {
		SOCKET s = (SOCKET)watches[i].socket;
		watches[i].readable = FD_ISSET(s, &reads) != 0;
		watches[i].failed = FD_ISSET(s, &fails) != 0;
		watches[i].writable = FD_ISSET(s, &writes) != 0 || watches[i].failed;
	}
	return STATUS_OK;
}
