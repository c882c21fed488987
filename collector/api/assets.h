/*
 * The dashboard's files, compiled in (collector/api/assets.cmake makes the table of them).
 */
#pragma once

#include <stddef.h>

/* One representation of a file. */
struct asset_body {
	const char *etag; /* of these bytes, with the quotes */
	const char *bytes;
	size_t size;
};

struct asset {
	const char *name; /* "index.html" */
	const char *content_type;
	struct asset_body plain;
	struct asset_body gzip; /* the same for "Content-Encoding: gzip" */
};

/* The file of that name, or NULL. */
const struct asset *assets_find(const char *name);
