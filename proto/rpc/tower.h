/*
 * Protocol towers: how DCE/RPC writes down a binding, floor by floor (C706 appendix L).
 *
 * Each floor has a left side, that begins with a protocol id, and a right side with what that
 * protocol needs. Counts and UUIDs are little-endian in towers of every sender; port and address
 * are in network order. mtawatch speaks ncacn_ip_tcp only; towers of other protocols are read for
 * their interface and are no error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/base/wire.h"
#include "proto/rpc/pdu.h"

/* Bytes of a tower that tower_put writes. */
#define TOWER_SIZE 75

struct tower {
	struct pdu_syntax interface_syntax; /* zeroes where the first floor names none */
	bool is_tcp;                        /* ncacn_ip_tcp; else port and address are 0 */
	uint16_t port;
	uint32_t address; /* IPv4, host byte order; servers may say 0.0.0.0 */
};

/*
 * Reads the tower of exactly `size` bytes.
 *
 * STATUS_TRUNCATED  a floor runs past the end
 * STATUS_MALFORMED  no floors, bytes behind the last, or a side that does not fit its protocol
 */
enum status tower_decode(const void *bytes, size_t size, struct tower *out);

/* Writes five floors: the interface, NDR, connection-oriented RPC, TCP, IP. */
void tower_put(struct wire_writer *w, const struct pdu_syntax *interface_syntax, uint16_t port,
	       uint32_t address);
