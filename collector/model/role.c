#include "collector/model/role.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[ROLE_NONE] = "nobody",       [ROLE_AGENT] = "agent", [ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin",
};
#define N_NAMES (sizeof names / sizeof *names)

const char *role_name(enum role role)
{
	return (size_t)role < N_NAMES ? names[role] : names[ROLE_NONE];
}

char *role_token_prefix(enum role role, char prefix[ROLE_TOKEN_PREFIX_SIZE])
{
	snprintf(prefix, ROLE_TOKEN_PREFIX_SIZE, "mtw_%c", role_name(role)[0]);
	return prefix;
}

bool role_parse(const char *name, enum role *out)
{
	for (size_t i = ROLE_VIEWER; i < N_NAMES; i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum role)i;
			return true;
		}
	}
	return false;
}

enum role role_lowest(unsigned access)
{
	for (size_t i = ROLE_VIEWER; i < N_NAMES; i++) {
		if (access & 1U << i)
			return (enum role)i;
	}
	return ROLE_AGENT;
}
