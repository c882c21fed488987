#include "proto/json/fields.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/timestamp.h"

/* Any number of so many digits is below JSON_MAX_INTEGER. */
#define PLAIN_DIGITS 15

/* Appends the way to `place` to `text`, outermost first. Names of ours need no escapes. */
static size_t put_pointer(const struct json_place *place, char *text, size_t size)
{
	if (!place->parent)
		return 0;
	size_t at = put_pointer(place->parent, text, size);
	int n = place->name ? snprintf(text + at, size - at, "/%s", place->name)
			    : snprintf(text + at, size - at, "/%lu", (unsigned long)place->index);
	return n < 0 || (size_t)n >= size - at ? size - 1 : at + (size_t)n;
}

static void refuse_place(struct json_reading *in, const struct json_place *place,
			 enum status status, const char *detail)
{
	if (in->status != STATUS_OK)
		return;
	in->status = status;
	in->error.pointer[0] = '\0';
	put_pointer(place, in->error.pointer, sizeof in->error.pointer);
	snprintf(in->error.detail, sizeof in->error.detail, "%s", detail);
}

void json_refuse(struct json_reading *in, const struct json_place *at, const char *name,
		 enum status status, const char *detail)
{
	const struct json_place member = { .parent = at, .name = name };
	refuse_place(in, name ? &member : at, status, detail);
}

static bool may_have(const struct json_node *object, const char *name)
{
	const struct json_quoted wanted = { .text = name, .size = (uint32_t)strlen(name) };
	return (object->name_bits & json_quoted_bits(&wanted)) != 0;
}

/* The member of that name of an object that has some, in whatever order they are. */
static const struct json_node *search(const struct json_node *object, const char *name)
{
	const struct json_node *end = object + object->span;

	if (!may_have(object, name))
		return NULL;
	for (const struct json_node *member = object + 1; member < end; member += member->span) {
		if (json_quoted_is(&member->name, name))
			return member;
	}
	return NULL;
}

/*
 * The member, NULL where it is absent or something has failed. Members are asked for in the order
 * in which agents write them, so it is most often the one behind that which was found last.
 */
static const struct json_node *look_for(const struct json_reading *in, const struct json_place *at,
					const char *name)
{
	const struct json_node *object = at->value;
	const struct json_node *member = in->next;

	if (in->status != STATUS_OK || !object || object->span == 1)
		return NULL;
	if (in->next_of != object)
		member = object + 1;
	if (!json_quoted_is(&member->name, name))
		member = search(object, name);
	return member && in->null_is_absent && member->kind == JSON_NULL ? NULL : member;
}

/* Finds a member of which there is nothing more to ask. */
static const struct json_node *find(struct json_reading *in, const struct json_place *at,
				    const char *name)
{
	const struct json_node *object = at->value;
	const struct json_node *member = look_for(in, at, name);

	if (!member)
		return NULL;
	bool is_last = member + member->span == object + object->span;
	in->next = is_last ? object + 1 : member + member->span;
	in->next_of = object;
	return member;
}

enum status json_begin(struct json_reading *in, const char *text, size_t size, size_t max_string,
		       struct arena *arena, struct json_place *root)
{
	struct json_fault fault = { 0 };

	*in = (struct json_reading){ .arena = arena, .max_string = max_string };
	*root = (struct json_place){ 0 };
	in->text = json_pad(text, size, arena);
	in->status = json_parse(in->text, size, &in->nodes, &fault);
	if (in->status != STATUS_OK) {
		snprintf(in->error.detail, sizeof in->error.detail, "line %lu, column %lu: %s",
			 (unsigned long)fault.line, (unsigned long)fault.column, fault.what);
		return in->status;
	}
	root->value = in->nodes;
	if (root->value->kind != JSON_OBJECT)
		refuse_place(in, root, STATUS_INVALID, "expected an object");
	return in->status;
}

void json_end(struct json_reading *in)
{
	free(in->nodes);
}

