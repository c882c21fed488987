/*
 * The certificates of a server's file in the order in which clients get them, and what a client
 * would miss or refuse in them. One that knows the server's key by a pin alone looks at none of
 * this.
 */
#pragma once

#include <stdint.h>

#include "collector/crypto/certificate.h"
#include "proto/base/status.h"

#define CERTIFICATE_CHAIN_MAX 16 /* certificates of a file that are looked at */

/* Takes one thing that is wrong, as a sentence. */
typedef void certificate_chain_warn(void *user, const char *text);

/*
 * Tells everything that a client would miss at `now_ms` (the wall clock): a certificate that is out
 * of its time or will be soon, is not meant for servers, is missing or stands in the wrong place,
 * and, where `host` is not NULL, that the server's own is not for that name or address. Authorities
 * that this system knows count as known to everybody.
 *
 * As certificate_read(); STATUS_LIMIT: more than CERTIFICATE_CHAIN_MAX certificates
 */
enum status certificate_chain_check(const char *path, const char *host, int64_t now_ms,
				    certificate_chain_warn *tell, void *user,
				    char error[CERTIFICATE_ERROR_SIZE]);
