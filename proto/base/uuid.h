/*
 * UUIDs as DCE/RPC carries them (C706 appendix A): on the wire the first three fields follow the
 * byte order of their sender, the last eight bytes do not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/base/wire.h"

#define UUID_TEXT_SIZE 37 /* "9e8ee830-4459-11ce-979b-00aa005ffebe" and its NUL */

struct uuid {
	uint32_t time_low;
	uint16_t time_mid;
	uint16_t time_high;
	uint8_t rest[8]; /* clock sequence, node */
};

/*
 * Reads the text form, in either case, without braces.
 *
 * STATUS_MALFORMED  it is none; `*out` is left as it was
 */
enum status uuid_parse(const char *text, struct uuid *out);

/* Writes it in lower case. Returns `text`. */
char *uuid_format(const struct uuid *uuid, char text[UUID_TEXT_SIZE]);

bool uuid_equal(const struct uuid *a, const struct uuid *b);
bool uuid_is_nil(const struct uuid *uuid);

/* 16 bytes, in the byte order of the cursor. */
struct uuid wire_get_uuid(struct wire_reader *r);
void wire_put_uuid(struct wire_writer *w, const struct uuid *uuid);
