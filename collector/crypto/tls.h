/*
 * The server's side of one TLS connection as a transformer: ciphertext in, plaintext out, plaintext
 * in, ciphertext out. It sees no socket and no clock; its owner moves the bytes:
 *
 *   tls_feed(tls, arrived, n);
 *   do {
 *           result = tls_read(tls, plain, sizeof plain, &n_plain);
 *           send what tls_output() has
 *           use the plaintext
 *   } while (result == TLS_PLAIN);
 *
 * All connections of the process write into one static buffer and read from their owner's, so one
 * that waits costs no buffer. Therefore tls_output() is to be emptied after each call that may fill
 * it, before another connection's turn, and what was fed is to be read until TLS_MORE at once.
 *
 * One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Plaintext of one record (RFC 8446, 5.1): as much as one tls_read() may bring. */
#define TLS_RECORD_BYTES ((size_t)16 * 1024)

/* Ciphertext that tls_output() can hold. */
#define TLS_OUTPUT_BYTES ((size_t)64 * 1024)

enum tls_result {
	TLS_PLAIN,  /* there is plaintext; more may follow from what was fed */
	TLS_MORE,   /* all that was fed is used up */
	TLS_ENDED,  /* the peer will send no more */
	TLS_FAILED, /* tls_failure() says why; output, if any, tells the peer */
};

struct tls;
struct tls_context;

struct tls *tls_new(const struct tls_context *context);
void tls_free(struct tls *tls);

/* `bytes` arrived; borrowed until tls_read() has returned something else than TLS_PLAIN. */
void tls_feed(struct tls *tls, const char *bytes, size_t n);

/*
 * Goes on with the handshake, then decrypts up to `size` bytes to `out`; `*n` is 0 unless the
 * result is TLS_PLAIN.
 */
enum tls_result tls_read(struct tls *tls, char *out, size_t size, size_t *n);

/* Is the handshake over, so that plaintext can be written? */
bool tls_is_ready(const struct tls *tls);

/* Does it keep a part of a record until the rest comes? That takes up to TLS_RECORD_BYTES. */
bool tls_has_part(const struct tls *tls);

/*
 * Encrypts as much of `bytes` as the output has room for, and says how much that was; more than 0
 * if the output was empty and n > 0. False: it failed, as in TLS_FAILED.
 */
bool tls_write(struct tls *tls, const char *bytes, size_t n, size_t *used);

/* Tells the peer that nothing follows (close_notify). */
void tls_end(struct tls *tls);

/*
 * Ciphertext to send now; it is forgotten with this call. Borrowed until the next one of any tls.
 */
size_t tls_output(const char **bytes);

/* A sentence's end for administrators, after "the TLS handshake with ADDRESS failed: ". */
const char *tls_failure(const struct tls *tls);

/* Did the peer speak plain HTTP? Then it would understand an answer in plain HTTP. */
bool tls_got_http(const struct tls *tls);
