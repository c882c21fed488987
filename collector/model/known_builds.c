#include "collector/model/known_builds.h"

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/count.h"
#include "proto/exposure/advisory.h"

struct known_build {
	struct version version;
	const char *article;
	const char *title;
};

static const struct known_build builds[] = {
#define X(build, revision, article, title) { { { 5, 5, build, revision } }, article, title },
#include "collector/model/known_builds.def"
#undef X
};

/* From this one on a fault is there that was not before (article 332019). */
static const struct version regression_since = { { 5, 5, 2655, 72 } };

static bool read_version(const char *text, struct version *out)
{
	if (!version_parse(text, out))
		return false;
	*out = advisory_normalize(*out);
	return advisory_is_exchange55(out);
}

static const char *add_article(const char *words, const struct known_build *build,
			       struct arena *arena)
{
	return arena_printf(arena, "%s%sarticle %s: %s", words ? words : "", words ? "; " : "",
			    build->article, build->title);
}

static const char *between(const struct known_build *before, const struct known_build *after,
			   struct arena *arena)
{
	char text[VERSION_TEXT_SIZE];

	if (!before)
		return arena_printf(arena, "no article is known; it is older than %s",
				    version_format(&after->version, text));
	return arena_printf(arena, "no article is known; the one before is %s (article %s: %s)",
			    version_format(&before->version, text), before->article, before->title);
}

const char *known_build_words(const char *text, struct arena *arena)
{
	const struct known_build *before = NULL;
	const char *words = NULL;
	struct version version;

	if (!read_version(text, &version))
		return NULL;
	for (size_t i = 0; i < COUNT(builds); i++) {
		int order = version_compare(&builds[i].version, &version);
		if (order == 0)
			words = add_article(words, &builds[i], arena);
		else if (order < 0)
			before = &builds[i];
	}
	return words ? words : between(before, &builds[0], arena);
}

const char *known_build_warning(const char *text)
{
	struct version version;

	if (!read_version(text, &version) || version_compare(&version, &regression_since) < 0)
		return NULL;
	return "a fault came with 5.5.2655.72 that builds before it do not have (article 332019): "
	       "see whether it concerns this server";
}
