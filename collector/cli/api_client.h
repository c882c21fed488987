/*
 * Calls of a collector that runs, from the terminal: `import`, `decommission` and what asks for
 * servers. The token comes from a file, for every user of the machine sees arguments; it never
 * leaves the machine unencrypted.
 */
#pragma once

#include <stddef.h>

#include "collector/cli/arguments.h"

#define REMOTE_DEFAULT_URL "http://127.0.0.1:8285"

/* Bytes of an answer, the longest list. */
#define REMOTE_MAX_ANSWER ((size_t)256 * 1024 * 1024)

/* How long a call may take; a collector that starts or whose disk is slow answers late. */
#define REMOTE_LIMIT_MS 120000

/* Bytes of a token file. */
#define REMOTE_MAX_TOKEN 512

/* What the command line says; each may be NULL. */
struct remote_options {
	const char *url;
	const char *token_file;
	const char *ca_file;
};

#define REMOTE_N_OPTIONS 3
#define REMOTE_OPTIONS(o)                                                                          \
	{ "url", "URL", &(o)->url, 1, 0 }, { "token-file", "FILE", &(o)->token_file, 1, 0 },       \
	{                                                                                          \
		"ca-file", "FILE", &(o)->ca_file, 1, 0                                             \
	}
#define REMOTE_HELP                                                                                \
	"  --url URL          of the collector; default " REMOTE_DEFAULT_URL "\n"                  \
	"  --token-file FILE  with a token, such as `mtawatch-collector token add` makes\n"        \
	"  --ca-file FILE     that vouches for its certificate; default: the system's\n"

struct remote;

/* Returns an exit status; unless that is TERMINAL_EXIT_OK standard error says why. */
int remote_open(struct remote **out, const struct remote_options *options);

/* NULL is allowed. */
void remote_close(struct remote *remote);

struct remote_call {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *path;   /* with its query, behind the URL: "/v1/servers?limit=3" */
	const char *type;   /* Content-Type of the body */
	const char *body;
	size_t size;
	const char *accept; /* NULL: JSON */
};

/* Lives until remote_forget(). */
struct remote_answer {
	const char *body; /* with a NUL behind it */
	size_t size;
	const char *next; /* the path of the next page, as its Link field gives it; NULL: no more */
};

enum remote_result {
	REMOTE_OK,      /* 2xx */
	REMOTE_REFUSED, /* `error`: in the collector's words; another call may do better */
	REMOTE_FAILED,  /* `error`: cannot be reached, does not know us, or cannot answer now */
};

/* Waits for the answer. `*error` is set unless all is well, and lives as the answer. */
enum remote_result remote_call(struct remote *remote, const struct remote_call *call,
			       struct remote_answer *answer, const char **error);

/* `text` percent-encoded, as a part of a path or of a query; lives as an answer. */
const char *remote_escape(struct remote *remote, const char *text);

/* Frees what the calls until now have given. */
void remote_forget(struct remote *remote);
