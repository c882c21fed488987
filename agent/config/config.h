/*
 * The settings in force, and where each comes from: the command line over the policy key over the
 * installer's values over the configuration file over the defaults (agent/config/layers.h).
 *
 * Settings are read again while the agent runs (config_refresh), so that a policy counts, or no
 * more, a few seconds later. The command line stays what it was. One thread uses a configuration.
 */
#pragma once

#include <stdbool.h>

#include "agent/config/layers.h"
#include "agent/config/options.h"
#include "agent/host/host.h"
#include "proto/base/status.h"

struct config;

/*
 * Reads `file`: the one that --config names; NULL: the platform's own (files_default_config), which
 * need not be there. `options` are those of the command line; both, and what lives in the arena of
 * `options`, are borrowed for the configuration's life.
 *
 * STATUS_INVALID  a mistake in the file, or --disk-only without --windows-root
 * others          the file could not be read
 * Each time `*error` (in the arena of `options`) says so.
 */
enum status config_open(struct config **out, const struct layers *options, const char *file,
			const char **error);
void config_close(struct config *config);

/*
 * The machine is there: its registry counts from now on. (With --disk-only it never does: the disk
 * is another machine's.) Values that do not count because they are not valid are logged. `host` is
 * borrowed.
 */
void config_use_host(struct config *config, struct host *host);

/*
 * Reads everything again. Gives the groups (SETTING_... of agent/config/settings.h) in which a
 * setting has another value now, which is logged; 0: none. The caller then hands the new options to
 * whoever kept texts of the old ones, which are gone at the refresh after this one. A file that
 * cannot be used any more stays as it was; so does a setting that is not valid any more, and that
 * is logged once.
 */
unsigned config_refresh(struct config *config);

/* The settings in force; the pointer is good, and its contents current, for the whole life. */
const struct options *config_options(const struct config *config);

/* Where the settings come from, for `mtawatch-agent config`. Good until the next refresh. */
const struct layers *config_layers(const struct config *config);
const struct layers_result *config_result(const struct config *config);

/* The file's path, NULL: none; and was it there when it was last read? */
const char *config_file(const struct config *config);
bool config_file_found(const struct config *config);
