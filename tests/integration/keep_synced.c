/*
 * A power cut for tests, to be preloaded into a program: at each fsync() and fdatasync() the file
 * is copied, so afterwards NAME.synced is what a disk that keeps only what it must would hold.
 *
 * KEEP_SYNCED_NORMAL=1 is the negative control: the SQLite of the program then writes with
 * synchronous=NORMAL, whatever the program asks for.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct sqlite3;

int sqlite3_exec(struct sqlite3 *db, const char *sql,
		 int (*row)(void *user, int n, char **values, char **names), void *user,
		 char **error);

/* Looked up before there is a second thread. */
static int (*real_fsync)(int fd);
static int (*real_fdatasync)(int fd);
static int (*real_exec)(struct sqlite3 *db, const char *sql,
			int (*row)(void *user, int n, char **values, char **names), void *user,
			char **error);
static bool normal;

/* ISO C knows no conversion of dlsym()'s pointer to a function. */
static void look_up(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(function, &found, sizeof found);
}

__attribute__((constructor)) static void begin(void)
{
	look_up("fsync", &real_fsync);
	look_up("fdatasync", &real_fdatasync);
	look_up("sqlite3_exec", &real_exec);
	normal = getenv("KEEP_SYNCED_NORMAL") != NULL;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static void copy(int from, const char *path)
{
	struct stat file;
	off_t at = 0;

	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(to >= 0 && fstat(from, &file) == 0, path);
	while (at < file.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(file.st_size - at));
		must(n >= 0, path);
		if (n == 0)
			break;
	}
	must(close(to) == 0, path);
}

/* One copy after the other: an older one must not take the place of a newer one. */
static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;

/* Whole or not at all: the program may be killed at any moment. */
static int keep(int fd, int synced)
{
	char link[64];
	char path[PATH_MAX];
	char made[PATH_MAX + 16];
	char kept[PATH_MAX + 16];
	struct stat file;

	if (synced != 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
		return synced;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	must(n > 0, link);
	path[n] = '\0';
	snprintf(made, sizeof made, "%s.synced.made", path);
	snprintf(kept, sizeof kept, "%s.synced", path);
	must(pthread_mutex_lock(&keeping) == 0, path);
	int again = open(link, O_RDONLY | O_CLOEXEC); /* it may be open for writing only */
	must(again >= 0, path);
	copy(again, made);
	close(again);
	must(rename(made, kept) == 0, kept);
	must(pthread_mutex_unlock(&keeping) == 0, path);
	return synced;
}

int fsync(int fd)
{
	return keep(fd, real_fsync(fd));
}

int fdatasync(int fd)
{
	return keep(fd, real_fdatasync(fd));
}

int sqlite3_exec(struct sqlite3 *db, const char *sql,
		 int (*row)(void *user, int n, char **values, char **names), void *user,
		 char **error)
{
	int code = real_exec(db, sql, row, user, error);
	if (code == 0 && normal && sql && strstr(sql, "synchronous"))
		code = real_exec(db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	return code;
}
