#include "proto/json/check.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"

/* First guess at the number of nodes; a report has rather fewer. */
#define BYTES_A_NODE 12

struct scan {
	const char *end; /* of the text; NULs follow it, which stand nowhere in JSON */
	unsigned depth;
	enum status status; /* first failure: `what`, at `fault_at` */
	const char *what;
	const char *fault_at;
	const char *nul_at;     /* the first escape of U+0000, NULL: there is none */
	struct json_node *next; /* the first that is free; they do not move */
	const struct json_node *room_end;
	bool lacks_room; /* nothing is wrong, but there are more nodes than guessed */
};

/*
 * What scans something takes the place where it begins and returns the place behind it, NULL after
 * a failure: so the place stays in a register. What is usual is inline, and calls something only
 * for what is not and for what is nested.
 */
static const char *fail(struct scan *s, const char *at, enum status status, const char *what)
{
	s->status = status;
	s->what = what;
	s->fault_at = at;
	return NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

/* To where `usual` is expected, which space comes before as nearly never. */
static inline const char *skip_to(const char *at, char usual)
{
	return *at == usual ? at : skip_space(at);
}

static const char *digits(struct scan *s, const char *at)
{
	if (!text_is_digit(*at))
		return fail(s, at, STATUS_MALFORMED, "expected a digit");
	while (text_is_digit(*at))
		at++;
	return at;
}

static const char *exponent(struct scan *s, const char *at)
{
	if (*at == '+' || *at == '-')
		at++;
	return digits(s, at);
}

static const char *number(struct scan *s, const char *start, struct json_quoted *content)
{
	const char *at = *start == '-' ? start + 1 : start;

	if (*at == '0' && text_is_digit(at[1]))
		return fail(s, at + 1, STATUS_MALFORMED, "a number with a leading zero");
	at = digits(s, at);
	if (at && *at == '.')
		at = digits(s, at + 1);
	if (at && (*at == 'e' || *at == 'E'))
		at = exponent(s, at + 1);
	if (!at)
		return NULL;
	if (at - start > JSON_MAX_NUMBER)
		return fail(s, start, STATUS_LIMIT, "a number of more than 63 characters");
	content->text = start;
	content->size = (uint32_t)(at - start);
	content->escaped = false;
	return at;
}

/* Behind "\u": the digits, and those of the low surrogate where one must follow. */
static const char *unicode_escape(struct scan *s, const char *at)
{
	int32_t unit = json_hex4(at, (size_t)(s->end - at));
	int32_t low = -1;

	if (unit < 0)
		return fail(s, at, STATUS_MALFORMED, "expected four hexadecimal digits");
	if (unit == 0 && !s->nul_at)
		s->nul_at = at - 2;
	at += 4;
	if (unit < 0xD800 || unit > 0xDFFF)
		return at;
	if (unit <= 0xDBFF && at[0] == '\\' && at[1] == 'u') {
		at += 2;
		low = json_hex4(at, (size_t)(s->end - at));
	}
	if (low < 0xDC00 || low > 0xDFFF)
		return fail(s, at, STATUS_MALFORMED, "a lone surrogate");
	return at + 4;
}

/* Behind the backslash. */
static const char *escape(struct scan *s, const char *at)
{
	if (*at == '\0' || !strchr("\"\\/bfnrtu", *at))
		return fail(s, at, STATUS_MALFORMED, "an escape that JSON does not have");
	return *at == 'u' ? unicode_escape(s, at + 1) : at + 1;
}

/* Reads an escape or a character that is not ASCII, or says why it is wrong. */
static const char *unusual(struct scan *s, const char *at, struct json_quoted *content)
{
	if (at == s->end)
		return fail(s, at, STATUS_MALFORMED, "a string that does not end");
	if ((unsigned char)*at < 0x20)
		return fail(s, at, STATUS_MALFORMED, "a control character in a string");
	if (*at == '\\') {
		content->escaped = true;
		return escape(s, at + 1);
	}
	size_t length = utf8_length(at, (size_t)(s->end - at));
	if (length == 0)
		return fail(s, at, STATUS_MALFORMED, "bytes that are not UTF-8");
	return at + length;
}

/* From such a character to the closing quote. */
static const char *unusual_rest(struct scan *s, const char *at, struct json_quoted *content)
{
	while (at && *at != '"') {
		at = unusual(s, at, content);
		if (at)
			at = json_skip_plain(at);
	}
	return at;
}

/* From the opening quote to behind the closing one; `*content` is what is between. */
static inline const char *string(struct scan *s, const char *at, struct json_quoted *content)
{
	if (*at != '"')
		return fail(s, at, STATUS_MALFORMED, "expected a string");
	content->text = at + 1;
	content->escaped = false;
	at = json_skip_plain(at + 1);
	if (*at != '"')
		at = unusual_rest(s, at, content);
	if (!at)
		return NULL;
	content->size = (uint32_t)(at - content->text);
	return at + 1;
}

/* The names of an object that is open. */
struct members {
	const struct json_node *first; /* the others follow */
	size_t n;
	uint64_t bits; /* json_quoted_bits() of all */
};

/* Has a member before this one its name? */
static bool is_known(const struct members *members, const struct json_node *member)
{
	for (const struct json_node *node = members->first; node < member; node += node->span) {
		if (json_quoted_equal(&node->name, &member->name))
			return true;
	}
	return false;
}

/* A node, which comes before its children; NULL: there is no room. */
static struct json_node *take_node(struct scan *s)
{
	if (s->next != s->room_end)
		return s->next++;
	s->lacks_room = true;
	return NULL;
}

static const char *literal(struct scan *s, const char *at, enum json_kind *kind)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} literals[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };

	for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
		size_t length = strlen(literals[i].word);
		if (strncmp(at, literals[i].word, length) == 0) {
			*kind = literals[i].kind;
			return at + length;
		}
	}
	return fail(s, at, STATUS_MALFORMED, "expected a value");
}

