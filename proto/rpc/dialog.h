/*
 * The conversation of one probe: how far does one adapter get on one address of a peer?
 *
 * A dialog climbs the grades of proto/rpc/grade.h one by one: TCP to port 135, bind to the endpoint
 * mapper (GRADE_EPM), ask it for the MTA's port (GRADE_MAPPED), TCP to that port, bind to the MTA's
 * interface (GRADE_MTA). It never calls an operation of the MTA: MtaBind, opnum 0, would make the
 * peer bind back (Q159298).
 *
 * A dialog does no I/O: it holds no socket and no clock. The owner connects, moves bytes and
 * watches the time, one dialog at a time or many from one select() loop:
 *
 *   dialog_start(&d);
 *   while (!dialog_is_over(&d)) {
 *           if (dialog_wants_connection(&d)) {
 *                   close the connection that there may be, and connect to d.port of the address;
 *                   dialog_connected(&d), or dialog_failed(&d, PROBE_REFUSED ...);
 *           }
 *           send dialog_output(&d, &n), then dialog_sent(&d, as many as were sent);
 *           receive something, then dialog_input(&d, bytes, n);
 *           or tell what happened instead: dialog_failed(&d, PROBE_CLOSED, PROBE_TIMEOUT ...);
 *   }
 *   close the connection; d.grade and d.error are the result
 *   dialog_deinit(&d);
 *
 * Any call may end the dialog or make it want the other connection, so both are to be looked at
 * after each. There are at most two connections, one after the other: when the mapper has named
 * the port, the first is of no more use and the owner closes it (closing also gives up the lookup
 * handle that the mapper may hold for us).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/rpc/epm.h"
#include "proto/rpc/grade.h"
#include "proto/rpc/pdu.h"
#include "proto/rpc/pdu_stream.h"

/* The endpoint mapper's well-known TCP port (C706 appendix H). */
#define DIALOG_EPM_PORT 135

/* Answers to ept_lookup that are read before the mapper counts as endless (PROBE_MALFORMED). */
#define DIALOG_MAX_PAGES 512

/* Bytes that one PDU of ours takes at most. */
#define DIALOG_OUT_SIZE 192

/* Named for what it waits for. */
enum dialog_state {
	DIALOG_CONNECT_EPM, /* the owner is to connect to port 135 */
	DIALOG_BIND_EPM,    /* bind_ack of the endpoint mapper */
	DIALOG_MAP,         /* response to ept_map of MTA v2.0 */
	DIALOG_LOOKUP,      /* response to ept_lookup of everything: the MTA, at any version */
	DIALOG_CONNECT_MTA, /* the owner is to connect to `port`, the one the mapper named */
	DIALOG_BIND_MTA,    /* bind_ack of the MTA */
	DIALOG_DONE,        /* nothing: `grade` and `error` are the result */
};

struct dialog {
	/* For the owner to read at any time. */
	enum dialog_state state;
	uint16_t port;          /* to connect to: 135, later the MTA's own */
	enum grade grade;       /* reached so far */
	enum probe_error error; /* once over: why it got no further; PROBE_OK at GRADE_MTA only */
	/*
	 * For the log: bind_nak's or the rejection's reason, the fault's status, the mapper's
	 * status; 0 where `error` is of another kind.
	 */
	uint32_t detail;
	uint16_t mta_major; /* version that the mapper named; from GRADE_MAPPED on */
	uint16_t mta_minor;

	/* Private. */
	uint32_t call_id;         /* of the PDU that is to be answered */
	unsigned pages;           /* answers to ept_lookup so far */
	struct epm_handle lookup; /* where it stands in the mapper's list */
	bool heard;               /* a byte came on this connection */
	uint8_t out[DIALOG_OUT_SIZE];
	size_t out_size;
	size_t out_at; /* bytes of `out` that were sent */
	struct pdu_stream in;
	struct pdu_assembly answer;
};

/*
 * Begins: GRADE_NONE, and wants a connection to port 135. Each dialog_start needs its
 * dialog_deinit; after that the dialog may be started again, for the next attempt.
 */
void dialog_start(struct dialog *d);

/* Frees what it holds; the result stays readable. Legal in any state, and twice. */
void dialog_deinit(struct dialog *d);

/* Is there a result? The calls below then change nothing. */
bool dialog_is_over(const struct dialog *d);

/* Is the owner to close the connection it may have, and to connect to `port`? */
bool dialog_wants_connection(const struct dialog *d);

/*
 * The connection that was wanted stands. At the first one the grade becomes GRADE_TCP. Ignored
 * where none was wanted. Afterwards there is something to send.
 */
void dialog_connected(struct dialog *d);

/*
 * The bytes that are still to be sent; `*n` is 0 (and the result not NULL) where there are none.
 * Borrowed until the next call that is not const.
 */
const uint8_t *dialog_output(const struct dialog *d, size_t *n);

/* `n` of them were sent, any number up to all. */
void dialog_sent(struct dialog *d, size_t n);

/*
 * `n` bytes arrived, cut in any way; borrowed for the call. An orderly close of the peer is no
 * input but dialog_failed(d, PROBE_CLOSED). Bytes that come while a connection is wanted are of
 * the old one and are ignored.
 *
 * Ends the dialog with
 *   PROBE_BIND_NAK, PROBE_REJECTED  the bind was refused, or the interface is not there
 *   PROBE_FAULT                     a fault instead of a response, or a mapper that says it cannot
 *   PROBE_NOT_REGISTERED            the mapper knows no TCP endpoint of the MTA
 *   PROBE_MALFORMED                 what came is not DCE/RPC, contradicts it or exceeds a limit
 *   PROBE_CLOSED                    the peer announced that it closes (shutdown PDU)
 *   PROBE_OK                        GRADE_MTA
 */
void dialog_input(struct dialog *d, const void *bytes, size_t n);

/*
 * The connection failed, or the time for it is over, and the dialog with it. `what` is how it
 * looked on the socket: PROBE_TIMEOUT, PROBE_HOST_UNREACHABLE, PROBE_NET_UNREACHABLE,
 * PROBE_REFUSED, PROBE_RESET, PROBE_CLOSED (orderly), PROBE_LOCAL. It becomes `error` as it is,
 * but for a timeout on a connection that stands and on which not one byte came: PROBE_SILENT.
 */
void dialog_failed(struct dialog *d, enum probe_error what);

/* The step under way, for the log: "bind to the endpoint mapper". Static. */
const char *dialog_state_text(enum dialog_state state);
