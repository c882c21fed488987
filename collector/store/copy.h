/*
 * Copies everything that one store holds into another, empty one, of whatever engine: by the reads
 * and commits that a collector makes. Numbers of rows stay where somebody may know them: those of
 * alerts, notifications, silences and lines of the audit log.
 */
#pragma once

#include "collector/store/engine.h"

/* Nobody else writes to either of them; what is read is one moment. */
enum status store_copy(const struct store_connection *from, const struct store_connection *to,
		       char error[STORE_ERROR_SIZE]);
