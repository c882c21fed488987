/*
 * May a server be restarted: would its MTA start again? The answer of proto/exposure/restart.h, of
 * what is known of the server now: nobody can tell it of one that has fallen silent or never
 * reported.
 */
#pragma once

#include "collector/model/view.h"
#include "proto/base/arena.h"
#include "proto/exposure/restart.h"

enum restart view_restart(const struct view *view);

/* The same as a sentence or some, with why; in `arena`. */
const char *view_restart_text(const struct view *view, struct arena *arena);