static const char *nested(struct scan *s, const char *at, struct json_node *node);

/* A value with the space around it. */
static inline __attribute__((always_inline)) const char *value(struct scan *s, const char *at,
							       struct json_node *node)
{
	node->span = 1;
	at = skip_to(at, '"');
	if (*at == '"') {
		node->kind = JSON_STRING;
		at = string(s, at, &node->text);
	} else if (*at == '{' || *at == '[') {
		at = nested(s, at, node);
	} else if (*at == '-' || text_is_digit(*at)) {
		node->kind = JSON_NUMBER;
		at = number(s, at, &node->text);
	} else {
		at = literal(s, at, &node->kind);
	}
	return at ? skip_to(at, ',') : NULL;
}

static const char *member(struct scan *s, const char *at, struct members *members)
{
	struct json_node *node = take_node(s);
	const char *begin = skip_to(at, '"');

	if (!node)
		return NULL;
	at = string(s, begin, &node->name);
	if (!at)
		return NULL;
	uint64_t bits = json_quoted_bits(&node->name);
	if (members->n++ == JSON_MAX_MEMBERS)
		return fail(s, begin, STATUS_LIMIT, "an object of more than 256 members");
	if ((members->bits & bits) && is_known(members, node))
		return fail(s, begin, STATUS_MALFORMED, "a member that the object already has");
	members->bits |= bits;
	at = skip_to(at, ':');
	if (*at != ':')
		return fail(s, at, STATUS_MALFORMED, "expected ':'");
	return value(s, at + 1, node);
}

/* Behind the brace. */
static const char *object(struct scan *s, const char *at, struct json_node *node)
{
	struct members members = { .first = node + 1 };

	at = skip_space(at);
	if (*at == '}')
		at++;
	else {
		do
			at = member(s, at, &members);
		while (at && *at++ == ',');
		if (at && at[-1] != '}')
			return fail(s, at - 1, STATUS_MALFORMED, "expected ',' or '}'");
	}
	node->name_bits = members.bits;
	return at;
}

static const char *unnamed_value(struct scan *s, const char *at)
{
	struct json_node *node = take_node(s);

	if (!node)
		return NULL;
	node->name = (struct json_quoted){ 0 };
	return value(s, at, node);
}

/* Behind the bracket. */
static const char *array(struct scan *s, const char *at)
{
	at = skip_space(at);
	if (*at == ']')
		return at + 1;
	do
		at = unnamed_value(s, at);
	while (at && *at++ == ',');
	if (at && at[-1] != ']')
		return fail(s, at - 1, STATUS_MALFORMED, "expected ',' or ']'");
	return at;
}

/* An object or an array. */
static const char *nested(struct scan *s, const char *at, struct json_node *node)
{
	bool is_object = *at == '{';

	if (s->depth == JSON_MAX_DEPTH)
		return fail(s, at, STATUS_LIMIT, "nested more than 32 deep");
	node->kind = is_object ? JSON_OBJECT : JSON_ARRAY;
	s->depth++;
	at = is_object ? object(s, at + 1, node) : array(s, at + 1);
	node->span = (uint32_t)(s->next - node);
	s->depth--;
	return at;
}

static void locate(const char *text, const char *at, struct json_fault *fault)
{
	fault->line = 1;
	fault->column = 1;
	for (; text < at; text++) {
		fault->column++;
		if (*text == '\n') {
			fault->line++;
			fault->column = 1;
		}
	}
}

/* The text from its first byte to its last. */
static void scan_text(struct scan *s, const char *text)
{
	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) {
		fail(s, text, STATUS_MALFORMED, "a byte order mark, which JSON does not have");
		return;
	}
	const char *at = unnamed_value(s, text);
	if (at && at != s->end)
		fail(s, at, STATUS_MALFORMED, "more text behind the end");
	else if (at && s->nul_at)
		fail(s, s->nul_at, STATUS_INVALID, "a string that holds U+0000");
}

enum status json_parse(const char *text, size_t size, struct json_node **nodes,
		       struct json_fault *fault)
{
	size_t room = size / BYTES_A_NODE + 16;
	struct scan s;

	assert(size <= UINT32_MAX); /* limits of ours are far below */
	*nodes = NULL;
	do {
		*nodes = mem_realloc(*nodes, room * sizeof **nodes); /* not zeroed */
		s = (struct scan){ .end = text + size, .next = *nodes, .room_end = *nodes + room };
		scan_text(&s, text);
		room *= 2;
	} while (s.lacks_room);
	if (s.status != STATUS_OK) {
		locate(text, s.fault_at, fault);
		fault->what = s.what;
	}
	return s.status;
}

char *json_pad(const char *text, size_t size, struct arena *arena)
{
	return arena_pad(arena, text, size, JSON_PADDING);
}

enum status json_check(const char *text, size_t size, struct json_fault *fault)
{
	struct json_node *nodes;
	struct arena arena;

	arena_init(&arena);
	enum status status = json_parse(json_pad(text, size, &arena), size, &nodes, fault);
	free(nodes);
	arena_deinit(&arena);
	return status;
}
