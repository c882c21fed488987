/*
 * Calls of a collector that runs, from the terminal: `import`, `decommission` and what asks for
 * servers. The token is never an argument, which every user of the machine sees; it never leaves
 * the machine unencrypted. What the options leave open comes from collector/cli/client_config.h.
 */
#pragma once

#include <stddef.h>

#include "collector/cli/arguments.h"

#define API_CLIENT_DEFAULT_URL "http://127.0.0.1:8285"

/* Bytes of an answer, the longest list. */
#define API_CLIENT_MAX_ANSWER ((size_t)256 * 1024 * 1024)

/* How long a call may take; a collector that starts or whose disk is slow answers late. */
#define API_CLIENT_LIMIT_MS 120000

/* Bytes of a token file. */
#define API_CLIENT_MAX_TOKEN 512

/* What the command line says; each may be NULL. */
struct api_client_options {
	const char *url; /* or several, as of collector/cli/collector_urls.h */
	const char *token_file;
	const char *ca_file;
	const char *token; /* itself, which is no option; NULL: as the others */
};

#define API_CLIENT_N_OPTIONS 3
#define API_CLIENT_OPTIONS(o)                                                                      \
	{ "url", "URL[,URL]", &(o)->url, 1, 0 }, { "token-file", "FILE", &(o)->token_file, 1, 0 }, \
	{                                                                                          \
		"ca-file", "FILE", &(o)->ca_file, 1, 0                                             \
	}
#define API_CLIENT_HELP                                                                            \
	"  --url URL[,URL]    of the collector; of several the one that judges is asked\n"         \
	"  --token-file FILE  with a token, such as `mtawatch-collector token add` makes\n"        \
	"  --ca-file FILE     that vouches for its certificate\n"                                  \
	"\n"                                                                                       \
	"Not given they are MTAWATCH_URL, MTAWATCH_TOKEN or MTAWATCH_TOKEN_FILE, and\n"            \
	"MTAWATCH_CA_FILE of the environment; else what `mtawatch-collector login` keeps; "        \
	"else\n" API_CLIENT_DEFAULT_URL " and the system's authorities.\n"

struct api_client;

/* Returns an exit status; unless that is TERMINAL_EXIT_OK standard error says why. */
int api_client_open(struct api_client **out, const struct api_client_options *options);

/* NULL is allowed. */
void api_client_close(struct api_client *client);

struct api_client_call {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *path;   /* with its query, behind the URL: "/v1/servers?limit=3" */
	const char *type;   /* Content-Type of the body */
	const char *body;
	size_t size;
	const char *accept; /* NULL: JSON */
};

/* Lives until api_client_forget(). */
struct api_client_answer {
	const char *body; /* with a NUL behind it */
	size_t size;
	const char *next; /* the path of the next page, as its Link field gives it; NULL: no more */
};

enum api_client_result {
	API_CLIENT_OK,      /* 2xx */
	API_CLIENT_REFUSED, /* `error`: in the collector's words; another call may do better */
	API_CLIENT_FAILED,  /* `error`: cannot be reached, does not know us, or cannot answer now */
};

/*
 * Waits for the answer. Of several collectors the next is asked where one stands by or no
 * connection comes about; what one has answered, or may have carried out, stands. `*error` is set
 * unless all is well, and lives as the answer.
 */
enum api_client_result api_client_call(struct api_client *client,
				       const struct api_client_call *call,
				       struct api_client_answer *answer, const char **error);

/* The collector that answered last, or would be asked; lives as the client. */
const char *api_client_url(const struct api_client *client);

/* `text` percent-encoded, as a part of a path or of a query; lives as an answer. */
const char *api_client_escape(struct api_client *client, const char *text);

/* Frees what the calls until now have given. */
void api_client_forget(struct api_client *client);
