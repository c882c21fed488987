/*
 * Any bytes as what a database has of a report: an encoding, a base (its size in two bytes, little
 * endian, before it), and a packed body. What is unpacked has a bound, and comes back when it is
 * packed again, against the same base.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/pack.h"
#include "proto/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_again(struct store_packer *packer, const struct buffer *text,
		       const struct store_bytes *base)
{
	struct store_bytes bytes = { text->bytes ? text->bytes : "", text->size };
	struct store_bytes packed;
	struct buffer back;

	enum store_encoding encoding = store_pack(packer, bytes, base, &packed);
	if (packed.size > text->size)
		abort();
	char *copy = malloc(packed.size + 1); /* unpacking uses the packer's own room */
	if (!copy)
		abort();
	memcpy(copy, packed.at, packed.size);
	packed.at = copy;
	buffer_init(&back);
	if (store_unpack(packer, (int)encoding, packed, base, &back) != STATUS_OK ||
	    back.size != text->size ||
	    (back.size > 0 && memcmp(back.bytes, text->bytes, back.size) != 0))
		abort();
	buffer_deinit(&back);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_packer packer = { 0 };
	struct buffer text;

	if (size < 3)
		return 0;
	size_t base_size = (size_t)data[1] | (size_t)data[2] << 8;
	if (base_size > size - 3)
		base_size = size - 3;
	struct store_bytes base = { (const char *)data + 3, base_size };
	struct store_bytes packed = { base.at + base_size, size - 3 - base_size };

	buffer_init(&text);
	if (store_unpack(&packer, data[0], packed, base_size > 0 ? &base : NULL, &text) ==
	    STATUS_OK) {
		if (text.size > REPORT_MAX_BYTES)
			abort();
		pack_again(&packer, &text, base_size > 0 ? &base : NULL);
	}
	buffer_deinit(&text);
	store_packer_deinit(&packer);
	return 0;
}
