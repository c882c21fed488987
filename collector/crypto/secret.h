/*
 * Secrets: 256 random bits as text, of which the store keeps only the SHA-256.
 *
 * Why a plain hash is right: slow hashes with a salt (bcrypt, Argon2) protect passwords, which
 * people choose and attackers guess. Nobody guesses 256 random bits, so whoever reads the store
 * cannot get back from the hash to the secret, and a report costs one hash, not a tenth of a
 * second. A text that people chose is never taken for a secret: they are made here.
 *
 * Hashes are compared in constant time, although the time would tell an attacker only about a hash
 * that they cannot steer: then nobody has to prove it for each place that compares.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/base/uuid.h"

#define SECRET_BYTES       32 /* random ones in a secret */
#define SECRET_HASH_SIZE   32 /* SHA-256 */
#define SECRET_PREFIX_SIZE 8  /* of a prefix and its NUL */
#define SECRET_HEX_DIGITS  ((size_t)2 * SECRET_BYTES)
#define SECRET_TEXT_SIZE   (SECRET_PREFIX_SIZE + SECRET_HEX_DIGITS)

/* The beginning by which a secret is recognised in a log or a ticket. */
#define SECRET_PREFIX_ENROLL "mtw_e"

/*
 * Makes a secret: the prefix and 64 hexadecimal digits, which a double click selects.
 *
 * STATUS_SYSTEM  the system gave no random numbers
 */
enum status secret_make(const char *prefix, char text[SECRET_TEXT_SIZE]);

/* A random UUID (RFC 9562, version 4), which is no secret. STATUS_SYSTEM as above. */
enum status secret_make_id(char text[UUID_TEXT_SIZE]);

void secret_hash(const char *text, uint8_t hash[SECRET_HASH_SIZE]);

/* In a time that does not depend on the bytes. */
bool secret_hash_equal(const uint8_t a[SECRET_HASH_SIZE], const uint8_t b[SECRET_HASH_SIZE]);

/* 64 lower-case hexadecimal digits: the form of a key that an agent made? */
bool secret_is_key(const char *text);
