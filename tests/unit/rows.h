/*
 * Tests that go through a table. When an assertion fails inside for_each_row(), the rows that are
 * under test are told with it; which one it was is in no file and line.
 *
 *	for_each_row(i, cases)
 *		assert_int_equal(parse(cases[i].text), cases[i].expected);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Every index of an array; the loop is left at its end alone: no break, no return. */
#define for_each_row(index, table)                                                                 \
	for (size_t index = 0;                                                                     \
	     row_begins(__FILE__, __LINE__, #table, index, sizeof(table) / sizeof *(table));       \
	     index++)

/* Is there a row of this index? Notes that it is under test; past the last, that none is. */
bool row_begins(const char *file, int line, const char *table, size_t index, size_t n);
