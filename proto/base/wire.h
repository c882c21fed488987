/*
 * Bounds-checked cursors over a byte buffer.
 *
 * A reader or writer remembers its first failure. After that reads return zero, writes do nothing
 * and the position stays where the trouble was; so a decoder reads a whole structure and checks
 * `status` once, at the end.
 *
 * Neither owns its buffer. Nothing here allocates, logs or blocks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"

/* Eight bytes as one number, the first one lowest: compilers make one load of it. */
static inline uint64_t wire_le64(const void *bytes)
{
	const uint8_t *b = bytes;

	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
	       (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
	       (uint64_t)b[7] << 56;
}

struct wire_reader {
	const uint8_t *base;
	size_t size;        /* bytes in `base` */
	size_t at;          /* next byte to read; at <= size */
	size_t origin;      /* where `base` lies in the part that alignment counts from */
	bool big_endian;    /* of multi-byte integers; DCE/RPC: the sender's choice */
	enum status status; /* first failure, or STATUS_OK */
};

/* A little-endian reader of `size` bytes; set `big_endian` where the sender is one. */
struct wire_reader wire_read_from(const void *bytes, size_t size);

/* Notes a failure unless there already is one; STATUS_OK changes nothing. */
void wire_get_fail(struct wire_reader *r, enum status status);

/* How many bytes are left; 0 once it failed. */
size_t wire_left(const struct wire_reader *r);

/*
 * Borrows the next `n` bytes. NULL and a failed reader (STATUS_TRUNCATED) if fewer remain.
 * The bytes live as long as the buffer does.
 */
const uint8_t *wire_get_bytes(struct wire_reader *r, size_t n);

void wire_skip(struct wire_reader *r, size_t n);

/*
 * Steps to the next multiple of `n`, a power of two, counted from the start of the outermost
 * reader. What the padding holds does not matter (C706 14.2.2).
 */
void wire_get_align(struct wire_reader *r, size_t n);

uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);

/*
 * Splits off the next `n` bytes as a reader of their own and steps over them, so that a
 * length-prefixed part can neither run past its end nor leave its parent short. It inherits byte
 * order, alignment and failure of its parent.
 */
struct wire_reader wire_get_part(struct wire_reader *r, size_t n);

/* STATUS_FULL: the buffer is too small. What was written before stays. */
struct wire_writer {
	uint8_t *base;
	size_t size; /* room in `base` */
	size_t at;   /* next byte to write; at <= size */
	bool big_endian;
	enum status status;
};

/* A little-endian writer into `size` bytes; set `big_endian` for the other order. */
struct wire_writer wire_write_to(void *bytes, size_t size);

void wire_put_fail(struct wire_writer *w, enum status status);

void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t n);
void wire_put_zeros(struct wire_writer *w, size_t n);

/* Zeros up to the next multiple of `n`, a power of two, counted from the start of the buffer. */
void wire_put_align(struct wire_writer *w, size_t n);

void wire_put_u8(struct wire_writer *w, uint8_t value);
void wire_put_u16(struct wire_writer *w, uint16_t value);
void wire_put_u32(struct wire_writer *w, uint32_t value);

/*
 * Overwrites what was put at `at` before: a length that is known only now. STATUS_INVALID where
 * nothing was put there.
 */
void wire_patch_u16(struct wire_writer *w, size_t at, uint16_t value);
void wire_patch_u32(struct wire_writer *w, size_t at, uint32_t value);