void json_require(struct json_reading *in, const struct json_place *at, const char *name)
{
	if (in->status == STATUS_OK && !look_for(in, at, name))
		json_refuse(in, at, name, STATUS_INVALID, "is missing");
}

bool json_get_object(struct json_reading *in, const struct json_place *at, const char *name,
		     struct json_place *out)
{
	const struct json_node *value = find(in, at, name);
	if (!value)
		return false;
	*out = (struct json_place){ .parent = at, .name = name, .value = value };
	if (value->kind != JSON_OBJECT)
		refuse_place(in, out, STATUS_INVALID, "expected an object");
	return in->status == STATUS_OK;
}

/* A string with escapes, which are longer than what they stand for; NULL where it is too long. */
static const char *get_escaped(struct json_reading *in, const struct json_quoted *quoted)
{
	const char *text = json_quoted_copy(quoted, in->arena);
	return strlen(text) > in->max_string ? NULL : text;
}

/*
 * The string that a value is, as a C string in the arena, NULL where it is none or too long. Most
 * become one where they stand, their closing quote the NUL.
 */
static inline const char *get_string(struct json_reading *in, const struct json_node *value)
{
	const struct json_quoted *quoted = &value->text;

	if (value->kind != JSON_STRING)
		return NULL;
	if (quoted->escaped)
		return get_escaped(in, quoted);
	if (quoted->size > in->max_string)
		return NULL;
	size_t end = (size_t)(quoted->text - in->text) + quoted->size;
	in->text[end] = '\0';
	return quoted->text;
}

static void refuse_string(struct json_reading *in, const struct json_place *place)
{
	char detail[64];

	if (place->value->kind != JSON_STRING) {
		refuse_place(in, place, STATUS_INVALID, "expected a string");
		return;
	}
	snprintf(detail, sizeof detail, "expected a string of at most %lu bytes",
		 (unsigned long)in->max_string);
	refuse_place(in, place, STATUS_LIMIT, detail);
}

/* `value` is that of the member `name`. */
static inline const char *get_text(struct json_reading *in, const struct json_place *at,
				   const char *name, const struct json_node *value)
{
	const char *text = get_string(in, value);
	if (!text) {
		const struct json_place place = { .parent = at, .name = name, .value = value };
		refuse_string(in, &place);
	}
	return text;
}

const char *json_borrow_text(struct json_reading *in, const struct json_place *at, const char *name)
{
	const struct json_node *value = find(in, at, name);
	return value ? get_text(in, at, name, value) : NULL;
}

void json_get_text(struct json_reading *in, const struct json_place *at, const char *name,
		   const char **out)
{
	const char *text = json_borrow_text(in, at, name);
	if (text)
		*out = text;
}

void json_get_name(struct json_reading *in, const struct json_place *at, const char *name,
		   const char **out)
{
	const char *text = json_borrow_text(in, at, name);
	if (text && *text == '\0')
		json_refuse(in, at, name, STATUS_INVALID, "expected a string that is not empty");
	else if (text)
		*out = text;
}

/* Most numbers are a few digits. Returns whether this one is. */
static bool read_digits(const struct json_quoted *text, int64_t *out)
{
	int64_t number = 0;

	if (text->size > PLAIN_DIGITS)
		return false;
	for (uint32_t i = 0; i < text->size; i++) {
		if (text->text[i] < '0' || text->text[i] > '9')
			return false;
		number = number * 10 + (text->text[i] - '0');
	}
	*out = number;
	return true;
}

/* Returns whether it is integral and a double says so exactly: "-12", but also "1.2e1". */
static bool read_double(const struct json_quoted *quoted, int64_t *out)
{
	char text[JSON_MAX_NUMBER + 1] = "";

	memcpy(text, quoted->text, quoted->size); /* at most JSON_MAX_NUMBER */
	double number = strtod(text, NULL);
	if (number < -(double)JSON_MAX_INTEGER || number > (double)JSON_MAX_INTEGER)
		return false;
	*out = (int64_t)number;
	return (double)*out == number;
}

