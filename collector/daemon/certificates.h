/*
 * The certificates of a running collector: opened with it, read again on SIGHUP and once a day (for
 * certificates that something renews, and for fresh keys of session tickets). What cannot be used
 * leaves the old ones in use and says why. Tells on the log what is in use, and when it expires.
 *
 * Whether a collector speaks TLS at all is decided at its start. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/crypto/certificate.h"
#include "collector/crypto/certificate_chain.h"
#include "proto/base/status.h"

/* Once a day. */
#define CERTIFICATES_REREAD_MS (UINT64_C(24) * 60 * 60 * 1000)

#define CERTIFICATES_ERROR_SIZE CERTIFICATE_ERROR_SIZE

struct options;
struct certificates;
struct server;
struct tls_context;
struct uv_loop_s; /* libuv */

/*
 * Reads the files that `options` name, and again every `reread_ms`. On failure `error` says which
 * one and why.
 *
 * As tls_context_new().
 */
enum status certificates_open(struct certificates **out, struct uv_loop_s *loop,
			      const struct options *options, uint64_t reread_ms,
			      char error[CERTIFICATES_ERROR_SIZE]);

/*
 * For --check-config: would certificates_open() succeed? `error` as there. Tells what clients would
 * miss all the same, as certificate_chain_check().
 */
bool certificates_check(const struct options *options, certificate_chain_warn *tell, void *user,
			char error[CERTIFICATES_ERROR_SIZE]);

/* NULL: plain HTTP. Good until the next reading; a server learns of that by itself. */
const struct tls_context *certificates_context(const struct certificates *certificates);

/* The server that is to have new certificates; NULL: none any more. */
void certificates_attach(struct certificates *certificates, struct server *server);

/* Reads the files that `options` name now; the server has them if they are good. */
void certificates_reload(struct certificates *certificates, const struct options *options);

/* Attach NULL first. NULL is allowed. */
void certificates_close(struct certificates *certificates);
