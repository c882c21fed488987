/*
 * Inside the messages: who writes one, and the words that messages of one group and of many have in
 * common. Texts live in the writer's arena. Only collector/hooks/message*.c include this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/hooks/message.h"
#include "collector/model/notification.h"
#include "proto/base/arena.h"

struct message_writer {
	const struct notification *n; /* its alerts worst first */
	const struct time_zone *zone; /* NULL: UTC */
	struct arena *arena;
};

bool message_fires(const struct notification_alert *alert);

/* Text from outside: one line, nothing that turns a terminal or a reading direction. */
const char *message_clean(const struct message_writer *w, const char *text);

/* The text with a capital letter at its beginning. */
const char *message_capital(const struct message_writer *w, const char *text);

/* "ACME/HQ"; "" where there is no site. */
const char *message_place(const struct message_writer *w, const char *organization,
			  const char *site);

const char *message_moment(const struct message_writer *w, int64_t ms);

/* How bad that is, while it fires. */
enum message_tone message_tone_of(enum condition condition);

struct message_alert message_describe_alert(const struct message_writer *w,
					    const struct notification_alert *alert);

/* "1 failing, 2 exposed, 1 problem of the collector"; "" where nothing fires. */
const char *message_counts(const struct message_writer *w, const size_t firing[CONDITION_COUNT]);

/* Counts that say of what they are, behind a first one: "3 servers exposed, 12 at risk". */
const char *message_counts_of_servers(const struct message_writer *w,
				      const size_t firing[CONDITION_COUNT]);

/* Writes the subject, the first sentence and all that only messages of many groups have. */
void message_sum_up(const struct message_writer *w, struct message *m);
