/*
 * Mail as text (RFC 5322, MIME): plain text in UTF-8, and perhaps HTML beside it. Whatever the
 * values hold, they make no header of their own, and nothing that turns the reading direction or a
 * terminal.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"

#define MAIL_MAX_LINE 76 /* characters of a line, for quoted-printable (RFC 2045 section 6.7) */

/* Bytes of a subject; what is longer is cut. */
#define MAIL_MAX_SUBJECT 240

struct mail {
	const char *from; /* mail_address_is_valid(), as all the receivers */
	const char *const *to;
	size_t n_to;
	const char *subject;   /* any text */
	const char *id;        /* letters, digits, '-' and '.': makes the Message-ID */
	const char *thread_id; /* the same for all mails of a thread; likewise */
	int64_t at_ms;
	const char *body; /* any text, lines ended by '\n' */
	const char *html; /* the same as HTML, for readers who prefer that; NULL: plain text only */
};

/* Adds the mail, with CRLF at the ends of lines. */
void mail_write(const struct mail *mail, struct buffer *out);
