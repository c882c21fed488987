/*
 * Registry exports: text files as regedit writes them, "REGEDIT4" (one byte a character, read as
 * code page 1252) and "Windows Registry Editor Version 5.00" (UTF-16 with its mark; without one as
 * code page 1252, or as UTF-8 after UTF-8's mark).
 *
 * Understood are keys, default and named values; strings with their escapes, dword, hex and hex(n)
 * over continued lines; comments. Deletions ([-KEY], "name"=-) occur in scripts, never in exports,
 * and are refused. Only keys below HKEY_LOCAL_MACHINE are kept. Several exports may be added to one
 * registry; the later value of a name counts. Names are compared without ASCII case.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

#define REGFILE_MAX_BYTES  ((size_t)64 * 1024 * 1024) /* of one export */
#define REGFILE_MAX_VALUES 1000000                    /* of one registry, keys counted too */
#define REGFILE_MAX_DATA   ((size_t)64 * 1024) /* bytes of one value; longer ones are refused */

enum regfile_kind {
	REGFILE_STRING, /* REG_SZ, REG_EXPAND_SZ */
	REGFILE_NUMBER, /* REG_DWORD */
	REGFILE_LIST,   /* REG_MULTI_SZ */
	REGFILE_OTHER,  /* any other type: it is there, its data is not kept */
};

struct regfile_value {
	const char *name; /* "" is the default value */
	enum regfile_kind kind;
	const char *text; /* UTF-8 */
	uint32_t number;
	const char **list;
	size_t n_list;
};

struct regfile_key {
	const char *path; /* below HKEY_LOCAL_MACHINE, without a leading backslash */
	struct regfile_value *values;
	size_t n_values;
};

struct regfile {
	struct arena arena; /* private, like all of this; read through the functions */
	struct regfile_key *keys;
	size_t n_keys;
	size_t n_values;
};

/* Where an export cannot be understood. */
struct regfile_error {
	size_t line; /* from 1 */
	const char *text;
};

void regfile_init(struct regfile *registry);
void regfile_deinit(struct regfile *registry);

/*
 * Adds one export to what is already there. After a failure the registry may hold a part of it and
 * is good for regfile_deinit() only.
 *
 * STATUS_MALFORMED    `error` names the line and what is wrong with it
 * STATUS_UNSUPPORTED  it does not begin as an export does
 * STATUS_LIMIT        more than REGFILE_MAX_BYTES, _VALUES or _DATA; `error` names the line
 */
enum status regfile_add(struct regfile *registry, const uint8_t *bytes, size_t n,
			struct regfile_error *error);

/* Is the key, or one below it, there? */
bool regfile_has_key(const struct regfile *registry, const char *path);

/* The value of that name, or NULL. */
const struct regfile_value *regfile_find(const struct regfile *registry, const char *path,
					 const char *name);
