/*
 * What is set, ready for use; agent/config/settings.h says what each setting may be,
 * agent/config/config.h where it comes from.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/config/settings.h"
#include "agent/platform/log.h"
#include "agent/probe/peers.h"

/* Public keys of the collector, any of which is good: "sha256//BASE64" each. */
struct option_pins {
	const char *list[SETTING_MAX_PINS];
	size_t n; /* 0: none; the certificate is judged by its issuer alone */
};

/* Collectors, in the order in which they are asked. */
struct option_urls {
	const char *list[SETTING_MAX_URLS];
	size_t n;
};

/* A text that is not set is NULL. Texts are borrowed. */
struct options {
	struct option_urls collectors;
	const char *ca_file;
	struct option_pins pins;
	const char *client_cert; /* file */
	const char *client_key;  /* file */
	const char *proxy;
	const char *proxy_user;
	const char *proxy_password_file;
	const char *enroll_secret_file;
	bool allow_plain; /* secrets over http:// */

	struct peers peers;               /* configured ones */
	struct peer_networks allow_peers; /* where dealt ones may be, too */
	int64_t interval_s;               /* 0: what the collector says, else REPORT_INTERVAL */
	int64_t probe_limit_s;

	const char *state_dir; /* NULL: the platform's default */
	const char *log_file;  /* NULL: none */
	enum log_level log_level;
	int64_t log_max_kb;

	const char *image_root;
	bool disk_only;

	bool once;           /* run: one cycle and out */
	bool json;           /* for programs */
	bool before_restart; /* check: only whether the MTA would start again */
	bool no_color;
	const char *output; /* selftest: a file for its lines besides, or NULL */
	bool keep_state;    /* uninstall: the spool stays */
};

/* "https://a.example, https://b.example" in `arena`; NULL: there is none. */
const char *option_urls_text(const struct option_urls *urls, struct arena *arena);

/* Every setting at its default. */
void options_init(struct options *options);
