/*
 * Calls that Windows NT 4.0 does not have, and that are done without there. A file of its own, so
 * that a test program can put a function in its place that hides them all.
 */
#pragma once

typedef void (*newer_calls_function)(void);

/* The function of a library that is loaded already; NULL: this system has none of that name. */
newer_calls_function newer_calls_find(const char *library, const char *name);
