/*
 * A disk that can no longer be written, for tests, to be preloaded into a program: while the file
 * that FAILING_DISK names exists, nothing is written to regular files, or to those whose path
 * contains FAILING_FILES, and the reason is the errno that stands in it. So does a file system that
 * the kernel has made read-only after an error (EROFS), or a disk that is broken (EIO): neither can
 * be had for a test, since files that are open for writing keep the kernel from making their file
 * system read-only. One that is full (ENOSPC) takes what finds room: the first half of what is
 * long.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512

static ssize_t (*real_pwrite)(int fd, const void *bytes, size_t n, off_t at);
static ssize_t (*real_pwrite64)(int fd, const void *bytes, size_t n, off64_t at);
static int (*real_fdatasync)(int fd);

/* ISO C knows no conversion of dlsym()'s pointer to a function. */
static void look_up(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(function, &found, sizeof found);
}

__attribute__((constructor)) static void begin(void)
{
	look_up("pwrite", &real_pwrite);
	look_up("pwrite64", &real_pwrite64);
	look_up("fdatasync", &real_fdatasync);
}

static bool is_meant(int fd)
{
	const char *part = getenv("FAILING_FILES");
	char link[64];
	char path[4096] = "";

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return !part || (readlink(link, path, sizeof path - 1) > 0 && strstr(path, part));
}

static bool fails(int fd)
{
	const char *path = getenv("FAILING_DISK");
	char text[16] = "";
	struct stat file;

	if (!path || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || !is_meant(fd))
		return false;
	FILE *reason = fopen(path, "r");
	if (!reason)
		return false;
	(void)fgets(text, sizeof text, reason);
	fclose(reason);
	errno = (int)strtol(text, NULL, 10);
	return errno != 0;
}

/* Of `n` bytes for a disk that fails, by `errno`. */
static size_t finds_room(size_t n)
{
	return errno == ENOSPC ? n / 2 / BLOCK * BLOCK : 0;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (fails(fd) && (n = finds_room(n)) == 0)
		return -1;
	return real_pwrite(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	if (fails(fd) && (n = finds_room(n)) == 0)
		return -1;
	return real_pwrite64(fd, bytes, n, at);
}

int fdatasync(int fd)
{
	return fails(fd) ? -1 : real_fdatasync(fd);
}
