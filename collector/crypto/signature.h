/*
 * Signatures of webhooks, so that a receiver knows who sent them: Standard Webhooks
 * (standardwebhooks.com, specification 1.0.0), and the form that GitHub uses.
 *
 * A secret is text as the specification has it: "whsec_" and the base64 of 24 to 64 random bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"

/* Bytes of a key (Standard Webhooks, "Signature scheme"). */
#define SIGNATURE_MIN_KEY 24
#define SIGNATURE_MAX_KEY 64

#define SIGNATURE_TEXT_SIZE 80 /* "sha256=" and 64 digits, or "v1," and base64; the NUL */

struct signature_key {
	uint8_t bytes[SIGNATURE_MAX_KEY];
	size_t n;
};

/*
 * Reads a secret; white space around it does not count.
 *
 * STATUS_INVALID  it is not "whsec_" and base64, or of another length
 */
enum status signature_key_read(const char *text, struct signature_key *out);

/*
 * "v1," and the base64 of HMAC-SHA256 over "ID.SECONDS.BODY": the field webhook-signature.
 * `seconds` is the time of this attempt (webhook-timestamp).
 */
void signature_standard(const struct signature_key *key, const char *id, int64_t seconds,
			const char *body, size_t size, char text[SIGNATURE_TEXT_SIZE]);

/* "sha256=" and the digits of HMAC-SHA256 over the body: the field X-Hub-Signature-256. */
void signature_github(const struct signature_key *key, const char *body, size_t size,
		      char text[SIGNATURE_TEXT_SIZE]);
