/*
 * Who the agent is: an id for the life of its installation, and for each report the pair of epoch
 * and sequence by which the collector tells reports apart (PROTOCOL.md).
 *
 * The id is made at the first start (file `identity`), and is the collector's from the enrolment on
 * (agent/uplink/enroll.h). The sequence is saved before it is used (file `sequence`), so none is
 * ever used twice; whenever the last one cannot be known (a new identity, a damaged or lost file, a
 * file that cannot be written, a collector that has seen this number with another report) a new
 * epoch begins at 1.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/status.h"
#include "proto/base/uuid.h"

struct identity {
	char id[UUID_TEXT_SIZE];
	char epoch[UUID_TEXT_SIZE];
	int64_t sequence; /* the last one that was used; 0: none yet */

	/* Private. */
	const char *dir; /* NULL: nothing is kept */
	bool unsaved;    /* the file could not be written: this epoch ends with the process */
};

/*
 * Reads who we are from the state directory, and makes up what is missing. With `keep` what was
 * made up is saved, and identity_next() will save; without, nothing is written (for commands that
 * only look). `dir` is borrowed for the life of the identity. Troubles with files are logged.
 *
 * STATUS_SYSTEM  the system gave no random numbers
 * others         with `keep`: the id could not be saved; it is good for this process
 */
enum status identity_open(struct identity *identity, struct host *host, const char *dir, bool keep);

/* Takes the next sequence; it is saved when this returns, or a new epoch has begun. */
enum status identity_next(struct identity *identity, struct host *host);

/* Takes the id that the collector gave, and saves it; another one than before begins an epoch. */
enum status identity_take_id(struct identity *identity, struct host *host, const char *id);

/* Begins a new epoch: the next sequence is 1. */
enum status identity_renew_epoch(struct identity *identity, struct host *host);
