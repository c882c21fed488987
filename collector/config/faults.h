/*
 * What is wrong with what the administrator wrote, all of it at once, each with its place:
 * "/etc/mtawatch/collector.conf, line 3: ...".
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/base/suggest.h"

#define FAULTS_MAX 16 /* that one reading tells; more show when these are mended */

struct faults {
	const char *texts[FAULTS_MAX];
	size_t n;
};

/* Adds one, in `arena`; past FAULTS_MAX it is dropped. */
void faults_add(struct faults *faults, struct arena *arena, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 3, 4)));

/* Adds "PLACE: there is no WHAT "WORD"" and what was probably meant, else `hint` (NULL: none). */
void faults_add_unknown(struct faults *faults, struct arena *arena, const char *place,
			const char *what, const struct suggestion *meant, const char *hint);
