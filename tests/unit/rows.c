#include "tests/unit/rows.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Loops within loops. */
#define MAX_DEPTH 8

/* A loop, and its row under test. */
struct row {
	const char *file;
	int line;
	const char *table;
	size_t index;
};

static struct row rows[MAX_DEPTH]; /* the outermost first */
static size_t n_rows;

/* A loop that begins again has ended before, as have those inside it. */
static void forget_loop(const char *file, int line)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (rows[i].line == line && strcmp(rows[i].file, file) == 0)
			n_rows = i;
	}
}

bool row_begins(const char *file, int line, const char *table, size_t index, size_t n)
{
	forget_loop(file, line);
	if (index == n)
		return false;
	if (n_rows == MAX_DEPTH)
		abort();
	rows[n_rows++] = (struct row){ file, line, table, index };
	return true;
}

/* cmocka's, which each of its assertions ends in, with the rows before it. */
void _fail(const char *const file, const int line)
{
	void (*cmockas)(const char *, int) = NULL;

	*(void **)&cmockas = dlsym(RTLD_NEXT, "_fail");
	for (size_t i = 0; i < n_rows; i++)
		print_error("%s:%d: row %zu of %s\n", rows[i].file, rows[i].line, rows[i].index,
			    rows[i].table);
	n_rows = 0;
	cmockas(file, line);
	abort();
}
