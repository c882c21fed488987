/*
 * Leads a dialog through what a server says. To be included behind <cmocka.h>; for one test
 * program each.
 */
#pragma once

#include <string.h>

#include "proto/rpc/dialog.h"
#include "tests/unit/proto/rpc/captures.h"

#define MAX_ANSWER 16384

static const struct pdu_syntax mta = {
	.uuid = { 0x9e8ee830, 0x4459, 0x11ce, { 0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe } },
	.major = 2,
};

/* What a server says next. */
struct answer {
	uint8_t bytes[MAX_ANSWER];
	size_t size;
};

static struct answer answer; /* one at a time; too large for a stack that the sanitizer pads */

/* Sets the answer to captured bytes, with the call id that the dialog waits for. */
static inline void say(const struct dialog *d, const void *bytes, size_t size)
{
	assert_true(size <= MAX_ANSWER);
	memcpy(answer.bytes, bytes, size);
	answer.size = size;
	memset(answer.bytes + 12, 0, 4);
	answer.bytes[answer.bytes[4] ? 12 : 15] = (uint8_t)d->call_id;
	answer.bytes[answer.bytes[4] ? 13 : 14] = (uint8_t)(d->call_id >> 8);
}

/* Gives it to the dialog, cut into pieces. */
static inline void hear_in(struct dialog *d, size_t piece)
{
	for (size_t at = 0; at < answer.size; at += piece) {
		size_t left = answer.size - at;
		dialog_input(d, answer.bytes + at, left < piece ? left : piece);
	}
}

static inline void hear(struct dialog *d, const void *bytes, size_t size)
{
	say(d, bytes, size);
	hear_in(d, answer.size);
}

/* Sends all that is to be sent, a few bytes at a time. Returns how many there were. */
static inline size_t send_all(struct dialog *d, uint8_t out[DIALOG_OUT_SIZE])
{
	size_t total = 0;
	for (;;) {
		size_t n;
		const uint8_t *bytes = dialog_output(d, &n);
		assert_non_null(bytes);
		if (n == 0)
			return total;
		size_t some = n < 7 ? n : 7;
		memcpy(out + total, bytes, some);
		total += some;
		dialog_sent(d, some);
	}
}

static inline void expect_sent(struct dialog *d, const uint8_t *want, size_t size)
{
	uint8_t out[DIALOG_OUT_SIZE];
	assert_int_equal(send_all(d, out), size);
	assert_memory_equal(out, want, size);
}

static inline void expect_over(const struct dialog *d, enum grade grade, enum probe_error error,
			       uint32_t detail)
{
	size_t n;
	assert_true(dialog_is_over(d));
	assert_false(dialog_wants_connection(d));
	assert_int_equal(d->grade, grade);
	assert_int_equal(d->error, error);
	assert_int_equal(d->detail, detail);
	(void)dialog_output(d, &n);
	assert_int_equal(n, 0);
}

/* Brings a new dialog to the state that waits for the answer to that. */
static inline void start_at(struct dialog *d, enum dialog_state state)
{
	dialog_start(d);
	if (state >= DIALOG_BIND_EPM)
		dialog_connected(d);
	if (state >= DIALOG_MAP)
		hear(d, bind_ack, sizeof bind_ack);
	if (state == DIALOG_LOOKUP)
		hear(d, map_mta_missing, sizeof map_mta_missing);
	if (state >= DIALOG_CONNECT_MTA)
		hear(d, map_mta_found, sizeof map_mta_found);
	if (state >= DIALOG_BIND_MTA)
		dialog_connected(d);
	if (state >= DIALOG_DONE)
		hear(d, bind_ack, sizeof bind_ack);
	assert_int_equal(d->state, state);
}

/* The bind to the MTA at that version. */
static inline void expect_mta_bind(struct dialog *d, uint16_t major, uint16_t minor)
{
	uint8_t want[72];
	struct pdu_syntax syntax = mta;
	struct wire_writer w = wire_write_to(want, sizeof want);
	syntax.major = major;
	syntax.minor = minor;
	assert_int_equal(pdu_put_bind(&w, d->call_id, &syntax), STATUS_OK);
	expect_sent(d, want, sizeof want);
}
