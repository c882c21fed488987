/*
 * Which of several places a setting comes from: pure, values in, effective settings with their
 * origins out.
 *
 * For each setting the highest place that has it counts: the command line over the policy over what
 * the installer left over the file over the default. Peers that the command line names come in
 * addition to those of the highest other place.
 *
 * A value that is not valid never counts. Where the setting was good before, it stays as it was;
 * else the next place counts. Of peers only the one that is not valid is left out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/config/options.h"
#include "agent/config/settings.h"
#include "proto/base/arena.h"

enum layer {
	LAYER_DEFAULT,
	LAYER_FILE,
	LAYER_INSTALLER,
	LAYER_POLICY,
	LAYER_COMMAND_LINE,
	LAYER_COUNT,
};

enum layer_use { LAYER_OVERRIDDEN, LAYER_USED, LAYER_INVALID };

/* A value in one place; in the arena of the layers. */
struct layer_value {
	struct layer_value *next;
	const struct setting *setting;
	enum layer layer;
	const char *where; /* "HKLM\Software\...\IntervalSec", "agent.conf:3", "--interval" */
	const char *text;  /* never NULL */

	/* Results of layers_resolve(). */
	enum layer_use use;
	const char *wrong; /* LAYER_INVALID: what it would have to be, or why it cannot be read */
};

/* All values of all places, in the order in which they were found. */
struct layers {
	struct arena *arena;
	struct layer_value *first;
	struct layer_value *last;
};

/* The value that counts for a setting. */
struct layer_choice {
	enum layer layer;  /* the highest of those that it comes from */
	const char *where; /* NULL: LAYER_DEFAULT */
	const char *text;  /* NULL: not set; of several values that add up, joined */
	bool kept;         /* it is that of before, for what stands there now is not valid */
};

struct layers_result {
	struct options options;
	struct layer_choice *choices; /* one for each of setting_list(), in its order */
};

/* "default", "file", "installer", "policy", "command line". */
const char *layer_name(enum layer layer);

/* Texts are copied. */
void layers_add(struct layers *layers, const struct setting *setting, enum layer layer,
		const char *where, const char *text);

/* A value that is there but cannot be read, and why. */
void layers_add_unreadable(struct layers *layers, const struct setting *setting, enum layer layer,
			   const char *where, const char *why);

/* Decides; `last` is the result before this one, or NULL. Everything lives in the layers' arena. */
void layers_resolve(struct layers *layers, const struct layers_result *last,
		    struct layers_result *out);