static bool read_integer(const struct json_node *value, int64_t *out)
{
	return value->kind == JSON_NUMBER &&
	       (read_digits(&value->text, out) || read_double(&value->text, out));
}

static void refuse_integer(struct json_reading *in, const struct json_place *at, const char *name,
			   int64_t min, int64_t max)
{
	char detail[96];

	snprintf(detail, sizeof detail, "expected an integer from %lld to %lld", (long long)min,
		 (long long)max);
	json_refuse(in, at, name, STATUS_INVALID, detail);
}

/* `value` is that of the member `name`. */
static inline void get_integer(struct json_reading *in, const struct json_place *at,
			       const char *name, const struct json_node *value, int64_t min,
			       int64_t max, int64_t *out)
{
	int64_t number;

	if (read_integer(value, &number) && number >= min && number <= max)
		*out = number;
	else
		refuse_integer(in, at, name, min, max);
}

void json_get_integer(struct json_reading *in, const struct json_place *at, const char *name,
		      int64_t min, int64_t max, int64_t *out)
{
	const struct json_node *value = find(in, at, name);
	if (value)
		get_integer(in, at, name, value, min, max, out);
}

bool json_get_bool(struct json_reading *in, const struct json_place *at, const char *name,
		   bool *out)
{
	const struct json_node *value = find(in, at, name);
	if (!value)
		return false;
	if (value->kind != JSON_TRUE && value->kind != JSON_FALSE) {
		json_refuse(in, at, name, STATUS_INVALID, "expected true or false");
		return false;
	}
	*out = value->kind == JSON_TRUE;
	return true;
}

void json_get_time(struct json_reading *in, const struct json_place *at, const char *name,
		   int64_t *out)
{
	int64_t ms = 0;
	const char *text = json_borrow_text(in, at, name);

	if (!text)
		return;
	if (timestamp_parse(text, &ms) == STATUS_OK)
		*out = ms;
	else
		json_refuse(in, at, name, STATUS_INVALID,
			    "expected a time as 2026-11-22T10:45:23Z (RFC 3339)");
}

void json_refuse_choice(struct json_reading *in, const struct json_place *at, const char *name)
{
	json_refuse(in, at, name, STATUS_INVALID, "a value that is not allowed");
}

/* The bytes of a name that is short enough and not empty, those behind it 0, as a number. */
static uint64_t word_of(const struct json_quoted *name)
{
	uint64_t word = wire_le64(name->text); /* JSON_PADDING follows the text */
	return word & UINT64_MAX >> 8 * (JSON_MEMBER_NAME - name->size);
}

static bool is_named(const struct json_quoted *name, const struct json_member *member)
{
	if (name->escaped)
		return json_quoted_is(name, member->name);
	return name->size > 0 && name->size <= JSON_MEMBER_NAME &&
	       word_of(name) == wire_le64(member->name);
}

/* The member of that name, NULL: there is none. The search begins at `next`, and goes round. */
static const struct json_member *find_member(const struct json_member *table, size_t n,
					     const struct json_quoted *name,
					     const struct json_member *next)
{
	for (size_t i = 0; i < n; i++, next++) {
		if (next == table + n)
			next = table;
		if (is_named(name, next))
			return next;
	}
	return NULL;
}

static void read_member(struct json_reading *in, const struct json_place *at,
			const struct json_member *member, const struct json_node *value, void *item)
{
	void *to = (char *)item + member->offset;
	const char *text;

	switch (member->kind) {
	case JSON_MEMBER_TEXT:
		text = get_text(in, at, member->name, value);
		if (text)
			*(const char **)to = text;
		break;
	case JSON_MEMBER_COUNT:
		get_integer(in, at, member->name, value, 0, JSON_MAX_INTEGER, to);
		break;
	case JSON_MEMBER_CHOICE:
		text = get_text(in, at, member->name, value);
		if (text && !member->choose(text, item))
			json_refuse_choice(in, at, member->name);
		break;
	}
}

