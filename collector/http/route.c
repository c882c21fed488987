#include "collector/http/route.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Length of the segment that `path` begins with. */
static size_t segment_length(const char *path)
{
	return strcspn(path, "/");
}

/* Notes a parameter; a pattern has at most ROUTE_MAX_PARAMS of them. */
static void add_param(struct route_params *params, const char *text, size_t size)
{
	assert(params->n < ROUTE_MAX_PARAMS);
	params->param[params->n++] = (struct route_param){ text, size };
}

/* Matches one segment of the pattern, which follows a "/", against what is left of the path. */
static bool match_segment(const char *pattern, size_t pattern_size, const char *path, size_t *used,
			  struct route_params *params)
{
	*used = segment_length(path);
	if (pattern_size == 0 || pattern[0] != '{')
		return pattern_size == *used && memcmp(pattern, path, *used) == 0;
	if (pattern[pattern_size - 2] == '*')
		*used = strlen(path);
	add_param(params, path, *used);
	return *used > 0;
}

static bool match_path(const char *pattern, const char *path, struct route_params *params)
{
	params->n = 0;
	while (*pattern == '/' && *path == '/') {
		size_t used;
		size_t n = segment_length(++pattern);
		if (!match_segment(pattern, n, ++path, &used, params))
			return false;
		pattern += n;
		path += used;
	}
	return *pattern == '\0' && *path == '\0';
}

static bool serves(const struct route *route, enum http_method method)
{
	return route->method == method ||
	       (route->method == HTTP_METHOD_GET && method == HTTP_METHOD_HEAD);
}

const struct route *route_find(const struct route *routes, size_t n, enum http_method method,
			       const char *path)
{
	struct route_params params;

	for (size_t i = 0; i < n; i++) {
		if (match_path(routes[i].pattern, path, &params) && serves(&routes[i], method))
			return &routes[i];
	}
	return NULL;
}

void route_read_params(const struct route *route, const char *path, struct route_params *out)
{
	bool matches = match_path(route->pattern, path, out);
	assert(matches);
	(void)matches;
}

char *route_allow(const struct route *routes, size_t n, const char *path,
		  char allow[ROUTE_ALLOW_SIZE])
{
	struct route_params params;
	unsigned listed = 0; /* a bit for each method */
	size_t at = 0;

	allow[0] = '\0';
	for (size_t i = 0; i < n && at < ROUTE_ALLOW_SIZE; i++) {
		unsigned bit = 1U << routes[i].method;
		if ((listed & bit) || !match_path(routes[i].pattern, path, &params))
			continue;
		listed |= bit;
		int written = snprintf(allow + at, ROUTE_ALLOW_SIZE - at, "%s%s%s", at ? ", " : "",
				       http_method_name(routes[i].method),
				       routes[i].method == HTTP_METHOD_GET ? ", HEAD" : "");
		at += written > 0 ? (size_t)written : 0;
	}
	return allow;
}
