/* How far a probe got, and why it got no further. */
#pragma once

/* Compared as numbers. GRADE_UNKNOWN marks a row that has none. */
enum grade {
	GRADE_UNKNOWN = -1,
	GRADE_NONE,   /* port 135 does not accept */
	GRADE_TCP,    /* port 135 accepts */
	GRADE_EPM,    /* bind_ack from the endpoint mapper */
	GRADE_MAPPED, /* the mapper names the MTA's endpoint */
	GRADE_MTA,    /* bind_ack from the MTA's own endpoint */
};

enum probe_error {
	PROBE_OK,
	PROBE_TIMEOUT,
	PROBE_SILENT, /* TCP accepted, no answer */
	PROBE_HOST_UNREACHABLE,
	PROBE_NET_UNREACHABLE,
	PROBE_REFUSED,
	PROBE_RESET,
	PROBE_CLOSED,
	PROBE_BIND_NAK,
	PROBE_REJECTED, /* the interface is not there */
	PROBE_FAULT,
	PROBE_NOT_REGISTERED, /* the mapper knows no endpoint of the MTA */
	PROBE_MALFORMED,
	PROBE_LOCAL, /* the socket could not be bound to the adapter's address */
};
