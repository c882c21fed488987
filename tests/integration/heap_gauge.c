/*
 * How much memory a program has asked for and not given back, to be preloaded: a thread of its own writes
 * the bytes, as int64_t, into the file that HEAP_GAUGE names, twice a second; behind them those of it that
 * SQLite asked for, most of which are pages that it keeps for a while. Under AddressSanitizer they
 * are those of its allocator, without what it holds back (the quarantine) and what it needs itself. What
 * that allocator holds back is given to the system every ten seconds, so that what is resident is what
 * the program keeps, and not what the allocator once needed.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

enum { LOOKS_A_SECOND = 2, PURGE_S = 10 };

typedef size_t read_bytes(void);
typedef void purge(void);

/* What the file shows. */
struct gauge {
	int64_t allocated;
	int64_t by_sqlite;
};

static volatile struct gauge *gauge;
static atomic_llong by_sqlite;
static sqlite3_mem_methods sqlite_memory; /* its own */
static read_bytes *sanitized_bytes;
static purge *sanitized_purge;

static void *count_new(int size)
{
	void *block = sqlite_memory.xMalloc(size);
	if (block)
		atomic_fetch_add(&by_sqlite, sqlite_memory.xSize(block));
	return block;
}

static void count_freed(void *block)
{
	atomic_fetch_sub(&by_sqlite, sqlite_memory.xSize(block));
	sqlite_memory.xFree(block);
}

static void *count_moved(void *block, int size)
{
	int before = sqlite_memory.xSize(block);
	void *moved = sqlite_memory.xRealloc(block, size);
	if (moved)
		atomic_fetch_add(&by_sqlite, sqlite_memory.xSize(moved) - before);
	return moved;
}

/* The program's SQLite asks through these, if it has one. */
static void count_sqlite(void)
{
	int (*config)(int, ...) = NULL;
	void *found = dlsym(RTLD_DEFAULT, "sqlite3_config");
	memcpy(&config, &found, sizeof config);
	if (!config)
		return;
	if (config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK)
		abort();
	sqlite3_mem_methods counting = sqlite_memory;
	counting.xMalloc = count_new;
	counting.xFree = count_freed;
	counting.xRealloc = count_moved;
	if (config(SQLITE_CONFIG_MALLOC, &counting) != SQLITE_OK)
		abort();
}

static int64_t allocated_bytes(void)
{
	if (sanitized_bytes)
		return (int64_t)sanitized_bytes();

	struct mallinfo2 used = mallinfo2();
	return (int64_t)(used.uordblks + used.hblkhd);
}

static void *measure(void *unused)
{
	for (unsigned look = 1;; look++) {
		gauge->allocated = allocated_bytes();
		gauge->by_sqlite = atomic_load(&by_sqlite);
		if (sanitized_purge && look % (LOOKS_A_SECOND * PURGE_S) == 0)
			sanitized_purge();
		nanosleep(&(struct timespec){ .tv_nsec = 1000000000 / LOOKS_A_SECOND }, NULL);
	}
	return unused;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("HEAP_GAUGE");
	int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (file < 0 || ftruncate(file, sizeof *gauge) != 0)
		abort();
	void *mapped = mmap(NULL, sizeof *gauge, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (mapped == MAP_FAILED)
		abort();
	gauge = mapped;

	/* ISO C knows no conversion of dlsym()'s pointer to a function. */
	void *found = dlsym(RTLD_DEFAULT, "__sanitizer_get_current_allocated_bytes");
	memcpy(&sanitized_bytes, &found, sizeof sanitized_bytes);
	found = dlsym(RTLD_DEFAULT, "__sanitizer_purge_allocator");
	memcpy(&sanitized_purge, &found, sizeof sanitized_purge);

	count_sqlite();

	sigset_t all, before;
	pthread_t thread;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, measure, NULL) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_detach(thread);
}
