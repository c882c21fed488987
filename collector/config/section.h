/*
 * Sections of the collector's file: "[KIND]" or "[KIND NAME]" and the keys below it, for what there
 * may be several of. They follow the plain settings.
 *
 *   [hook operators]
 *   type = webhook
 *   url = https://hooks.example/mtawatch
 *
 * The file's reader makes the list of sections; who owns a kind reads its sections by a table of
 * keys, so that everything wrong is told with its line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/config/faults.h"
#include "proto/base/arena.h"
#include "proto/base/value.h"

#define SECTION_MAX_NAME 63 /* bytes; letters, digits, '-', '_' and '.' */

struct section_entry {
	const char *key;
	const char *value;
	const char *place; /* "FILE, line N" */
	struct section_entry *next;
};

struct section {
	const char *kind;
	const char *name; /* "" where the kind takes none */
	const char *place;
	struct section_entry *first;
	struct section_entry *last;
	struct section *next;
};

/* In the order of the file. */
struct sections {
	struct section *first;
	struct section *last;
};

/* Reads a line that begins with '['; adds to `faults` what is wrong with it. */
void sections_begin(struct sections *sections, char *line, const char *place, struct arena *arena,
		    struct faults *faults);

/* Adds a key to the section that began last. */
void sections_add(struct sections *sections, const char *key, const char *value, const char *place,
		  struct arena *arena);

/* A key that a kind of section has. */
struct section_key {
	struct value value;
	bool required;
	bool repeats; /* may stand there several times */
};

/* Reads a section by the keys of its kind into `into`. */
void section_read(const struct section *section, const struct section_key *keys, size_t n_keys,
		  void *into, struct arena *arena, struct faults *faults);
