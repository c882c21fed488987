/*
 * Registry exports: text files as regedit and hivexregedit write them, "REGEDIT4" (one or two bytes
 * a character) and "Windows Registry Editor Version 5.00"; whatever proto/base/text_file.h reads.
 * What is no UTF-8 is read as code page 1252, or, where only that makes sense of its backslashes,
 * as a double-byte code page (932, 936, 949, 950), whose characters become U+FFFD: nobody says
 * which one it is.
 *
 * Understood are keys, default and named values; strings with their escapes, str(n), dword, hex and
 * hex(n) over continued lines; comments. A value or line that is not understood is left out and
 * told. Deletions ([-KEY], "name"=-) occur in scripts, never in exports, and are refused.
 *
 * Only keys of SYSTEM, SOFTWARE and the like below HKEY_LOCAL_MACHINE are kept. A hive that was
 * loaded under another name, or exported without one ("[\ControlSet001\...]"), is known by its own
 * keys. Several exports may be added to one registry; the later value of a name counts. Names are
 * compared without ASCII case.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

#define REGFILE_MAX_BYTES   ((size_t)64 * 1024 * 1024) /* of one export */
#define REGFILE_MAX_VALUES  1000000                    /* of one registry, keys counted too */
#define REGFILE_MAX_DATA    ((size_t)64 * 1024) /* bytes of one value; longer ones are left out */
#define REGFILE_MAX_SKIPPED 8                   /* of which more is kept than the number */

enum regfile_kind {
	REGFILE_STRING,     /* REG_SZ, REG_EXPAND_SZ */
	REGFILE_NUMBER,     /* REG_DWORD */
	REGFILE_LIST,       /* REG_MULTI_SZ */
	REGFILE_OTHER,      /* any other type: it is there, its data is not kept */
	REGFILE_UNREADABLE, /* it is there, but not understood; `text` says why */
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
	size_t room;
};

/* A line of an export that cannot be understood. */
struct regfile_error {
	size_t line; /* from 1 */
	const char *text;
};

struct regfile {
	struct arena arena; /* private, like all of this; read through the functions */
	struct regfile_key *keys;
	size_t n_keys;
	size_t room;
	size_t n_values;
	struct regfile_error skipped[REGFILE_MAX_SKIPPED]; /* the first of them, over all exports */
	size_t n_skipped;                                  /* all of them */
};

void regfile_init(struct regfile *registry);
void regfile_deinit(struct regfile *registry);

/*
 * Adds one export to what is already there. After a failure the registry may hold a part of it and
 * is good for regfile_deinit() only.
 *
 * STATUS_MALFORMED    it is no text, or a script; `error` names the line and what is wrong
 * STATUS_UNSUPPORTED  it does not begin as an export does
 * STATUS_LIMIT        more than REGFILE_MAX_BYTES, _VALUES; `error` names the line
 */
enum status regfile_add(struct regfile *registry, const uint8_t *bytes, size_t n,
			struct regfile_error *error);

/* Reads the bytes of a value of that type (winnt.h), strings as UTF-16; `name` stays. */
void regfile_decode(struct arena *arena, uint32_t type, const uint8_t *bytes, size_t n,
		    struct regfile_value *value);

/* Is the key, or one below it, there? */
bool regfile_has_key(const struct regfile *registry, const char *path);

/* The value of that name, or NULL. */
const struct regfile_value *regfile_find(const struct regfile *registry, const char *path,
					 const char *name);
