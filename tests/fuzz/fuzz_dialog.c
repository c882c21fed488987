/*
 * Any bytes as what the servers of one probe say, in pieces of a size that the last byte tells: 256
 * less it. Whatever they say, the dialog ends with a result that makes sense and sends nothing but
 * what it may.
 */
#include <stdlib.h>

#include "proto/rpc/dialog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPNUM_AT 22

/* Binds, ept_lookup and ept_map; the MTA hears a bind only. */
static void check_output(struct dialog *d)
{
	size_t n;
	const uint8_t *out = dialog_output(d, &n);

	if (n == 0)
		return;
	bool asks = d->state == DIALOG_MAP || d->state == DIALOG_LOOKUP;
	if (n <= OPNUM_AT || n > DIALOG_OUT_SIZE || out[2] != (asks ? PDU_REQUEST : PDU_BIND))
		abort();
	if (asks && out[OPNUM_AT] != 2 && out[OPNUM_AT] != 3)
		abort();
	dialog_sent(d, n);
}

static void check_result(const struct dialog *d)
{
	if ((d->error == PROBE_OK) != (d->grade == GRADE_MTA))
		abort();
	if (!dialog_is_over(d) || (d->grade >= GRADE_MAPPED && d->port == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dialog d;
	size_t piece = size > 0 ? 256 - (size_t)data[size - 1] : 1;

	dialog_start(&d);
	for (size_t at = 0; at < size && !dialog_is_over(&d); at += piece) {
		if (dialog_wants_connection(&d))
			dialog_connected(&d);
		check_output(&d);
		dialog_input(&d, data + at, size - at < piece ? size - at : piece);
	}
	dialog_failed(&d, PROBE_CLOSED);
	check_result(&d);
	dialog_deinit(&d);
	return 0;
}
