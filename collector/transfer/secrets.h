/*
 * What is secret of a request, and striking it out of what a peer says: one that repeats what it
 * was sent would else put tokens into logs and answers.
 *
 * Known are the password, the token and the login in the forms in which they go over the line, and
 * the parts of the URL that stand for a token (values of its query, long parts of its path). A peer
 * that changes what it repeats (letter by letter, say) is not seen through.
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"

#define TRANSFER_SECRETS_MAX 48

/* Stands in the place of a secret that was struck out. */
#define TRANSFER_HIDDEN "(hidden)"

struct transfer_request;

struct transfer_secrets {
	const char *texts[TRANSFER_SECRETS_MAX]; /* in the arena */
	size_t n;
};

void transfer_secrets_collect(const struct transfer_request *request, struct arena *arena,
			      struct transfer_secrets *out);

/* `text`, or in `arena` what is left of it; `*n` bytes, before and after, and a NUL. */
const char *transfer_secrets_strike(const struct transfer_secrets *secrets, const char *text,
				    size_t *n, struct arena *arena);
