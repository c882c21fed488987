/*
 * The MTA's own name in the Exchange directory, as its registry value "X500 DN" holds it:
 *   /o=ORG/ou=SITE/cn=Configuration/cn=Servers/cn=SERVER/cn=Microsoft MTA   (Q155509, Q162384)
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"

struct x500_server {
	const char *organization;
	const char *site;
	const char *server;
};

/* Takes it apart, without case of the attributes; false where one of the three is not in it. */
bool x500_parse_server(const char *dn, struct arena *arena, struct x500_server *out);
