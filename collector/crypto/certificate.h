/*
 * X.509 certificates (RFC 5280) in PEM files: makes a certificate authority for the agents of one
 * organisation and a server certificate that it signs, and reads what a certificate says.
 *
 * Keys are ECDSA P-256, which mbedTLS on Windows NT 4.0 knows and which signs in a tenth of the
 * time of RSA-2048. Keys are never replaced and are readable by their owner only: a pin names the
 * key, so that a new certificate for the same key keeps every agent's pin valid.
 *
 * Does not use the network, keeps nothing. `error` says what was tried, on which file, and why it
 * failed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"

#define CERTIFICATE_ERROR_SIZE 512

/* Names and addresses in one server certificate. */
#define CERTIFICATE_MAX_NAMES 32

/* ub-common-name of RFC 5280, appendix A.1. */
#define CERTIFICATE_MAX_CA_NAME 64

/* Characters of a DNS name (RFC 1035, 2.3.4), and of the name of a subject as we show it. */
#define CERTIFICATE_MAX_DNS_NAME 253
#define CERTIFICATE_NAME_SIZE    256

/*
 * How long what is made here is valid. It begins a day early, for machines whose clocks are slow. A
 * server certificate may be made again at any time; nobody has to visit an agent for it.
 */
#define CERTIFICATE_CA_DAYS     3650
#define CERTIFICATE_SERVER_DAYS 825
#define CERTIFICATE_EARLY_DAYS  1

/* Days before the end of a certificate from which on that is a concern. */
#define CERTIFICATE_WARN_DAYS 30

/* "sha256//" and 44 characters of Base64, and the NUL. */
#define CERTIFICATE_PIN_SIZE 53

/* Where a certificate is and where its key is; both PEM. */
struct certificate_files {
	const char *certificate;
	const char *key;
};

struct certificate_info {
	char subject[CERTIFICATE_NAME_SIZE]; /* RFC 2253: "CN=mail.example.com,O=..."; for people */
	char issuer[CERTIFICATE_NAME_SIZE];
	int64_t not_before_ms; /* since 1970-01-01T00:00:00Z */
	int64_t not_after_ms;
	char pin[CERTIFICATE_PIN_SIZE]; /* certificate_pin() */
};

/*
 * Makes a certificate authority called `name`, which may sign certificates of servers and nothing
 * below. `now_ms` is the wall clock. Never overwrites anything.
 *
 * STATUS_INVALID   `name` is empty or longer than CERTIFICATE_MAX_CA_NAME
 * STATUS_CONFLICT  one of the files is there already
 * STATUS_DENIED, STATUS_FULL, STATUS_SYSTEM  a file could not be written
 */
enum status certificate_make_ca(const struct certificate_files *ca, const char *name,
				int64_t now_ms, char error[CERTIFICATE_ERROR_SIZE]);

/*
 * Makes or renews a server certificate, signed by `ca`, for `names`: each a DNS name (one label may
 * be enough; "*." may begin it) or an IP address. The key is made only if its file is not there.
 * The file of the certificate holds the CA's certificate behind the server's own.
 *
 * STATUS_INVALID    no name, or one that is neither; the files of the CA do not belong together
 * STATUS_LIMIT      more than CERTIFICATE_MAX_NAMES of them
 * STATUS_NOT_FOUND, STATUS_DENIED, STATUS_MALFORMED  a file could not be read, or is no PEM of its
 *                   kind
 * STATUS_UNSUPPORTED  a key is protected by a passphrase
 * STATUS_FULL, STATUS_SYSTEM  a file could not be written
 */
enum status certificate_make_server(const struct certificate_files *server,
				    const struct certificate_files *ca, const char *const *names,
				    size_t n_names, int64_t now_ms,
				    char error[CERTIFICATE_ERROR_SIZE]);

/*
 * Reads the first certificate of a file.
 *
 * STATUS_NOT_FOUND, STATUS_DENIED, STATUS_SYSTEM  it could not be read
 * STATUS_MALFORMED  it holds no certificate in PEM form
 */
enum status certificate_read(const char *path, struct certificate_info *out,
			     char error[CERTIFICATE_ERROR_SIZE]);

/*
 * Is the first certificate of a file for that name or address?
 *
 * As certificate_read()
 */
enum status certificate_is_for(const char *path, const char *name, bool *out,
			       char error[CERTIFICATE_ERROR_SIZE]);

enum certificate_concern {
	CERTIFICATE_CONCERN_NONE,
	CERTIFICATE_CONCERN_SOON,    /* it ends within CERTIFICATE_WARN_DAYS */
	CERTIFICATE_CONCERN_INVALID, /* it has ended, or not yet begun */
};

/* A warning about a certificate's dates; `text` is empty where there is none. */
enum certificate_concern certificate_check(const struct certificate_info *info, int64_t now_ms,
					   char text[CERTIFICATE_ERROR_SIZE]);
