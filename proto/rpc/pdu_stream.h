/*
 * Cuts what a connection receives into PDUs, however the network has cut it into pieces.
 *
 * Holds one PDU at a time, in itself: no allocation, and never more than PDU_MAX_FRAGMENT of what a
 * peer sends.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/rpc/pdu.h"

/* A zeroed one is at the beginning of a stream. */
struct pdu_stream {
	uint8_t pdu[PDU_MAX_FRAGMENT]; /* the one being received, or the one just received */
	size_t size;                   /* private: bytes of the one being received */
};

/*
 * Takes bytes from `*bytes`, of which `*n` are there, and steps over them: up to the end of one
 * PDU, or all of them where they end before it does.
 *
 * STATUS_OK         a PDU is whole: `*header` tells of it, and it is in `stream->pdu` until the
 *                   next call
 * STATUS_TRUNCATED  more bytes are needed; `*n` is 0
 * others            as pdu_get_header, as soon as the bytes show it; the stream cannot be read any
 *                   further, and each further call says the same
 */
enum status pdu_stream_take(struct pdu_stream *stream, const uint8_t **bytes, size_t *n,
			    struct pdu_header *header);
