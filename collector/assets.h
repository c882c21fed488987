/*
 * The dashboard's files, compiled in (collector/assets.cmake makes the table of them).
 */
#pragma once

#include <stddef.h>

struct asset {
	const char *name; /* "index.html" */
	const char *content_type;
	const char *etag; /* of its bytes, with the quotes */
	const char *bytes;
	size_t size;
};

/* The file of that name, or NULL. */
const struct asset *assets_find(const char *name);
