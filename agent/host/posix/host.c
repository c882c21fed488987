#include "agent/host/posix/internal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent/platform/error.h"
#include "agent/platform/process.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

/* Changes come in bursts: an adapter that comes up gets its address a moment later. */
#define SETTLE_MS 500

static enum status open_pipes(struct host *host, struct os_error *error)
{
	if (pipe2(host->stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return os_fail(error, STATUS_SYSTEM, errno, "pipe: %s", strerror(errno));
	if (pipe2(host->nudge_pipe, O_CLOEXEC | O_NONBLOCK) == 0)
		return STATUS_OK;
	enum status status = os_fail(error, STATUS_SYSTEM, errno, "pipe: %s", strerror(errno));
	close(host->stop_pipe[0]);
	close(host->stop_pipe[1]);
	return status;
}

enum status host_open(struct host **out, const struct host_options *options, struct os_error *error)
{
	if (options->disk_only && !options->image_root)
		return os_fail(error, STATUS_INVALID, OS_NO_CODE,
			       "a disk is to be judged, but no directory stands for it");

	struct host *host = mem_alloc(sizeof *host);
	host->disk_only = options->disk_only;
	enum status status = open_pipes(host, error);
	if (status != STATUS_OK) {
		free(host);
		return status;
	}
	host->changes = host_watch_changes();
	if (options->image_root)
		status = image_root_open(&host->root, options->image_root, error);
	if (status != STATUS_OK) {
		host_close(host);
		return status;
	}
	*out = host;
	return STATUS_OK;
}

void host_close(struct host *host)
{
	if (!host || atomic_load(&host->threads) > 0)
		return;
	image_root_close(host->root);
	if (host->changes >= 0)
		close(host->changes);
	close(host->stop_pipe[0]);
	close(host->stop_pipe[1]);
	close(host->nudge_pipe[0]);
	close(host->nudge_pipe[1]);
	free(host);
}

const char *host_platform(void)
{
	static char platform[80];
	struct utsname names;
	if (uname(&names) != 0)
		return "linux";
	snprintf(platform, sizeof platform, "linux-%s", names.machine);
	return platform;
}

bool host_has_network(const struct host *host)
{
	return !host->disk_only;
}

bool host_is_image(const struct host *host)
{
	return host->root != NULL;
}

/* PRETTY_NAME of os-release(5), or else the kernel's name. */
static const char *system_name(const struct utsname *names, struct arena *arena)
{
	const char *name = arena_printf(arena, "%s %s", names->sysname, names->release);
	FILE *file = fopen("/etc/os-release", "re");
	if (!file)
		return name;
	char line[256];
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, "PRETTY_NAME=\"", 13) != 0)
			continue;
		name = arena_strndup(arena, line + 13, strcspn(line + 13, "\"\n"));
		break;
	}
	fclose(file);
	return name;
}

enum status host_identify(struct host *host, struct arena *arena, struct host_identity *out,
			  struct os_error *error)
{
	if (host->disk_only)
		return image_root_identify(host->root, arena, out, error);

	struct utsname names;
	struct timespec up;
	if (uname(&names) != 0)
		return os_fail(error, STATUS_SYSTEM, errno, "uname: %s", strerror(errno));
	*out = (struct host_identity){
		.name = arena_strndup(arena, names.nodename,
				      text_short_name_length(names.nodename)),
		.os = system_name(&names, arena),
		.booted_at_ms = TIMESTAMP_NONE,
	};
	if (clock_gettime(CLOCK_BOOTTIME, &up) == 0) {
		out->booted_at_ms = (host_wall_ms(host) / 1000 - up.tv_sec) * 1000;
	} else {
		(void)os_fail(error, STATUS_SYSTEM, errno, "clock_gettime CLOCK_BOOTTIME: %s",
			      strerror(errno));
		out->no_boot_time = os_keep_error(error, arena);
	}
	return STATUS_OK;
}

/* h_errno (netdb.h) as Winsock numbers it. */
static int lookup_error(int code)
{
	switch (code) {
	case HOST_NOT_FOUND:
		return HOST_LOOKUP_NOT_FOUND;
	case TRY_AGAIN:
		return HOST_LOOKUP_TRY_AGAIN;
	case NO_DATA:
		return HOST_LOOKUP_NO_DATA;
	default:
		return HOST_LOOKUP_FAILED;
	}
}

