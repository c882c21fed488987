/*
 * How the write-ahead log is written. SQLite hands a commit over in pieces, two for each page. Those
 * that follow one another are kept until the commit ends, or something is read, and go to the disk
 * together. Other connections look at what a commit wrote after its end alone.
 */
#pragma once

/* The name of the sqlite3_vfs that does so, for sqlite3_open_v2(); it writes all else as usual. */
const char *store_log_vfs(void);
