#include "collector/store/sqlite/page_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sqlite3.h>

#define PAGE_SIZE 4096
#define LEFT_OUT  (0x40000000U / PAGE_SIZE + 1)

static sqlite3_pcache_methods2 real;

/* Some database has pages of another size, among which the number may be in use. */
static atomic_bool has_other_sizes;

static sqlite3_pcache *create_cache(int page_size, int extra_size, int is_purgeable)
{
	if (page_size != PAGE_SIZE)
		has_other_sizes = true;
	return real.xCreate(page_size, extra_size, is_purgeable);
}

static void move_page(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
	if (from == LEFT_OUT && real.xFetch(cache, 0, 0) == page)
		from = 0;
	if (to == LEFT_OUT && !has_other_sizes)
		to = 0;
	real.xRekey(cache, page, from, to);
}

static void install(void)
{
	if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &real) != SQLITE_OK)
		return;
	sqlite3_pcache_methods2 methods = real;
	methods.xCreate = create_cache;
	methods.xRekey = move_page;
	sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods);
}

void store_page_cache_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, install); /* cannot fail for such arguments */
}
