/*
 * Members of a JSON object, read strictly into C variables: the right type, an allowed value,
 * within a limit, or an error that names the member by its JSON pointer.
 *
 * A reading remembers its first failure; after that the calls do nothing, so a decoder reads a
 * whole structure and looks at `status` once, at the end. A member that is absent leaves its
 * variable as it was. `null` is no absence but a value of the wrong type, unless asked for.
 *
 *   static void read_file(struct json_reading *in, const struct json_place *at, void *item)
 *   {
 *           struct report_file *file = item;
 *           json_get_text(in, at, "name", &file->name);
 *           json_get_integer(in, at, "size", 0, JSON_MAX_INTEGER, &file->size);
 *   }
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/json/check.h"
#include "proto/json/error.h"

/* Integers beyond are not told apart by every JSON reader (RFC 8259 section 6, RFC 7493 2.2). */
#define JSON_MAX_INTEGER INT64_C(9007199254740991)

/* Bytes of a name in a struct json_member: it is compared as one word. */
#define JSON_MEMBER_NAME 8

struct json_reading {
	enum status status;      /* first failure, or STATUS_OK */
	struct json_error error; /* of that failure */
	bool null_is_absent;     /* else it is a value of the wrong type; set after begin */

	/* Private. */
	struct arena *arena; /* gets the text and the arrays */
	char *text;          /* the arena's copy, whose strings become C strings one by one */
	size_t max_string;   /* bytes of a string */
	struct json_node *nodes;
	const struct json_node
		*next; /* the member that will be asked for, probably, of this object */
	const struct json_node *next_of;
};

/* A value and the way to it. The outermost one has no parent. */
struct json_place {
	const struct json_place *parent;
	const char *name; /* of the member, or NULL for an element: then `index` */
	size_t index;
	const struct json_node *value;
};

/* Fills one element of a list from the object at `at`. */
typedef void json_read_item(struct json_reading *in, const struct json_place *at, void *item);

/*
 * Parses a text, of which the arena gets a copy; `*root` becomes its outermost value. After it
 * comes json_end, whatever the status.
 *
 * STATUS_MALFORMED, STATUS_LIMIT, STATUS_INVALID  as json_check; the place is in `error.detail`
 * STATUS_INVALID                                  it is no object
 */
enum status json_begin(struct json_reading *in, const char *text, size_t size, size_t max_string,
		       struct arena *arena, struct json_place *root);
void json_end(struct json_reading *in);

/* Notes a failure at the member `name` of `at` (NULL: at `at` itself), unless there is one. */
void json_refuse(struct json_reading *in, const struct json_place *at, const char *name,
		 enum status status, const char *detail);

/* Refuses a text that is none of those that the member may have. */
void json_refuse_choice(struct json_reading *in, const struct json_place *at, const char *name);

/* STATUS_INVALID at that member if it is absent. */
void json_require(struct json_reading *in, const struct json_place *at, const char *name);

/* Is there an object of that name? Then `*out` is its place, valid as long as `at` is. */
bool json_get_object(struct json_reading *in, const struct json_place *at, const char *name,
		     struct json_place *out);

/* A string, which is in the arena; STATUS_LIMIT if it is longer than `max_string`. */
void json_get_text(struct json_reading *in, const struct json_place *at, const char *name,
		   const char **out);

/* A string that is not empty. */
void json_get_name(struct json_reading *in, const struct json_place *at, const char *name,
		   const char **out);

/*
 * The string if it is there and right, for values that are read further; otherwise NULL. It is in
 * the arena.
 */
const char *json_borrow_text(struct json_reading *in, const struct json_place *at,
			     const char *name);

/* An integral number from `min` to `max`. */
void json_get_integer(struct json_reading *in, const struct json_place *at, const char *name,
		      int64_t min, int64_t max, int64_t *out);

/* Returns whether the member is there, and right. */
bool json_get_bool(struct json_reading *in, const struct json_place *at, const char *name,
		   bool *out);

/* RFC 3339, as milliseconds, within the years 0 to 9999 in UTC so that it can be written again. */
void json_get_time(struct json_reading *in, const struct json_place *at, const char *name,
		   int64_t *out);

/* An array of strings. */
void json_get_texts(struct json_reading *in, const struct json_place *at, const char *name,
		    const char ***out, size_t *n);

/* Understands a text of an item; false: a value that is not allowed. */
typedef bool json_choose(const char *text, void *item);

/* A member of an object and where it goes in the item that is read from it. */
struct json_member {
	char name[JSON_MEMBER_NAME + 1];
	enum {
		JSON_MEMBER_TEXT,   /* as json_get_text(): a const char * at `offset` */
		JSON_MEMBER_COUNT,  /* an int64_t at `offset`, from 0 to JSON_MAX_INTEGER */
		JSON_MEMBER_CHOICE, /* a text for `choose` */
	} kind;
	size_t offset;
	json_choose *choose;
};

/*
 * The members of the object at `at`, those of the table that are there; for objects of which a text
 * has very many. Quickest where they stand in the order of the table.
 */
void json_read_members(struct json_reading *in, const struct json_place *at,
		       const struct json_member *table, size_t n, void *item);

/*
 * An array of at most `max` objects (STATUS_LIMIT), each read by `read_item` into one of `*n`
 * zeroed elements of `size` bytes. Returns the array (NULL where it is empty or absent); `*there`
 * tells whether the member is there, NULL if nobody wants to know.
 */
void *json_get_list(struct json_reading *in, const struct json_place *at, const char *name,
		    size_t max, size_t size, json_read_item *read_item, size_t *n, bool *there);

/* Sees an object of an array at its place. */
typedef void json_visit(struct json_reading *in, const struct json_place *at, void *user);

/* Visits each object of an array; returns how many there are. */
size_t json_each(struct json_reading *in, const struct json_place *at, const char *name, size_t max,
		 json_visit *visit, void *user, bool *there);
