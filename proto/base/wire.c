#include "proto/base/wire.h"

#include <assert.h>
#include <string.h>

struct wire_reader wire_read_from(const void *bytes, size_t size)
{
	struct wire_reader r = { .base = bytes, .size = size };
	return r;
}

void wire_get_fail(struct wire_reader *r, enum status status)
{
	if (r->status == STATUS_OK)
		r->status = status;
}

size_t wire_left(const struct wire_reader *r)
{
	return r->status == STATUS_OK ? r->size - r->at : 0;
}

/* Every read passes here, where its length is compared with what is left. */
const uint8_t *wire_get_bytes(struct wire_reader *r, size_t n)
{
	static const uint8_t nothing[1];

	if (r->status != STATUS_OK)
		return NULL;
	if (n > r->size - r->at) { /* at <= size, so this cannot wrap */
		r->status = STATUS_TRUNCATED;
		return NULL;
	}
	if (n == 0)
		return nothing; /* `base` may be NULL */
	r->at += n;
	return r->base + (r->at - n);
}

void wire_skip(struct wire_reader *r, size_t n)
{
	(void)wire_get_bytes(r, n);
}

void wire_get_align(struct wire_reader *r, size_t n)
{
	size_t past = (r->origin + r->at) & (n - 1);
	if (past)
		wire_skip(r, n - past);
}

uint8_t wire_get_u8(struct wire_reader *r)
{
	const uint8_t *b = wire_get_bytes(r, 1);
	return b ? b[0] : 0;
}

uint16_t wire_get_u16(struct wire_reader *r)
{
	const uint8_t *b = wire_get_bytes(r, 2);
	if (!b)
		return 0;
	if (r->big_endian)
		return (uint16_t)(b[0] << 8 | b[1]);
	return (uint16_t)(b[1] << 8 | b[0]);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	const uint8_t *b = wire_get_bytes(r, 4);
	if (!b)
		return 0;
	if (r->big_endian)
		return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

struct wire_reader wire_get_part(struct wire_reader *r, size_t n)
{
	struct wire_reader part = { .big_endian = r->big_endian, .origin = r->origin + r->at };

	part.base = wire_get_bytes(r, n);
	part.size = part.base ? n : 0;
	part.status = r->status;
	return part;
}

struct wire_writer wire_write_to(void *bytes, size_t size)
{
	struct wire_writer w = { .base = bytes, .size = size };
	return w;
}

void wire_put_fail(struct wire_writer *w, enum status status)
{
	if (w->status == STATUS_OK)
		w->status = status;
}

/* Room for `n` bytes, or NULL. */
static uint8_t *room(struct wire_writer *w, size_t n)
{
	assert(w->at <= w->size);
	if (w->status != STATUS_OK)
		return NULL;
	if (n > w->size - w->at) {
		w->status = STATUS_FULL;
		return NULL;
	}
	w->at += n;
	return w->base + (w->at - n);
}

void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t n)
{
	uint8_t *to = n ? room(w, n) : NULL;
	if (to)
		memcpy(to, bytes, n);
}

void wire_put_zeros(struct wire_writer *w, size_t n)
{
	uint8_t *to = n ? room(w, n) : NULL;
	if (to)
		memset(to, 0, n);
}

void wire_put_align(struct wire_writer *w, size_t n)
{
	size_t past = w->at & (n - 1);
	if (past)
		wire_put_zeros(w, n - past);
}

static void set_u16(uint8_t *to, bool big_endian, uint16_t value)
{
	to[big_endian ? 0 : 1] = (uint8_t)(value >> 8);
	to[big_endian ? 1 : 0] = (uint8_t)value;
}

static void set_u32(uint8_t *to, bool big_endian, uint32_t value)
{
	set_u16(to + (big_endian ? 0 : 2), big_endian, (uint16_t)(value >> 16));
	set_u16(to + (big_endian ? 2 : 0), big_endian, (uint16_t)value);
}

void wire_put_u8(struct wire_writer *w, uint8_t value)
{
	uint8_t *to = room(w, 1);
	if (to)
		*to = value;
}

void wire_put_u16(struct wire_writer *w, uint16_t value)
{
	uint8_t *to = room(w, 2);
	if (to)
		set_u16(to, w->big_endian, value);
}

void wire_put_u32(struct wire_writer *w, uint32_t value)
{
	uint8_t *to = room(w, 4);
	if (to)
		set_u32(to, w->big_endian, value);
}

/* Where `n` bytes were put at `at` before, or NULL. */
static uint8_t *written(struct wire_writer *w, size_t at, size_t n)
{
	if (w->status != STATUS_OK)
		return NULL;
	if (n > w->at || at > w->at - n) {
		w->status = STATUS_INVALID;
		return NULL;
	}
	return w->base + at;
}

void wire_patch_u16(struct wire_writer *w, size_t at, uint16_t value)
{
	uint8_t *to = written(w, at, 2);
	if (to)
		set_u16(to, w->big_endian, value);
}

void wire_patch_u32(struct wire_writer *w, size_t at, uint32_t value)
{
	uint8_t *to = written(w, at, 4);
	if (to)
		set_u32(to, w->big_endian, value);
}
