/*
 * An end in the middle, for tests, to be preloaded into a program that has one thread: it is killed
 * when it is about to begin the step whose number is KILLED_AT. A step is a call by which a program
 * changes something outside of itself, or learns of it, or several equal ones in a row (how many
 * recv() takes for an answer is chance). The file KILLED_LOG gets a line for each step.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int (*real_connect)(int fd, const struct sockaddr *to, socklen_t size);
static ssize_t (*real_recv)(int fd, void *bytes, size_t n, int flags);
static int (*real_rename)(const char *from, const char *to);
static ssize_t (*real_send)(int fd, const void *bytes, size_t n, int flags);
static int (*real_unlink)(const char *path);
static long steps;
static long killed_at;

/* ISO C knows no conversion of dlsym()'s pointer to a function. */
static void look_up(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(function, &found, sizeof found);
}

__attribute__((constructor)) static void begin(void)
{
	const char *number = getenv("KILLED_AT");

	look_up("connect", &real_connect);
	look_up("recv", &real_recv);
	look_up("rename", &real_rename);
	look_up("send", &real_send);
	look_up("unlink", &real_unlink);
	killed_at = number ? strtol(number, NULL, 10) : 0;
}

static void be_about_to(const char *call, const char *what)
{
	static char last[512];
	char line[sizeof last];
	const char *path = getenv("KILLED_LOG");
	int n = snprintf(line, sizeof line, "%s %s\n", call, what);

	if (!path || strcmp(line, last) == 0)
		return;
	memcpy(last, line, sizeof last);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
	if (++steps == killed_at)
		(void)raise(SIGKILL);
}

int connect(int fd, const struct sockaddr *to, socklen_t size)
{
	char port[16] = "-";

	if (to->sa_family == AF_INET)
		(void)snprintf(port, sizeof port, "%d",
			       ntohs(((const struct sockaddr_in *)to)->sin_port));
	if (to->sa_family == AF_INET)
		be_about_to("connect", port);
	return real_connect(fd, to, size);
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
	be_about_to("recv", "");
	return real_recv(fd, bytes, n, flags);
}

int rename(const char *from, const char *to)
{
	be_about_to("rename", to);
	return real_rename(from, to);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	be_about_to("send", "");
	return real_send(fd, bytes, n, flags);
}

int unlink(const char *path)
{
	be_about_to("unlink", path);
	return real_unlink(path);
}
