#include "collector/daemon/systemd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "collector/base/loop.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"

struct systemd {
	struct sockaddr_un address;
	socklen_t size; /* 0: nobody listens */
	struct loop_timer *watchdog;
	uint64_t feed_ms; /* 0: there is no watchdog */
};

/* A path, or an abstract name that begins with "@" (sd_notify(3)). */
static void read_address(struct systemd *s)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t n = name ? strlen(name) : 0;

	if (n < 2 || n >= sizeof s->address.sun_path || (*name != '/' && *name != '@'))
		return;
	s->address.sun_family = AF_UNIX;
	memcpy(s->address.sun_path, name, n);
	if (*name == '@')
		s->address.sun_path[0] = '\0';
	s->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

/* 0: it is not set, or to no number. */
static uint64_t number_of(const char *name)
{
	int64_t number = 0;

	(void)number_parse(getenv(name), 0, INT64_MAX, &number);
	return (uint64_t)number;
}

/* Twice as often as the manager wants it (sd_watchdog_enabled(3)). */
static void read_watchdog(struct systemd *s)
{
	uint64_t pid = number_of("WATCHDOG_PID");

	if (pid == 0 || pid == (uint64_t)getpid())
		s->feed_ms = number_of("WATCHDOG_USEC") / 2 / 1000;
}

static void notify_systemd(const struct systemd *s, const char *state)
{
	if (s->size == 0)
		return;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&s->address,
		     s->size);
	close(fd); /* nothing was written to it that could be lost */
}

static void feed(void *user)
{
	struct systemd *s = user;
	notify_systemd(s, "WATCHDOG=1");
	loop_timer_start(s->watchdog, s->feed_ms);
}

struct systemd *systemd_new(struct uv_loop_s *loop)
{
	struct systemd *s = mem_alloc(sizeof *s);

	read_address(s);
	read_watchdog(s);
	s->watchdog = loop_timer_new(loop, feed, s);
	return s;
}

void systemd_ready(struct systemd *s, const char *status)
{
	char text[512];

	snprintf(text, sizeof text, "READY=1\nSTATUS=%s", status);
	notify_systemd(s, text);
	if (s->feed_ms > 0)
		feed(s);
}

void systemd_reloading(struct systemd *s)
{
	char text[96];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* this clock always exists */
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		 (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_systemd(s, text);
}

void systemd_beginning_anew(struct systemd *s)
{
	systemd_reloading(s);
	loop_timer_close(s->watchdog);
	free(s);
}

void systemd_stopping(struct systemd *s)
{
	if (!s)
		return;
	notify_systemd(s, "STOPPING=1\nSTATUS=ending");
	loop_timer_close(s->watchdog);
	free(s);
}
