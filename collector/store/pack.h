/*
 * How the store keeps the text of a report: compressed, and where an earlier report of the same
 * server is given as the base, as what differs from it. Two reports of a server between which
 * nothing happened differ in times and counters alone, so the second takes some 3 % of its text.
 *
 * A packer belongs to one thread; it keeps zstd's contexts, for making them costs more than using
 * them.
 */
#pragma once

#include <stddef.h>

#include "proto/base/buffer.h"
#include "proto/base/status.h"

/* Stored with the bytes; never changed, only added to. */
enum store_encoding {
	STORE_ENCODING_TEXT,  /* as it arrived */
	STORE_ENCODING_ZSTD,  /* a zstd frame */
	STORE_ENCODING_DELTA, /* a zstd frame whose prefix is the text of the base */
};

/* A report is stored as a delta where that takes at most one byte for so many of its text. */
#define STORE_PACK_DELTA_RATIO 8

/* Bytes that belong to somebody else. */
struct store_bytes {
	const char *at;
	size_t size;
};

struct store_packer {
	struct ZSTD_CCtx_s *compress; /* made when first needed; so the other */
	struct ZSTD_DCtx_s *decompress;
	char *room; /* what pack() made last */
	size_t room_size;
};

/* A zeroed packer is ready. Frees what it keeps. */
void store_packer_deinit(struct store_packer *packer);

/*
 * Packs `text`, against `base` where that is worth it (NULL: there is none). The bytes are borrowed
 * from the packer, or from `text`, until the next call.
 */
enum store_encoding store_pack(struct store_packer *packer, struct store_bytes text,
			       const struct store_bytes *base, struct store_bytes *out);

/*
 * The text again, appended to `out`. `base` as it was when packed; NULL where the encoding needs
 * none.
 *
 * STATUS_MALFORMED  damaged, or longer than any report (REPORT_MAX_BYTES)
 */
enum status store_unpack(struct store_packer *packer, int encoding, struct store_bytes packed,
			 const struct store_bytes *base, struct buffer *out);
