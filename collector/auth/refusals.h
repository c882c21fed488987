/*
 * Who was refused in the name of which server: an enrolment under a name that another machine has,
 * a report in another's name. So two machines that claim one short name are seen where people look,
 * at the server of that name. Kept in memory only, since a refusal changes nothing: what is known
 * begins with the collector. The loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/model/principal.h"

/* Names that are remembered; past it the one whose last refusal is longest ago goes. */
#define REFUSALS_MAX_NAMES 256

/* Bytes of an address as it is shown, and its NUL; a longer one is cut. */
#define REFUSALS_ORIGIN_SIZE 64

struct refusal {
	char key[PRINCIPAL_MAX_NAME + 1]; /* server_key() of the name */
	int64_t first_ms;
	int64_t last_ms;
	int64_t n;
	const char *code;                  /* of the problem that was answered last; static */
	char origin[REFUSALS_ORIGIN_SIZE]; /* whom */
};

struct refusals {
	struct refusal names[REFUSALS_MAX_NAMES]; /* in no order */
	size_t n;
};

/* A zeroed one is empty. A name that no enrolled agent can have is not noted. */
void refusals_note(struct refusals *refusals, const char *key, const char *code, const char *origin,
		   int64_t now_ms);

/* The entry of that name, or NULL; valid until the next refusals_note(). */
const struct refusal *refusals_find(const struct refusals *refusals, const char *key);
