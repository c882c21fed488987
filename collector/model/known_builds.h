/*
 * What Microsoft's articles say of a build of Emsmta.exe: with which fix it came. It decides
 * nothing; the rule asks for numbers alone (proto/exposure/advisory.h).
 */
#pragma once

#include "proto/base/arena.h"

/*
 * "article Q288166: ...", or between which ones it lies; in `arena`. NULL: it is no version, or
 * none of Exchange 5.5.
 */
const char *known_build_words(const char *version, struct arena *arena);

/* What an article warns of in that build, or NULL. */
const char *known_build_warning(const char *version);
