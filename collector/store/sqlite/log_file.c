#include "collector/store/sqlite/log_file.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "proto/base/mem.h"

/* Bytes that are kept at most: some twenty pages. SQLite writes less than 128 KB at once. */
#define MAX_KEPT ((size_t)96 * 1024)

/* Of a page in the log, in front of it; its second word is 0 but where the page ends a commit. */
#define HEAD_SIZE 24

struct log_file {
	sqlite3_file file; /* which SQLite sees */
	sqlite3_file *real;
	char *kept;
	size_t n;
	sqlite3_int64 at; /* where the first of them belongs */
	bool ends;        /* the page that is next ends a commit */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs log_vfs;

static struct log_file *log_of(sqlite3_file *file)
{
	return (struct log_file *)file;
}

/* Where it fails, SQLite takes the whole change back: nothing of it is tried again. */
static int write_kept(struct log_file *log)
{
	int n = (int)log->n;

	log->n = 0;
	return n > 0 ? log->real->pMethods->xWrite(log->real, log->kept, n, log->at) : SQLITE_OK;
}

static int keep(struct log_file *log, const void *bytes, size_t n, sqlite3_int64 at)
{
	int code = SQLITE_OK;

	assert(n <= MAX_KEPT); /* a page is 64 KB at most */
	if (!log->kept)
		log->kept = mem_alloc(MAX_KEPT);
	if (log->n + n > MAX_KEPT || at != log->at + (sqlite3_int64)log->n)
		code = write_kept(log);
	if (code != SQLITE_OK)
		return code;
	if (log->n == 0)
		log->at = at;
	memcpy(log->kept + log->n, bytes, n);
	log->n += n;
	return SQLITE_OK;
}

static bool ends_commit(const unsigned char *bytes, int n)
{
	return n == HEAD_SIZE && (bytes[4] | bytes[5] | bytes[6] | bytes[7]) != 0;
}

/* The head by itself as well: SQLite writes some of them anew, without their pages. */
static int write_log(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	bool is_head_of_end = ends_commit(bytes, n);
	bool is_end = log->ends || is_head_of_end;

	log->ends = is_head_of_end;
	int code = keep(log, bytes, (size_t)n, at);
	return code == SQLITE_OK && is_end ? write_kept(log) : code;
}

static int sync_log(sqlite3_file *file, int flags)
{
	struct log_file *log = log_of(file);
	int code = write_kept(log);

	return code == SQLITE_OK ? log->real->pMethods->xSync(log->real, flags) : code;
}

/* A change that is larger than the cache is read back before its end. */
static int read_log(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	int code = write_kept(log);

	return code == SQLITE_OK ? log->real->pMethods->xRead(log->real, bytes, n, at) : code;
}

static int truncate_log(sqlite3_file *file, sqlite3_int64 size)
{
	struct log_file *log = log_of(file);
	int code = write_kept(log);

	return code == SQLITE_OK ? log->real->pMethods->xTruncate(log->real, size) : code;
}

static int size_of_log(sqlite3_file *file, sqlite3_int64 *out)
{
	struct log_file *log = log_of(file);
	int code = write_kept(log);

	return code == SQLITE_OK ? log->real->pMethods->xFileSize(log->real, out) : code;
}

/* What is kept by now belongs to a change that was taken back. */
static int close_log(sqlite3_file *file)
{
	struct log_file *log = log_of(file);

	free(log->kept);
	return log->real->pMethods->xClose(log->real);
}

static int control_log(sqlite3_file *file, int what, void *argument)
{
	sqlite3_file *real = log_of(file)->real;

	return real->pMethods->xFileControl(real, what, argument);
}

static int sector_of_log(sqlite3_file *file)
{
	sqlite3_file *real = log_of(file)->real;

	return real->pMethods->xSectorSize(real);
}

static int device_of_log(sqlite3_file *file)
{
	sqlite3_file *real = log_of(file)->real;

	return real->pMethods->xDeviceCharacteristics(real);
}

/* Nobody locks a log: locks lie on the database. */
static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = close_log,
	.xRead = read_log,
	.xWrite = write_log,
	.xTruncate = truncate_log,
	.xSync = sync_log,
	.xFileSize = size_of_log,
	.xFileControl = control_log,
	.xSectorSize = sector_of_log,
	.xDeviceCharacteristics = device_of_log,
};

static int open_any(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *opened)
{
	struct log_file *log = log_of(file);
	(void)vfs;

	if (!(flags & SQLITE_OPEN_WAL))
		return real_vfs->xOpen(real_vfs, name, file, flags, opened);
	*log = (struct log_file){ .real = (sqlite3_file *)(log + 1) };
	int code = real_vfs->xOpen(real_vfs, name, log->real, flags, opened);
	log->file.pMethods = log->real->pMethods ? &log_methods : NULL;
	return code;
}

static void register_vfs(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	log_vfs = *real_vfs;
	log_vfs.zName = "mtawatch";
	log_vfs.szOsFile += (int)sizeof(struct log_file);
	log_vfs.xOpen = open_any;
	sqlite3_vfs_register(&log_vfs, 0);
}

const char *store_log_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, register_vfs); /* cannot fail for such arguments */
	return log_vfs.zName;
}
