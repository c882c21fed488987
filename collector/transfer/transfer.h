/*
 * Requests that the collector makes of others, by libcurl: HTTP for webhooks, by its multi
 * interface on the loop; SMTP for mail, each on a thread of its own, for libcurl waits in the midst
 * of that. None blocks, each has a time limit, and what a peer answers is bounded. To be called by
 * the loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/transfer/transcript.h"

struct uv_loop_s; /* libuv: the event loop */

/* Bytes of an answer that are read unless the request says more; then it is cut, and has ended. */
#define TRANSFER_MAX_ANSWER ((size_t)16 * 1024)

/* Retry-After beyond this is cut. */
#define TRANSFER_MAX_RETRY_S 86400

/* Bytes of an answer's head; one with more is no answer. */
#define TRANSFER_MAX_HEAD ((size_t)256 * 1024)

#define TRANSFER_ERROR_SIZE    512
#define TRANSFER_MAX_FIELDS    16
#define TRANSFER_MAX_RECEIVERS 64

struct transfers;
struct transfer; /* one request under way */

/* TLS of mail on smtp://; smtps:// is TLS from the start. */
enum transfer_starttls {
	TRANSFER_STARTTLS_REQUIRED,
	TRANSFER_STARTTLS_OFFERED, /* where the server has it */
	TRANSFER_STARTTLS_NEVER,
};

/* Everything in it is copied. */
struct transfer_request {
	const char *url; /* http://, https://, smtp:// or smtps:// */
	uint64_t limit_ms;

	/* HTTP: the body with these fields ("Name: value"). */
	const char *method; /* NULL: POST */
	const char *fields[TRANSFER_MAX_FIELDS];
	size_t n_fields;

	/* SMTP: the body is the mail, headers and all. It goes to those whom the server takes. */
	const char *from; /* envelope; NULL: this is no mail */
	const char *receivers[TRANSFER_MAX_RECEIVERS];
	size_t n_receivers;
	enum transfer_starttls starttls;

	const char *body;
	size_t size;
	size_t max_answer; /* 0: TRANSFER_MAX_ANSWER */

	/* Each may be NULL. */
	const char *user;
	const char *password;
	const char *ca_file; /* vouches for the peer; NULL: the system's */
	const char *client_cert;
	const char *client_key;
	const char *proxy; /* NULL: none; the environment decides nothing */
	const char *proxy_user;
	const char *proxy_password;
	const char *body_secret; /* a token that the body has, which no text is to repeat */
	bool hides_url;          /* parts of the URL may be a token, which no text is to repeat */

	/* Shows what goes over the line, for people; NULL: nobody looks. */
	transcript_show *show;
	void *show_user;
};

struct transfer_result {
	long status;    /* of HTTP or SMTP; 0: there was no answer */
	bool completed; /* the exchange came to its end, whatever the status */
	bool unsent; /* no connection came about; false where the peer's certificate is at fault */
	int64_t retry_s;  /* what Retry-After says; 0: nothing */
	const char *body; /* the beginning of the answer, with a NUL behind it */
			  /* Body and error are without what is secret of the request. */
	size_t size;
	bool is_cut;       /* there was more of it */
	const char *link;  /* its first Link field, or NULL */
	const char *error; /* why it did not come to its end, in words; NULL: it did */
};

typedef void transfer_done(void *user, const struct transfer_result *result);

/* NULL: libcurl would not start, which only lack of memory explains. */
struct transfers *transfers_new(struct uv_loop_s *loop);

/*
 * Cancels what is under way, whose `done` does not run; the handles close a little later. Legal
 * from a `done` too.
 */
void transfers_close(struct transfers *transfers);

/* `done` runs once, from the loop, never from this call. */
struct transfer *transfer_start(struct transfers *transfers, const struct transfer_request *request,
				transfer_done *done, void *user);

/* Ends it now, a mail within a second or two; `done` does not run. */
void transfer_cancel(struct transfer *transfer);
