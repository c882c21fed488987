/*
 * What `mtawatch-collector serve` is told: on its command line, in a file, or by default. The
 * command line comes before the file, the file before the defaults. The settings themselves are the
 * rows of collector/daemon/settings.h.
 *
 * The file holds one "key = value" a line, with the names of the options without their dashes;
 * lines that begin with "#" and empty ones do not count:
 *
 *   # the address that agents and administrators use
 *   listen = 10.0.0.2:8285
 *   data = /var/lib/mtawatch
 *   allow-plain = no
 *
 * Sections may follow (collector/config/section.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/alerts/policy.h"
#include "collector/auth/proxy_users.h"
#include "collector/base/log.h"
#include "collector/config/faults.h"
#include "collector/config/section.h"
#include "collector/net/address.h"
#include "collector/net/network.h"
#include "collector/store/limits.h"
#include "collector/store/location.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/status.h"

/* The file that the service is given. */
#define OPTIONS_CONFIG_FILE "/etc/mtawatch/collector.conf"

/* In the data directory: the authority that `init` made. */
#define OPTIONS_CA_FILE "ca.crt"

/* In the data directory: until when alerts are a digest a day, for the fleet is new. */
#define OPTIONS_DIGEST_FILE "digest-until"

#define OPTIONS_MAX_FILE_BYTES ((size_t)64 * 1024)
#define OPTIONS_MAX_SETTINGS   48

struct hook_settings;

struct options {
	struct net_address listen;
	bool allow_plain;      /* plain HTTP on an address that other machines reach */
	const char *cert;      /* file of the server's certificate, PEM; NULL: plain HTTP */
	const char *key;       /* of its private key; not NULL where `cert` is not */
	const char *client_ca; /* who signs what clients have to show; NULL: they need nothing */
	size_t max_connections;
	size_t max_of_address;           /* connections of one client address */
	struct networks trusted_proxies; /* what they say of clients counts */
	struct proxy_users users;        /* whom trusted proxies may name */
	size_t max_body_mb;              /* MiB of all bodies at a time */
	size_t max_answer_mb;            /* MiB that wait for slow readers */
	struct store_location store;
	const char *node; /* among collectors that share a database; NULL: one that is made */
	size_t takeover_after;
	const char *hook_command; /* NULL: no hook */
	const char *external_url; /* where browsers find the collector; NULL: not known */
	struct store_limits keep;
	enum log_level log_level;
	enum log_format log_format;

	struct sections sections;          /* of the file, behind the plain settings */
	struct alert_policy alerts;        /* what [alerts] and [maintenance NAME] say */
	const struct hook_settings *hooks; /* what [hook NAME] and hook_command say */

	const char *config; /* the file that was read, NULL: none */
	bool check_only;    /* --check-config */
	bool print_only;    /* --print-config */

	/* Each setting as text and where it was said, by its row in settings[]; NULL: not set. */
	const char *values[OPTIONS_MAX_SETTINGS];
	const char *origins[OPTIONS_MAX_SETTINGS]; /* "command line", "FILE, line 3", "default" */
};

/*
 * Reads the arguments behind the word "serve" and the file that they name; strings live in `arena`.
 *
 * STATUS_INVALID  `faults` says what is wrong and where; `out` is as it was
 */
enum status options_read(struct options *out, int argc, char **argv, struct arena *arena,
			 struct faults *faults);

/* The same where just that option is given. */
enum status options_read_one(struct options *out, const char *name, const char *value,
			     struct arena *arena, struct faults *faults);

/*
 * Every setting, explained, with its value and where it was said, then the sections, as a file that
 * --config takes; defaults are commented out.
 */
void options_print(const struct options *options, struct buffer *out);

/* What helps whoever looks for a store in vain, as a sentence's end; in `arena`. */
const char *options_without_store(const struct store_location *store, struct arena *arena);

/* Was a setting said, on the command line or in a file? */
bool options_is_said(const struct options *options, const char *name);

/* Does external-url say that browsers find the collector by HTTPS? */
bool options_browsers_use_https(const struct options *options);

/* The options as --help shows them. */
void options_help(struct buffer *out);

/*
 * Adds a line for each setting that differs: what takes effect now, and what only at the next
 * start. Returns how many differ.
 */
size_t options_compare(const struct options *before, const struct options *after,
		       struct buffer *out);
