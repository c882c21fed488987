#include "proto/rpc/pdu_stream.h"

#include <string.h>

enum status pdu_stream_take(struct pdu_stream *stream, const uint8_t **bytes, size_t *n,
			    struct pdu_header *header)
{
	for (;;) {
		size_t want = PDU_HEADER_SIZE;
		enum status status = pdu_get_header(stream->pdu, stream->size, header);
		if (status == STATUS_OK)
			want = header->fragment_length;
		else if (status != STATUS_TRUNCATED)
			return status;
		if (stream->size == want) {
			stream->size = 0;
			return STATUS_OK;
		}
		if (*n == 0)
			return STATUS_TRUNCATED;

		size_t missing = want - stream->size;
		size_t taken = *n < missing ? *n : missing;
		memcpy(stream->pdu + stream->size, *bytes, taken);
		stream->size += taken;
		*bytes += taken;
		*n -= taken;
	}
}
