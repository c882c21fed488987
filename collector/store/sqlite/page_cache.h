/*
 * How SQLite finds the pages that it keeps in memory. Where it divides a page of an index and the new
 * pages are out of order, it moves one for a moment to the number of the page that every database
 * leaves out, the one at 1 GiB. Its cache takes that for the largest number from then on, and the
 * commit looks through all of its pages, 4,096 of them, for some behind the end of the database:
 * a hundred microseconds. Here the page moves to number 0 instead, which there is none of either.
 */
#pragma once

/* From now on; to be called before SQLite is used, and does nothing afterwards. */
void store_page_cache_prepare(void);
