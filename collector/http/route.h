/*
 * Routes: which handler answers which method on which path. A table of rows, pure.
 *
 * A pattern is a path whose segments are literal, or "{name}" for any one segment, or at the end
 * "{name*}" for all that is left. Literal rows come before those that would swallow them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/http/http.h"
#include "collector/model/role.h"

#define ROUTE_MAX_PARAMS 3

struct call;

/* Answers the call, now or later, exactly once (collector/http/call.h). */
typedef void route_handler(struct call *call);

struct route {
	enum http_method method; /* HTTP_METHOD_GET serves HEAD, too */
	unsigned access;         /* the roles that it serves: ACCESS_... (collector/model/role.h) */
	const char *pattern;
	size_t body_limit; /* bytes; past it the answer is 413 */
	route_handler *handler;
};

/* A part of the path, percent-encoded; borrowed from it. */
struct route_param {
	const char *text;
	size_t size;
};

struct route_params {
	struct route_param param[ROUTE_MAX_PARAMS];
	size_t n;
};

/* NULL: none for this method. */
const struct route *route_find(const struct route *routes, size_t n, enum http_method method,
			       const char *path);

/* The parameters of a path that the route was found for. */
void route_read_params(const struct route *route, const char *path, struct route_params *out);

/* The value of an Allow field for that path: "GET, HEAD". For a path that no row has it is "". */
#define ROUTE_ALLOW_SIZE 64
char *route_allow(const struct route *routes, size_t n, const char *path,
		  char allow[ROUTE_ALLOW_SIZE]);
