/*
 * Roles, and which of them a route serves.
 *
 * The roles of people and programs contain each other: an admin may what an operator may, an
 * operator what a viewer may. An agent is apart: it reports, and reads nothing of the others.
 */
#pragma once

#include <stdbool.h>

/* The numbers are stored: never changed or used again. */
enum role {
	ROLE_NONE = 0,     /* a stranger */
	ROLE_AGENT = 1,    /* reports, as itself only */
	ROLE_VIEWER = 2,   /* reads */
	ROLE_OPERATOR = 3, /* also acknowledges, silences, releases; reads the audit log */
	ROLE_ADMIN = 4,    /* also makes and revokes tokens and enrolment secrets */
};

/* Sets of roles, for the table of routes. */
#define ACCESS_ANYBODY  (1U << ROLE_NONE | ACCESS_AGENT | ACCESS_VIEWER)
#define ACCESS_AGENT    (1U << ROLE_AGENT)
#define ACCESS_ADMIN    (1U << ROLE_ADMIN)
#define ACCESS_OPERATOR (1U << ROLE_OPERATOR | ACCESS_ADMIN)
#define ACCESS_VIEWER   (1U << ROLE_VIEWER | ACCESS_OPERATOR)

/* "viewer" ...; "nobody" for ROLE_NONE. Static. */
const char *role_name(enum role role);

/* "mtw_v", "mtw_o" or "mtw_a": what a token of that role begins with. Returns `prefix`. */
#define ROLE_TOKEN_PREFIX_SIZE 6
char *role_token_prefix(enum role role, char prefix[ROLE_TOKEN_PREFIX_SIZE]);

/* Reads the name of a role that a token can have: viewer, operator, admin. */
bool role_parse(const char *name, enum role *out);

/* The lowest role of people in a set of roles, for words: "this needs the role ...". */
enum role role_lowest(unsigned access);
