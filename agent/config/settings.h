/*
 * What can be set: one table for the command line, the configuration file, the registry, --help and
 * the policy templates, so that they cannot differ.
 *
 * A setting is an option `--name` and, unless it is one of the command line alone, a key `name` of
 * the file; those with a `value_name` can also stand in the registry. Everything comes as text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/value.h"

struct options;

#define SETTING_MAX_TEXT     1000    /* characters (UTF-16 units) of a path or URL */
#define SETTING_MAX_LOG_KB   1048576 /* a gigabyte */
#define SETTING_MIN_LOG_KB   64
#define SETTING_LOG_KB       1024 /* where none is set */
#define SETTING_MAX_PINS     2    /* the current key and the next one */
#define SETTING_MAX_URLS     8    /* of collectors */
#define SETTING_NETWORK_TEXT 18   /* bytes: "131.107.222.111/32" */
#define SETTING_PIN_TEXT     52   /* bytes: "sha256//" and 32 bytes in Base64 */

/* How the values are read that only the agent has; by these a setting's form is known, too. */
value_read setting_read_path;  /* 1 to SETTING_MAX_TEXT characters */
value_read setting_read_user;  /* a name of as many characters, without a colon (RFC 7617) */
value_read setting_read_urls;  /* http:// or https://, without user; commas between; adds them */
value_read setting_read_proxy; /* http://, without user and password */
value_read setting_read_level; /* error, warning, info */
value_read setting_read_pins;  /* one or two, between them a comma */
value_read setting_read_peers; /* NAME=ADDRESS[,ADDRESS...], between them a semicolon; adds them */
value_read setting_read_networks; /* addresses, or networks as 131.107.0.0/16; commas between */

/* Groups, for commands to say which they take, and for --help to list together. */
#define SETTING_ONCE       0x01u  /* --once */
#define SETTING_JSON       0x02u  /* --json */
#define SETTING_COLOR      0x04u  /* --no-color */
#define SETTING_REPORTING  0x08u  /* the way to the collector */
#define SETTING_PROBING    0x10u  /* whom and how to probe */
#define SETTING_KEEPING    0x20u  /* state and log */
#define SETTING_DISK       0x40u  /* a directory that stands for the disk */
#define SETTING_RELEASING  0x80u  /* what stays behind */
#define SETTING_OUTPUT     0x100u /* --output */
#define SETTING_RESTARTING 0x200u /* --before-restart */
#define SETTING_CONFIGURED (SETTING_REPORTING | SETTING_PROBING | SETTING_KEEPING | SETTING_DISK)

struct setting {
	struct value value;     /* into struct options; a switch stands alone on a command line */
	const char *value_name; /* in the registry; NULL: it never stands there */
	const char *argument;   /* what --help calls its value; NULL: a switch */
	unsigned group;
	const char *help;          /* lines */
	int64_t fallback;          /* of a number: where none is set; 0: there is none */
	const char *fallback_text; /* what counts where none is set, in words; may be NULL */
};

/* All of them, in the order of the help. */
const struct setting *setting_list(size_t *n);

/* The setting whose name has these `n` bytes, or NULL. */
const struct setting *setting_find(const char *name, size_t n);

/*
 * Applies a value to the options; texts are copied into `arena`. Says what a value has to be (in
 * `arena`) where it is not that, and leaves the options as they were; else NULL.
 */
const char *setting_apply(const struct setting *setting, const char *value, struct arena *arena,
			  struct options *options);

/* What a value means behind those `before` it (NULL: none): they add up, or the last one counts. */
const char *setting_join(const struct setting *setting, const char *before, const char *value,
			 struct arena *arena);

/*
 * Does the value hold a password (a URL with user and password)? Then it is never shown, logged or
 * printed, not even where it is refused.
 */
bool setting_is_secret(const struct setting *setting, const char *value);