void json_read_members(struct json_reading *in, const struct json_place *at,
		       const struct json_member *table, size_t n, void *item)
{
	const struct json_node *end = at->value + at->value->span;
	const struct json_member *next = table;
	const struct json_node *node = at->value + 1;

	assert(table && n > 0);
	for (; node < end && in->status == STATUS_OK; node += node->span) {
		const struct json_member *member = find_member(table, n, &node->name, next);
		if (!member)
			continue;
		next = member + 1;
		if (!in->null_is_absent || node->kind != JSON_NULL)
			read_member(in, at, member, node, item);
	}
}

/* The node behind a value and everything in it. */
static const struct json_node *behind(const struct json_node *node)
{
	return node + node->span;
}

/* The array of that name and its size, or NULL. */
static const struct json_node *find_array(struct json_reading *in, const struct json_place *place,
					  size_t max, size_t *n)
{
	char detail[64];

	if (place->value->kind != JSON_ARRAY) {
		refuse_place(in, place, STATUS_INVALID, "expected an array");
		return NULL;
	}
	*n = 0;
	for (const struct json_node *e = place->value + 1; e < behind(place->value); e += e->span)
		++*n;
	if (*n > max) {
		snprintf(detail, sizeof detail, "expected at most %lu elements",
			 (unsigned long)max);
		refuse_place(in, place, STATUS_LIMIT, detail);
		return NULL;
	}
	return place->value;
}

void json_get_texts(struct json_reading *in, const struct json_place *at, const char *name,
		    const char ***out, size_t *n)
{
	const struct json_place list = { .parent = at, .name = name, .value = find(in, at, name) };
	size_t count = 0;

	if (!list.value || !find_array(in, &list, SIZE_MAX, &count))
		return;
	const char **texts = arena_alloc_array(in->arena, count, sizeof *texts);
	size_t i = 0;
	for (const struct json_node *e = list.value + 1; e < behind(list.value); e += e->span) {
		const struct json_place place = { .parent = &list, .index = i, .value = e };
		texts[i] = get_string(in, e);
		if (!texts[i++]) {
			refuse_string(in, &place);
			return;
		}
	}
	*out = texts;
	*n = count;
}

static void visit_objects(struct json_reading *in, const struct json_place *list, json_visit *visit,
			  void *user)
{
	size_t i = 0;

	for (const struct json_node *e = list->value + 1; e < behind(list->value); e += e->span) {
		const struct json_place place = { .parent = list, .index = i++, .value = e };
		if (e->kind != JSON_OBJECT)
			refuse_place(in, &place, STATUS_INVALID, "expected an object");
		if (in->status != STATUS_OK)
			return;
		visit(in, &place, user);
	}
}

size_t json_each(struct json_reading *in, const struct json_place *at, const char *name, size_t max,
		 json_visit *visit, void *user, bool *there)
{
	const struct json_place list = { .parent = at, .name = name, .value = find(in, at, name) };
	size_t count = 0;

	if (!list.value || !find_array(in, &list, max, &count))
		return 0;
	if (there)
		*there = true;
	visit_objects(in, &list, visit, user);
	return count;
}

/* Where the next item of a list is read into. */
struct filling {
	json_read_item *read_item;
	char *next;
	size_t size;
};

static void fill_item(struct json_reading *in, const struct json_place *at, void *user)
{
	struct filling *filling = user;

	filling->read_item(in, at, filling->next);
	filling->next += filling->size;
}

void *json_get_list(struct json_reading *in, const struct json_place *at, const char *name,
		    size_t max, size_t size, json_read_item *read_item, size_t *n, bool *there)
{
	const struct json_place list = { .parent = at, .name = name, .value = find(in, at, name) };
	size_t count = 0;

	if (!list.value || !find_array(in, &list, max, &count))
		return NULL;
	if (there)
		*there = true;
	char *items = arena_alloc_array(in->arena, count, size);
	struct filling filling = { read_item, items, size };
	visit_objects(in, &list, fill_item, &filling);
	if (in->status != STATUS_OK)
		return NULL;
	*n = count;
	return items;
}
