/*
 * What the commands share that show what a running collector knows: servers, server, sites, matrix,
 * alerts. Each makes a call of its API and prints the answer: a table for people, or with --json as
 * it came. Of a list it asks for page after page and prints each before the next, so that a hundred
 * thousand rows take no more memory than a thousand.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/cli/api_client.h"
#include "collector/cli/arguments.h"
#include "collector/cli/table.h"
#include "proto/base/arena.h"
#include "proto/json/fields.h"

/* Exit statuses by the worst that is shown; 1 and 2 as everywhere. */
#define SHOW_EXIT_CONCERN 3 /* at risk, cannot tell, not monitored, silent */
#define SHOW_EXIT_EXPOSED 4
#define SHOW_EXIT_FAILING 5

#define SHOW_HELP                                                                                  \
	"  --json             print the collector's answer, for programs\n"                        \
	"  --no-color         no colours (as with the variable NO_COLOR)\n" API_CLIENT_HELP "\n"   \
	"The token's role is viewer or more. Exit status by the worst that is shown: 0 all is\n"   \
	"well, 3 at risk, cannot tell, not monitored or silent, 4 exposed, 5 failing; 1 the\n"     \
	"collector could not be asked, 2 wrong usage.\n"

/* Texts of an answer are not longer: limits of a report, and a remedy that lists many paths. */
#define SHOW_MAX_TEXT  ((size_t)1024 * 1024)
#define SHOW_MAX_ITEMS 1000000

struct show {
	struct api_client *client;
	struct arena arena; /* of what is shown */
	size_t width;
	bool color;
	bool json;
	int worst; /* exit status by what was shown until now */
	bool is_past;
	int64_t at_ms; /* then the moment of which is told */
};

/* What its arguments say, beside those of the command. */
struct show_options {
	struct api_client_options client;
	const char *json;
	const char *no_color;
};
#define SHOW_N_OPTIONS (API_CLIENT_N_OPTIONS + 2)
#define SHOW_OPTIONS(o)                                                                            \
	API_CLIENT_OPTIONS(&(o)->client), { "json", NULL, &(o)->json, 1, 0 },                      \
	{                                                                                          \
		"no-color", NULL, &(o)->no_color, 1, 0                                             \
	}

/*
 * Asks for `path` and lets `print` show the answer, which is read as a JSON object; an array is its
 * member "items". Returns an exit status. The options are those of the command line, read already.
 */
typedef void show_print(struct show *show, struct json_reading *in, const struct json_place *root,
			void *user);
int show_run(const struct show_options *options, const char *path, show_print *print, void *user);

/*
 * Where the answer is one of the past (at=), prints that it is, of which moment, when something
 * changed before and after it, and what is not kept any more; ages are those of then from now on.
 */
void show_past(struct show *show, struct json_reading *in, const struct json_place *root);

/* The option of the commands that may show it, and what their help says. */
#define SHOW_AT(value)                                                                             \
	{                                                                                          \
		"at", "TIME", value, 1, 0                                                          \
	}
#define SHOW_AT_HELP                                                                               \
	"  --at TIME          as it was known at that moment, such as 2026-11-22T10:45:23Z: "      \
	"from\n"                                                                                   \
	"                     the history and the kept reports\n"

/* The path, asked of the moment `at`; NULL: of now. */
const char *show_path_at(const char *path, const char *at, struct arena *arena);

/* What is shown of an object of an answer: the text of a cell, NULL: nothing. */
typedef const char *show_make(struct show *show, struct json_reading *in,
			      const struct json_place *at);

/* How a member is shown. */
enum show_kind {
	SHOW_TEXT,
	SHOW_NAME,   /* a text that stays whole while others can be cut */
	SHOW_NUMBER, /* not 0 */
	SHOW_TIME,
	SHOW_SINCE, /* a time, as what has passed since */
	SHOW_AGE,   /* seconds */
	SHOW_WORD,  /* a verdict or a condition */
	SHOW_ERROR, /* of a probe */
};

/* A column of a table, or a line, and the member that it shows. */
struct show_column {
	const char *heading;
	const char *member; /* "text", or "acknowledged.by" of an object in it */
	enum show_kind kind;
	show_make *make; /* NULL: as the kind says */
};

const char *show_cell(struct show *show, struct json_reading *in, const struct json_place *at,
		      const struct show_column *column);

/* A table of the objects of an array. */
struct show_table {
	const struct show_column *columns;
	size_t n_columns;
	/* How a row looks, of which may be noted how bad it is (show_note()); NULL: plain. */
	enum tint (*tint)(struct show *show, struct json_reading *in, const struct json_place *at);
};

/* The first line of the table that the headings make. */
void show_headings(struct show *show, const struct show_table *of, struct table *table);

/* Adds a row of an object. */
void show_row(struct show *show, struct json_reading *in, const struct json_place *at,
	      const struct show_table *of, struct table *table);

/* Adds the rows of the array `member`; as json_each(). */
size_t show_rows(struct show *show, struct json_reading *in, const struct json_place *at,
		 const char *member, const struct show_table *of, struct table *table, bool *there);

/* A list that comes in pages. */
struct show_list {
	const char *path;   /* with a query; its limit is set here */
	const char *member; /* the array of the answer */
	size_t most;        /* rows that are wanted; 0: all */
	const struct show_table *table;
	const char *none; /* said on standard error where there is no row; NULL: nothing */
};

/* As show_run(). With --json the pages become one answer: that of the first with all rows. */
int show_pages(const struct show_options *options, const struct show_list *list);

/*
 * For show_run() and show_pages(): the connection, and the answer to one call. Both return an exit
 * status; show_close() is due either way.
 */
int show_open(struct show *show, const struct show_options *options);
int show_ask(struct show *show, const char *path, struct api_client_answer *answer);
int show_call(struct show *show, const struct api_client_call *call,
	      struct api_client_answer *answer);

/* As show_open() without a connection, for what is known here already. */
void show_open_local(struct show *show, const struct show_options *options);

/* Lets `print` show a text as that of an answer; returns an exit status. */
int show_text(struct show *show, const char *text, size_t size, show_print *print, void *user);
void show_close(struct show *show);

/* Everything is printed; returns an exit status, by what was shown where it could be. */
int show_end(const struct show *show);

/* The answer cannot be read; returns an exit status. */
int show_refuse(const struct json_reading *in);

/* `text` as a part of a path or a query, in `arena`. */
const char *show_escape(const char *text, struct arena *arena);

/* Notes that something of that verdict, alert condition or word of ours is shown; its tint. */
enum tint show_note(struct show *show, const char *verdict, bool silent);

/* What ended a probe, by its name on the wire, in words; NULL stays NULL. */
const char *show_error(const char *name);

/* "exposed", "clear, silent"; what is shown of a verdict. */
const char *show_verdict(struct show *show, const char *verdict, bool silent);

/* The verdict of a server object, "" where there is none, and whether the server is silent. */
const char *show_get_verdict(struct json_reading *in, const struct json_place *at, bool *silent);

/* Cells of a server object: its verdict in words, and the reason that decides. */
show_make show_server_verdict;
show_make show_server_reason;
