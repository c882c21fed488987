/*
 * TCP sockets that never block, watched by select(): the seam between the prober and the system.
 *
 * posix/socket.c and win32/socket.c answer; addresses are IPv4 in host byte order. How a call
 * failed is told as PROTOCOL.md names it (enum probe_error), translated by one table per platform.
 * One thread. On Windows host_open() has started Winsock before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/rpc/grade.h"

/* Sockets that one socket_wait() can watch: FD_SETSIZE of both platforms (Windows by define). */
#define SOCKET_MAX_WATCHED 1024

typedef intptr_t socket_handle;
#define SOCKET_NONE ((socket_handle)-1)

struct socket_watch {
	socket_handle socket;
	bool read;     /* wake for bytes or an end to be read */
	bool write;    /* wake for room to write, or for the end of connecting */
	bool readable; /* result */
	bool writable; /* result; also set where connecting failed */
	bool failed;   /* result; connecting failed, where the system tells so */
};

/*
 * Begins to connect from `from` (any port of it) to `to`. Never asks for a privileged port.
 *
 * PROBE_OK     it is connecting, or connected: wait for `write`, then ask socket_finish()
 * PROBE_LOCAL  no socket, or `from` is no address of this machine
 * others       the system knew at once that it cannot be: PROBE_NET_UNREACHABLE ...
 */
enum probe_error socket_connect(uint32_t from, uint32_t to, uint16_t port, socket_handle *out);

/*
 * How the connecting ended: PROBE_OK where the connection stands. `failed` is the watch's;
 * PROBE_RESET where the system does not say why.
 */
enum probe_error socket_finish(socket_handle socket, bool failed);

/*
 * Sends what there is room for; `*sent` may be 0, also where the connection is not quite there yet.
 * PROBE_RESET where the connection is gone.
 */
enum probe_error socket_send(socket_handle socket, const void *bytes, size_t n, size_t *sent);

/* Receives what is there; `*got` may be 0. PROBE_CLOSED at the peer's orderly end. */
enum probe_error socket_receive(socket_handle socket, void *bytes, size_t size, size_t *got);

/* Ends a connection by a reset, so that its port is free at once (no TIME_WAIT). */
void socket_close(socket_handle socket);

/*
 * Waits at most `ms` until one of `n` watches (at most SOCKET_MAX_WATCHED; 0 just sleeps) has a
 * result; may come back early without any.
 *
 * STATUS_SYSTEM  the system would not; no results
 */
enum status socket_wait(struct socket_watch *watches, size_t n, uint32_t ms);
