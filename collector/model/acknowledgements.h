/*
 * Who has looked after an alert, from its beginning: a list, as the store keeps it and the API
 * shows it, JSON: [{"by", "at", "comment", "until", "condition", "ended_at"}], the oldest first.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/condition.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"

/* More acknowledgements drive the oldest out. */
#define ACKNOWLEDGEMENTS_MAX 32

struct acknowledgement {
	const char *by;
	int64_t at_ms;
	const char *comment;
	int64_t until_ms;         /* TIMESTAMP_NONE: until the alert is resolved */
	enum condition condition; /* the degree of the alert then */
	int64_t ended_ms;         /* TIMESTAMP_NONE: nothing has ended it before its time */
};

/*
 * The history with a new one, or with an end of the last one. "" and damaged ones are empty. The
 * text is to be passed to free().
 */
char *acknowledgements_add(const char *history, const struct acknowledgement *acknowledgement);
char *acknowledgements_end(const char *history, int64_t now_ms);

/* The last of a history, its texts in `arena`; false: there is none. */
bool acknowledgements_last(const char *history, struct arena *arena, struct acknowledgement *out);

/* Adds it as the member "acknowledgements". */
void acknowledgements_write(const char *history, struct buffer *out);
