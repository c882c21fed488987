#include "agent/platform/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(FD_SETSIZE >= SOCKET_MAX_WATCHED, "one fd_set holds every watched socket");

/* Errors that the network caused; all other codes are this machine's own (PROBE_LOCAL). */
static const struct {
	int code;
	enum probe_error error;
} errors[] = {
	{ ETIMEDOUT, PROBE_TIMEOUT },
	{ EHOSTUNREACH, PROBE_HOST_UNREACHABLE }, /* no ARP answer, ICMP host unreachable */
	{ EHOSTDOWN, PROBE_HOST_UNREACHABLE },
	{ ENETUNREACH, PROBE_NET_UNREACHABLE }, /* no route, ICMP network unreachable */
	{ ENETDOWN, PROBE_NET_UNREACHABLE },
	{ ECONNREFUSED, PROBE_REFUSED },
	{ ECONNRESET, PROBE_RESET },
	{ ECONNABORTED, PROBE_RESET },
	{ EPIPE, PROBE_RESET },
};

static enum probe_error from_errno(int code)
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
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0)
		return PROBE_LOCAL;
	if (fd >= FD_SETSIZE || bind(fd, (struct sockaddr *)&here, sizeof here) != 0) {
		close(fd);
		return PROBE_LOCAL;
	}
	if (connect(fd, (struct sockaddr *)&there, sizeof there) != 0 && errno != EINPROGRESS) {
		enum probe_error error = from_errno(errno);
		close(fd);
		return error;
	}
	*out = fd;
	return PROBE_OK;
}

/* SO_ERROR has the reason of a failure as soon as select() returns. */
enum probe_error socket_finish(socket_handle socket, bool failed)
{
	int code = 0;
	socklen_t size = sizeof code;
	(void)failed;

	if (getsockopt((int)socket, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
		return PROBE_LOCAL;
	return code == 0 ? PROBE_OK : from_errno(code);
}

/* Failure of an established connection: unknown errors count as PROBE_CLOSED. */
static enum probe_error gone(int code)
{
	enum probe_error error = from_errno(code);
	return error == PROBE_LOCAL ? PROBE_RESET : error;
}

static bool would_block(int code)
{
	return code == EAGAIN || code == EINTR;
}

enum probe_error socket_send(socket_handle socket, const void *bytes, size_t n, size_t *sent)
{
	ssize_t put = send((int)socket, bytes, n, MSG_NOSIGNAL);

	*sent = put > 0 ? (size_t)put : 0;
	return put >= 0 || would_block(errno) ? PROBE_OK : gone(errno);
}

enum probe_error socket_receive(socket_handle socket, void *bytes, size_t size, size_t *got)
{
	ssize_t n = recv((int)socket, bytes, size, 0);

	*got = n > 0 ? (size_t)n : 0;
	if (n == 0)
		return PROBE_CLOSED;
	return n > 0 || would_block(errno) ? PROBE_OK : gone(errno);
}

/* Resets the connection: nothing that was sent is still needed, and its port is free at once. */
void socket_close(socket_handle socket)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt((int)socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close((int)socket);
}

enum status socket_wait(struct socket_watch *watches, size_t n, uint32_t ms)
{
	struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	fd_set reads;
	fd_set writes;
	int highest = -1;

	FD_ZERO(&reads);
	FD_ZERO(&writes);
	for (size_t i = 0; i < n; i++) {
		int fd = (int)watches[i].socket;
		if (watches[i].read)
			FD_SET(fd, &reads);
		if (watches[i].write)
			FD_SET(fd, &writes);
		highest = fd > highest ? fd : highest;
		watches[i].readable = watches[i].writable = watches[i].failed = false;
	}
	int found = select(highest + 1, &reads, &writes, NULL, &limit);
	if (found < 0)
		return errno == EINTR ? STATUS_OK : STATUS_SYSTEM;
	for (size_t i = 0; i < n; i++) {
		watches[i].readable = FD_ISSET((int)watches[i].socket, &reads);
		watches[i].writable = FD_ISSET((int)watches[i].socket, &writes);
	}
	return STATUS_OK;
}
