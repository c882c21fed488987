/*
 * Recorded connections of the folder dcerpc of the material, cut into PDUs by the code that cuts
 * them for the probe, and the tables of what another program's dissector says about them. Link
 * recorded.c and material.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/rpc/pdu_stream.h"

#define RECORDED_MAX_COLUMNS 24

/* One direction of one connection, and how far it was read. A zeroed one is closed. */
struct recorded {
	char name[128]; /* "dcerpc/ex55_epm_map_nspi.s2c.bin"; empty where closed */
	uint8_t *bytes;
	size_t size;
	size_t at;
	size_t piece; /* bytes that are given to the cutter at a time */
	struct pdu_stream stream;
	struct pdu_header header; /* of the PDU read last, which is in stream.pdu */
	unsigned seq;             /* its number, from 1 */
};

/*
 * Has this direction ("c2s", "s2c") of that connection open, at its beginning unless it was open
 * before. What was open instead must have been read to its end.
 */
void recorded_open(struct recorded *r, const char *connection, const char *direction, size_t piece);
void recorded_close(struct recorded *r);

/* Reads the next PDU; there must be one. */
void recorded_next(struct recorded *r);

/*
 * Calls `row` with the columns of each line of a table but its first; missing ones are "". Returns
 * how many lines there were.
 */
size_t recorded_each_row(const char *table,
			 void (*row)(char *columns[RECORDED_MAX_COLUMNS], void *user), void *user);

/* Fails unless the column holds that number, decimal or with 0x. */
void recorded_expect_number(const char *column, unsigned long got);
