/*
 * What a notification says to people: the worst server first, what that means for mail, since when,
 * why, what to do, who looks after it. Mails and chats are written from this, so that all say the
 * same in the same words. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/model/notification.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"

struct time_zone;

/* How bad it is. */
enum message_tone {
	MESSAGE_CRITICAL,
	MESSAGE_WARNING,
	MESSAGE_INFO,
	MESSAGE_GOOD, /* it is over */
};

/* A step, and the verdict after it: "clear", or "" where it is not told. */
struct message_step {
	const char *text;
	const char *then;
};

/* One way to mend the server. */
struct message_way {
	const struct message_step *steps;
	size_t n;
};

/*
 * An alert. Texts are one line each, harmless for any terminal, in UTF-8; "" where there is nothing
 * to say. Times are those of the reader, with UTC beside them.
 */
struct message_alert {
	enum message_tone tone;
	const char *name;      /* the server; "" of the collector's own ills */
	const char *server;    /* the same with its place: "EXCH1 (ACME/HQ)" */
	const char *state;     /* "failing", "cannot tell", "resolved" */
	const char *sentence;  /* "EXCH1 is failing, escalated from exposed" */
	const char *line;      /* in a list of many: "failing for 3 days, kim looks after it" */
	const char *effect;    /* what it means for mail */
	const char *since;     /* by the server's own log where that tells */
	const char *noticed;   /* when the collector knew, where that is another moment */
	const char *opened;    /* when the incident began, where it was something else then */
	const char *over;      /* when it was over, and how long it lasted */
	const char *why;       /* the reason that decides, and what shows it */
	const char *reason;    /* its first sentence */
	const char *remedy;    /* where there are no steps */
	const char *caretaker; /* who looks after it */
	const char *owner;     /* whose the server or its site is */
	const char *note;      /* what somebody wrote about it, and who */
	const char
		*page_url; /* the server's page, where it can be acknowledged and silenced, too */
	const struct message_way *ways;
	size_t n_ways;
};

/*
 * A line of a part: a fact, a site or an alert. The name says which, the text what is so. Only
 * alerts have a page; a fact that has one is the page of the worst alert, and its text is the same.
 */
struct message_line {
	enum message_tone tone;
	const char *name; /* "Fix", "ACME/HQ", "EXCH1 (ACME/HQ)" */
	const char *text; /* "on 96 of 300 servers", "1 failing, 3 exposed" */
	const char *more; /* a sentence below it, or "" */
	const char *page_url;
};

/* A part of a message of many groups. */
struct message_part {
	const char *title; /* "" of facts */
	const struct message_line *lines;
	size_t n;
	size_t more;  /* lines that are not among these */
	bool is_list; /* its lines are alerts */
};

/* The parts of a message of many groups: a storm, the first days of a fleet, a daily report. */
#define MESSAGE_MAX_PARTS 4
struct message_summary {
	const char *title; /* "Storm" */
	struct message_part parts[MESSAGE_MAX_PARTS];
	size_t n;
	const char *next; /* when more is told, in a sentence */
};

struct message {
	enum message_tone tone;
	const char *subject; /* "Failing: EXCH1 and 2 more (ACME/HQ), escalated from exposed" */
	const char *lead;    /* a sentence or two that say the same */
	const char *others;  /* its last sentence: "All at ACME/HQ: 1 failing, 1 exposed.", or "" */
	const char *place;   /* "ACME/HQ", or "" */
	const char *event;   /* what is new: "escalated from exposed" */
	const char *url;     /* of the list of all alerts, and the same there; "": not known */
	const struct message_alert *alerts; /* worst first, what is over last */
	size_t n;                           /* at least one, but where it is a summary */
	size_t more;                        /* alerts that are not listed */
	bool is_test;
	const struct message_summary *summary; /* NULL: it is of one group */
};

/*
 * Adds "and 20 more sites": what a part leaves out, and `cut` lines that the receiver's limits do.
 * Nothing where it has all.
 */
void message_add_rest(const struct message_part *part, size_t cut, struct buffer *out);

/* Everything lives in `arena`, or is of the notification; `zone` NULL: UTC. */
struct message message_of(const struct notification *notification, const struct time_zone *zone,
			  struct arena *arena);

/* A line of its own: "Since", and when. */
#define MESSAGE_MAX_FACTS 8
struct message_fact {
	const char *name;
	const char *value;
};

/* The facts that there are, in their order. Returns how many. */
size_t message_facts(const struct message_alert *alert, struct message_fact out[MESSAGE_MAX_FACTS]);

/* Is it something that a browser may be sent to? */
bool message_is_link(const char *url);

/* Adds it as plain text, in lines of at most MESSAGE_WIDTH columns where words allow that. */
#define MESSAGE_WIDTH 76
void message_write_text(const struct message *message, struct buffer *out);

/* Adds it as a page of HTML that needs nothing from elsewhere. */
void message_write_html(const struct message *message, struct buffer *out);
