/*
 * Who we are to a proxy that asks: a user's name and the password in a file (Basic, RFC 7617). For
 * agent/https/send.c and agent/https/dial.c; nobody else includes it.
 */
#pragma once

#include <stddef.h>

#include "agent/https/send.h"
#include "proto/base/status.h"

#define PROXY_LOGIN_ASKED   407 /* the status by which a proxy, and nobody else, asks (RFC 9110) */
#define PROXY_LOGIN_REFUSED 401 /* how tinyproxy answers CONNECT with a login that is wrong */

/*
 * Tells it to `curl` (a CURL). The file is read each time, so that a new password counts from the
 * next connection.
 *
 * STATUS_INVALID  it cannot be had; `error` of `size` bytes says why
 * STATUS_SYSTEM   libcurl would not take it; so does `error`
 */
enum status proxy_login_apply(void *curl, const struct send_options *options, char *error,
			      size_t size);

/* Why a proxy answered `curl` with `status`, one of these two, in words. */
void proxy_login_explain(void *curl, const struct send_options *options, long status, char *text,
			 size_t size);
