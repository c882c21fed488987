/*
 * One HTTP request to a collector, over HTTPS or HTTP, straight or through a proxy; with
 * agent/https/dial.c the only user of libcurl in the agent. Blocks, at most SEND_TIMEOUT_MS where
 * the system's resolver keeps to it, so it belongs on a thread that nothing waits for
 * (agent/uplink/uplink.h).
 *
 * Whom we talk to is settled by certificates (`ca_file`, else the system's where it has some) or by
 * the public key itself: with `pins` one of these keys has to be the collector's, and what its
 * certificate says besides is not looked at. Both may be given; then both must be right.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

#define SEND_CONNECT_MS     10000
#define SEND_TIMEOUT_MS     20000
#define SEND_MAX_PINS       2
#define SEND_MAX_RETRY_S    3600 /* longest Retry-After that is obeyed */
#define SEND_MAX_ERROR_TEXT 2048
#define SEND_MAX_TYPE       64
#define SEND_MAX_ANSWER     262144 /* bytes of its body */

struct sender;

/* Texts are NULL where there is none. */
struct send_options {
	const char *ca_file;             /* certificates that vouch for the collector, PEM */
	const char *pins[SEND_MAX_PINS]; /* "sha256//BASE64": its public key is one of these */
	size_t n_pins;
	const char *client_cert; /* our certificate and its private key, PEM */
	const char *client_key;
	const char *proxy;               /* "http://proxy:3128" */
	const char *proxy_user;          /* for a proxy that asks who we are */
	const char *proxy_password_file; /* holds the password of that user */
	bool allow_plain;                /* secrets may go over http:// to another machine */
	bool (*stopped)(void *user); /* true ends a transfer within a second or so; may be NULL */
	void *user;
};

enum send_method { SEND_GET, SEND_POST, SEND_DELETE };

struct send_request {
	enum send_method method;
	const char *collector;     /* "https://collector.example" */
	const char *path;          /* "/v1/reports" */
	const char *body;          /* JSON; NULL: none */
	const char *authorization; /* "Bearer ..."; NULL: none */
	bool has_secret;           /* the body holds one; an authorization is one, too */
	int64_t age_ms;            /* of the report in the body; below 0: it is none */
};

enum send_outcome {
	SEND_ANSWERED, /* `http_status` and `body` tell what */
	SEND_FAILED,   /* there was no answer; `error` tells why */
	SEND_STOPPED,  /* the end was asked for */
};

struct send_result {
	enum send_outcome outcome;
	long http_status;                 /* 0: there was no answer */
	char *body;                       /* of the answer, to be passed to free(); may be NULL */
	size_t size;                      /* of the body, at most SEND_MAX_ANSWER */
	char content_type[SEND_MAX_TYPE]; /* of the body, cut short; "": it was not told */
	int64_t retry_s;                  /* what the collector asked for; 0: nothing */
	int64_t date_ms;                  /* its clock; TIMESTAMP_NONE: it did not tell */
	bool tls_trouble;                 /* the failure came while TLS was agreed on */
	char error[SEND_MAX_ERROR_TEXT];  /* why not, in words, where there was no answer */
};

/* Is it a URL that requests can be sent to: http:// or https://, with a host? */
bool send_is_url(const char *url);

/* The certificates that vouch where no CA file is set; NULL: this build of libcurl has none. */
const char *send_default_ca_file(void);

/* Does libcurl's TLS take a CA file in DER? OpenSSL's does not. */
bool send_takes_der(void);

/*
 * Can a certificate be for an IP address? mbedTLS 2.28, which is libcurl's TLS on Windows, looks at
 * the DNS names alone.
 */
bool send_verifies_addresses(void);

/* The options with texts of their own, in `arena`. */
struct send_options send_copy_options(const struct send_options *options, struct arena *arena);

/*
 * Makes ready to send; the options' strings are copied.
 *
 * STATUS_SYSTEM  libcurl would not start
 */
enum status send_open(struct sender **out, const struct send_options *options);
void send_close(struct sender *sender);

/*
 * Sends a request, and waits for the answer. One with a secret that others on the way could read is
 * SEND_FAILED unless the options allow that.
 */
void send_do(struct sender *sender, const struct send_request *request, struct send_result *result);
