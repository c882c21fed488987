/*
 * What goes over the line between the collector and a peer, as text for people: line by line, made
 * harmless for a terminal, and without what is secret (passwords, tokens, the query of a URL).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/transfer/secrets.h"

/* `sent`: by us; else it came from the peer. The line is borrowed for the call. */
typedef void transcript_show(void *user, bool sent, const char *line);

struct transcript {
	const struct transfer_secrets *secrets; /* are struck out of each line; may be NULL */
	transcript_show *show;
	void *user;
	bool hides; /* an SMTP login is under way; private */
};

/* Shows these bytes, which are whole lines of HTTP or SMTP, or a body. */
void transcript_add(struct transcript *transcript, bool sent, const char *bytes, size_t n);
