/*
 * File versions: four numbers, compared field by field as numbers (articles print 2654.5 where
 * 2654.50 is meant by others; EXPOSURE: never as text).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VERSION_TEXT_SIZE 24 /* "65535.65535.65535.65535" and its NUL */

struct version {
	uint16_t part[4]; /* major, minor, build, revision: as in VS_FIXEDFILEINFO */
};

/* "5.5.2654.54"; one to four numbers of at most 65535, absent ones are 0. False if it is none. */
bool version_parse(const char *text, struct version *out);

/* Below zero, zero, above zero. */
int version_compare(const struct version *a, const struct version *b);

char *version_format(const struct version *version, char text[VERSION_TEXT_SIZE]);
