/*
 * The keys of a section [hook NAME], by the type of the hook; collector/hooks/settings.h reads the
 * sections by them.
 */
#pragma once

#include <stddef.h>

#include "collector/hooks/settings.h"

#define HOOK_MAX_KEYS 32

/* The keys of a type, which are applied to a struct hook_settings; how many. */
size_t hook_keys_of(enum hook_type type, struct section_key out[HOOK_MAX_KEYS]);
