/*
 * Sends a report to the collector over HTTP or HTTPS; the only user of libcurl in the agent.
 * Blocks, at most SEND_TIMEOUT_MS (where the system's resolver keeps to it), so it is called when
 * no probe is under way.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/status.h"

#define SEND_CONNECT_MS     10000
#define SEND_TIMEOUT_MS     20000
#define SEND_MAX_RETRY_S    3600 /* longest Retry-After that is obeyed */
#define SEND_MAX_ERROR_TEXT 512

struct sender;

struct send_options {
	const char *collector; /* "https://collector.example" */
	const char *ca_file;   /* certificates that vouch for it, PEM; NULL: the system's */
	bool (*stopped)(void); /* true ends a transfer within a second or so */
};

enum send_outcome {
	SEND_ACCEPTED, /* 200; `body` holds the answer */
	SEND_REFUSED,  /* 400, 409, 413, 422: this report never will be accepted */
	SEND_AWAY,     /* cannot be reached, or has no time for us now: keep it, try later */
	SEND_STOPPED,  /* the end was asked for */
};

struct send_result {
	enum send_outcome outcome;
	long http_status;                /* 0: there was no answer */
	char *body;                      /* of the answer, to be passed to free(); may be NULL */
	size_t size;                     /* of the body, at most ANSWER_MAX_BYTES */
	int64_t retry_s;                 /* what the collector asked for; 0: nothing */
	char error[SEND_MAX_ERROR_TEXT]; /* why not, in words, where there was no answer */
};

/* Is it a URL that reports can be sent to: http:// or https://, with a host? */
bool send_is_url(const char *url);

/*
 * Makes ready to send; the options' strings are copied.
 *
 * STATUS_INVALID  `collector` is no http:// or https:// URL
 * STATUS_SYSTEM   libcurl would not start
 */
enum status send_open(struct sender **out, const struct send_options *options);
void send_close(struct sender *sender);

/* Posts one report whose facts were collected `age_ms` ago. */
void send_report(struct sender *sender, const char *body, int64_t age_ms,
		 struct send_result *result);
