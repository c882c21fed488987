#include "proto/base/uuid.h"

#include <string.h>

#include "proto/base/text.h"

/* The 16 bytes in the order of the text. */
static bool get_bytes(const char *text, uint8_t bytes[16])
{
	for (int i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		int high = text_hex_digit(*text);
		int low = high < 0 ? -1 : text_hex_digit(text[1]);
		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return *text == '\0';
}

enum status uuid_parse(const char *text, struct uuid *out)
{
	uint8_t bytes[16];

	if (!get_bytes(text, bytes))
		return STATUS_MALFORMED;
	struct wire_reader r = wire_read_from(bytes, sizeof bytes);
	r.big_endian = true; /* as people write numbers */
	*out = wire_get_uuid(&r);
	return STATUS_OK;
}

static char *put_hex(char *at, uint32_t number, unsigned digits)
{
	while (digits-- > 0)
		*at++ = "0123456789abcdef"[number >> 4 * digits & 15];
	return at;
}

char *uuid_format(const struct uuid *uuid, char text[UUID_TEXT_SIZE])
{
	const uint8_t *rest = uuid->rest;
	char *at = put_hex(text, uuid->time_low, 8);
	*at++ = '-';
	at = put_hex(at, uuid->time_mid, 4);
	*at++ = '-';
	at = put_hex(at, uuid->time_high, 4);
	for (size_t i = 0; i < sizeof uuid->rest; i++) {
		if (i == 0 || i == 2)
			*at++ = '-';
		at = put_hex(at, rest[i], 2);
	}
	*at = '\0';
	return text;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return a->time_low == b->time_low && a->time_mid == b->time_mid &&
	       a->time_high == b->time_high && memcmp(a->rest, b->rest, sizeof a->rest) == 0;
}

bool uuid_is_nil(const struct uuid *uuid)
{
	static const struct uuid nil;
	return uuid_equal(uuid, &nil);
}

struct uuid wire_get_uuid(struct wire_reader *r)
{
	struct uuid uuid = { 0 };

	uuid.time_low = wire_get_u32(r);
	uuid.time_mid = wire_get_u16(r);
	uuid.time_high = wire_get_u16(r);
	const uint8_t *rest = wire_get_bytes(r, sizeof uuid.rest);
	if (rest)
		memcpy(uuid.rest, rest, sizeof uuid.rest);
	return uuid;
}

void wire_put_uuid(struct wire_writer *w, const struct uuid *uuid)
{
	wire_put_u32(w, uuid->time_low);
	wire_put_u16(w, uuid->time_mid);
	wire_put_u16(w, uuid->time_high);
	wire_put_bytes(w, uuid->rest, sizeof uuid->rest);
}
