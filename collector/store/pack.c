#include "collector/store/pack.h"

#include <stdlib.h>

#include <zstd.h>

#include "proto/base/mem.h"
#include "proto/report/report.h"

/*
 * Measured on reports of 4 to 9 KB: higher levels take longer and save less than 3 % of the text. A
 * delta is short: a fifth of its time would go into tables that save 1 % of the text; level -1 has
 * none. Matches of 6 bytes and more are found sooner than shorter ones, and there are few others. A
 * dictionary trained on reports halves only those that are stored whole, one in hundreds.
 */
#define LEVEL_WHOLE     1
#define LEVEL_DELTA     (-1)
#define MIN_MATCH_DELTA 6

void store_packer_deinit(struct store_packer *packer)
{
	ZSTD_freeCCtx(packer->compress); /* NULL is allowed, also below */
	ZSTD_freeDCtx(packer->decompress);
	free(packer->room);
	*packer = (struct store_packer){ 0 };
}

static void make_room(struct store_packer *packer, size_t size)
{
	if (packer->room_size >= size)
		return;
	packer->room = mem_realloc(packer->room, size);
	packer->room_size = size;
}

/* The size of the frame in `room`; 0: zstd had no memory. */
static size_t compress(struct store_packer *packer, struct store_bytes text,
		       const struct store_bytes *base)
{
	if (!packer->compress)
		packer->compress = ZSTD_createCCtx();
	if (!packer->compress)
		return 0;
	make_room(packer, ZSTD_compressBound(text.size));
	ZSTD_CCtx_reset(packer->compress, ZSTD_reset_session_only);
	ZSTD_CCtx_setParameter(packer->compress, ZSTD_c_compressionLevel,
			       base ? LEVEL_DELTA : LEVEL_WHOLE);
	ZSTD_CCtx_setParameter(packer->compress, ZSTD_c_checksumFlag,
			       1); /* of a delta's base, too */
	ZSTD_CCtx_setParameter(packer->compress, ZSTD_c_minMatch,
			       base ? MIN_MATCH_DELTA : 0); /* 0: as the level has it */
	if (base)
		ZSTD_CCtx_refPrefix(packer->compress, base->at, base->size);
	size_t n = ZSTD_compress2(packer->compress, packer->room, packer->room_size, text.at,
				  text.size);
	return ZSTD_isError(n) ? 0 : n;
}

enum store_encoding store_pack(struct store_packer *packer, struct store_bytes text,
			       const struct store_bytes *base, struct store_bytes *out)
{
	size_t n = base ? compress(packer, text, base) : 0;
	if (n > 0 && n <= text.size / STORE_PACK_DELTA_RATIO) {
		*out = (struct store_bytes){ packer->room, n };
		return STORE_ENCODING_DELTA;
	}
	n = compress(packer, text, NULL);
	if (n > 0 && n < text.size) {
		*out = (struct store_bytes){ packer->room, n };
		return STORE_ENCODING_ZSTD;
	}
	*out = text;
	return STORE_ENCODING_TEXT;
}

static enum status decompress(struct store_packer *packer, struct store_bytes packed,
			      const struct store_bytes *base, struct buffer *out)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.at, packed.size);
	if (size > REPORT_MAX_BYTES) /* also what it says of a frame that is none */
		return STATUS_MALFORMED;
	if (!packer->decompress)
		packer->decompress = ZSTD_createDCtx();
	if (!packer->decompress)
		return STATUS_SYSTEM;
	make_room(packer, (size_t)size + 1);
	ZSTD_DCtx_reset(packer->decompress, ZSTD_reset_session_only);
	if (base)
		ZSTD_DCtx_refPrefix(packer->decompress, base->at, base->size);
	size_t n = ZSTD_decompressDCtx(packer->decompress, packer->room, (size_t)size, packed.at,
				       packed.size);
	if (ZSTD_isError(n) || n != size)
		return STATUS_MALFORMED;
	buffer_add(out, packer->room, n);
	return STATUS_OK;
}

enum status store_unpack(struct store_packer *packer, int encoding, struct store_bytes packed,
			 const struct store_bytes *base, struct buffer *out)
{
	switch (encoding) {
	case STORE_ENCODING_TEXT:
		buffer_add(out, packed.at, packed.size);
		return packed.size > REPORT_MAX_BYTES ? STATUS_MALFORMED : STATUS_OK;
	case STORE_ENCODING_ZSTD:
		return decompress(packer, packed, NULL, out);
	case STORE_ENCODING_DELTA:
		return base ? decompress(packer, packed, base, out) : STATUS_MALFORMED;
	default:
		return STATUS_MALFORMED;
	}
}