int host_reverse_lookup(struct host *host, uint32_t address, char name[HOST_MAX_NAME])
{
	(void)host;
	char room[8192];
	struct hostent entry;
	struct hostent *found = NULL;
	int code = 0;
	uint32_t wire = htobe32(address);
	int failed = gethostbyaddr_r(&wire, sizeof wire, AF_INET, &entry, room, sizeof room, &found,
				     &code);
	if (failed != 0 || !found || !found->h_name)
		return lookup_error(code);
	snprintf(name, HOST_MAX_NAME, "%s", found->h_name);
	return HOST_LOOKUP_OK;
}

int host_forward_lookup(struct host *host, const char *name, uint32_t addresses[HOST_MAX_ADDRESSES],
			size_t *n)
{
	(void)host;
	char room[8192];
	struct hostent entry;
	struct hostent *found = NULL;
	int code = 0;
	int failed = gethostbyname2_r(name, AF_INET, &entry, room, sizeof room, &found, &code);
	if (failed != 0 || !found)
		return lookup_error(code);
	size_t count = 0;
	for (char **at = found->h_addr_list; *at && count < HOST_MAX_ADDRESSES; at++) {
		uint32_t wire = 0;
		memcpy(&wire, *at, sizeof wire);
		addresses[count++] = be32toh(wire);
	}
	*n = count;
	return count > 0 ? HOST_LOOKUP_OK : HOST_LOOKUP_NO_DATA;
}

uint64_t host_now_ms(struct host *host)
{
	(void)host;
	struct timespec now = { 0 };
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t host_wall_ms(struct host *host)
{
	(void)host;
	return process_wall_ms();
}

enum status host_random(struct host *host, void *bytes, size_t n, struct os_error *error)
{
	(void)host;
	uint8_t *at = bytes;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return os_fail(error, STATUS_SYSTEM, errno, "getrandom: %s",
				       strerror(errno));
		at += got;
		n -= (size_t)got;
	}
	return STATUS_OK;
}

void host_sleep(struct host *host, uint32_t ms)
{
	(void)host;
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

/* Lets a burst of changes pass and forgets what was told; the caller looks for itself. */
static void drain_changes(struct host *host)
{
	char news[8192];
	host_sleep(host, SETTLE_MS);
	while (recv(host->changes, news, sizeof news, MSG_DONTWAIT) > 0)
		continue;
}

/* Takes out the bytes of all the nudges so far. */
static void drain(int fd)
{
	char bytes[64];

	while (read(fd, bytes, sizeof bytes) > 0)
		;
}

enum host_wake host_wait(struct host *host, uint32_t ms)
{
	struct pollfd watched[] = {
		{ .fd = host->stop_pipe[0], .events = POLLIN },
		{ .fd = host->nudge_pipe[0], .events = POLLIN },
		{ .fd = host->changes, .events = POLLIN }, /* poll() leaves out -1 */
	};
	uint64_t end = host_now_ms(host) + ms;
	for (;;) {
		uint64_t now = host_now_ms(host);
		uint64_t left = now < end ? end - now : 0;
		int n = poll(watched, 3, left > INT32_MAX ? INT32_MAX : (int)left);
		if (n > 0 && watched[0].revents)
			return HOST_WAKE_STOP;
		if (n > 0 && watched[1].revents) {
			drain(host->nudge_pipe[0]);
			return HOST_WAKE_NUDGE;
		}
		if (n > 0) {
			drain_changes(host);
			return HOST_WAKE_CHANGE;
		}
		if (host_now_ms(host) >= end)
			return HOST_WAKE_TIME;
	}
}

/* A full pipe holds a byte already, which is all that is wanted. */
static void put_byte(int fd)
{
	ssize_t written = write(fd, "", 1);
	(void)written;
}

void host_wake_up(struct host *host)
{
	put_byte(host->nudge_pipe[1]);
}

void host_stop(struct host *host)
{
	put_byte(host->stop_pipe[1]);
}

struct start {
	struct host *host;
	void (*run)(void *arg);
	void *arg;
};

static void *run_thread(void *arg)
{
	struct start start = *(struct start *)arg;
	free(arg);
	start.run(start.arg);
	atomic_fetch_sub(&start.host->threads, 1);
	return NULL;
}

enum status host_start_thread(struct host *host, void (*run)(void *arg), void *arg,
			      struct os_error *error)
{
	struct start *start = mem_alloc(sizeof *start);
	*start = (struct start){ host, run, arg };
	pthread_t thread;
	atomic_fetch_add(&host->threads, 1);
	int code = pthread_create(&thread, NULL, run_thread, start);
	if (code != 0) {
		atomic_fetch_sub(&host->threads, 1);
		free(start);
		return os_fail(error, STATUS_SYSTEM, code, "pthread_create: %s", strerror(code));
	}
	pthread_detach(thread);
	return STATUS_OK;
}
