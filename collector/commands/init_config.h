/*
 * The file that `init` writes for `serve`: the few settings without which nobody reaches the
 * collector, and all others, explained, to be taken up. A file that is there stays as it is.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"
#include "proto/base/buffer.h"

#define INIT_CONFIG_MAX 8

struct init_config {
	const char *path; /* of the file */
	struct {
		const char *key;
		const char *value;
		bool is_asked_for; /* on the command line; else it is what `init` would choose */
	} settings[INIT_CONFIG_MAX];
	size_t n;
};

/* `value` NULL: it is not set. */
void init_config_set(struct init_config *config, const char *key, const char *value,
		     bool is_asked_for);

/*
 * Returns an exit status; unless that is TERMINAL_EXIT_OK standard error says what does not go
 * together.
 */
int init_config_check(const struct init_config *config, struct arena *arena);

/* Can a file be made there? An exit status, as above. */
int init_config_look(const struct init_config *config, struct arena *arena);

/*
 * Makes the file `at`, which is to be that of `config` or to become it. An exit status, as above.
 */
int init_config_write(const struct init_config *config, const char *at, struct arena *arena);

/*
 * Adds a line "key = value" for each setting that the file, which is there, lacks, or has otherwise
 * though it was asked for. An exit status, as above.
 */
int init_config_compare(const struct init_config *config, struct buffer *out, struct arena *arena);
