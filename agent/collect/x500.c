#include "agent/collect/x500.h"

#include <string.h>

#include "proto/base/text.h"

/* The value of the part at `at` if its attribute is `attribute` ("ou="), else NULL. */
static const char *value_of(const char *at, const char *attribute, struct arena *arena)
{
	if (!text_has_prefix(at, attribute))
		return NULL;
	at += strlen(attribute);
	size_t n = strcspn(at, "/");
	while (n > 0 && at[n - 1] == ' ')
		n--;
	return n > 0 ? arena_strndup(arena, at, n) : NULL;
}

bool x500_parse_server(const char *dn, struct arena *arena, struct x500_server *out)
{
	struct x500_server found = { 0 };
	bool behind_servers = false; /* the next cn is the server's */

	for (const char *at = dn; *at;) {
		at += strspn(at, "/ ");
		const char *cn = value_of(at, "cn=", arena);
		if (!found.organization)
			found.organization = value_of(at, "o=", arena);
		if (!found.site)
			found.site = value_of(at, "ou=", arena);
		if (cn && behind_servers && !found.server)
			found.server = cn;
		behind_servers = text_equal(cn, "Servers");
		at += strcspn(at, "/");
	}
	if (!found.organization || !found.site || !found.server)
		return false;
	*out = found;
	return true;
}
