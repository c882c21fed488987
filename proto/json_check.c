#include "proto/json_check.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"
#include "proto/utf8.h"

/* Of a report, rather fewer: the first guess at how many nodes there will be. */
#define BYTES_A_NODE 12

struct scan {
	const char *text;
	size_t size;
	size_t at;
	unsigned depth;
	enum status status; /* first failure: `what`, at `fault_at` */
	const char *what;
	size_t fault_at;
	bool has_nul; /* the first escape of U+0000 is at `nul_at` */
	size_t nul_at;
	struct json_quoted *names; /* of the objects that are open, the innermost ones last */
	size_t n_names;
	size_t room;
	struct json_nodes *nodes; /* NULL: nobody wants them */
	struct json_node spare;   /* is then filled in instead */
};

static void fail_at(struct scan *s, size_t at, enum status status, const char *what)
{
	if (s->status != STATUS_OK)
		return;
	s->status = status;
	s->what = what;
	s->fault_at = at;
}

static void fail(struct scan *s, enum status status, const char *what)
{
	fail_at(s, s->at, status, what);
}

static bool ok(const struct scan *s)
{
	return s->status == STATUS_OK;
}

/* The next character, -1 at the end. */
static int peek(const struct scan *s)
{
	return s->at < s->size ? (unsigned char)s->text[s->at] : -1;
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void skip_spaces(struct scan *s)
{
	while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' || peek(s) == '\r')
		s->at++;
}

static inline void skip_space(struct scan *s)
{
	if (peek(s) <= ' ') /* as nearly never */
		skip_spaces(s);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void digits(struct scan *s)
{
	size_t at = s->at;

	while (at < s->size && is_digit(s->text[at]))
		at++;
	if (at == s->at)
		fail(s, STATUS_MALFORMED, "expected a digit");
	s->at = at;
}

static void number(struct scan *s, struct json_quoted *content)
{
	size_t start = s->at;

	take(s, '-');
	if (take(s, '0')) {
		if (is_digit(peek(s)))
			fail(s, STATUS_MALFORMED, "a number with a leading zero");
	} else {
		digits(s);
	}
	if (ok(s) && take(s, '.'))
		digits(s);
	if (ok(s) && (take(s, 'e') || take(s, 'E'))) {
		if (!take(s, '+'))
			take(s, '-');
		digits(s);
	}
	if (s->at - start > JSON_MAX_NUMBER)
		fail_at(s, start, STATUS_LIMIT, "a number of more than 63 characters");
	content->text = s->text + start;
	content->size = (uint32_t)(s->at - start);
	content->escaped = false;
}

/* Behind "\u": the digits, and those of the low surrogate where one must follow. */
static void unicode_escape(struct scan *s)
{
	int32_t unit = json_hex4(s->text + s->at, s->size - s->at);
	if (unit < 0) {
		fail(s, STATUS_MALFORMED, "expected four hexadecimal digits");
		return;
	}
	if (unit == 0 && !s->has_nul) {
		s->has_nul = true;
		s->nul_at = s->at - 2;
	}
	s->at += 4;
	if (unit < 0xD800 || unit > 0xDFFF)
		return;
	int32_t low = -1;
	if (unit <= 0xDBFF && take(s, '\\') && take(s, 'u'))
		low = json_hex4(s->text + s->at, s->size - s->at);
	if (low < 0xDC00 || low > 0xDFFF)
		fail(s, STATUS_MALFORMED, "a lone surrogate");
	else
		s->at += 4;
}

/* Behind the backslash. */
static void escape(struct scan *s)
{
	int c = peek(s);
	if (c <= 0 || !strchr("\"\\/bfnrtu", c)) {
		fail(s, STATUS_MALFORMED, "an escape that JSON does not have");
		return;
	}
	s->at++;
	if (c == 'u')
		unicode_escape(s);
}

/* Most of any string: ASCII that stands for itself. */
static void skip_plain(struct scan *s)
{
	s->at += json_plain_length(s->text + s->at, s->size - s->at);
}

/* The rest of a string, from something else on. */
static void skip_unusual(struct scan *s, struct json_quoted *content)
{
	while (ok(s) && peek(s) != '"') {
		if (peek(s) < 0) {
			fail(s, STATUS_MALFORMED, "a string that does not end");
		} else if (peek(s) < 0x20) {
			fail(s, STATUS_MALFORMED, "a control character in a string");
		} else if (take(s, '\\')) {
			content->escaped = true;
			escape(s);
		} else {
			size_t length = utf8_length(s->text + s->at, s->size - s->at);
			if (length == 0)
				fail(s, STATUS_MALFORMED, "bytes that are not UTF-8");
			s->at += length;
		}
		skip_plain(s);
	}
}

/* From the opening quote to behind the closing one; `*content` is what is between. */
static void string(struct scan *s, struct json_quoted *content)
{
	if (!take(s, '"')) {
		fail(s, STATUS_MALFORMED, "expected a string");
		return;
	}
	content->text = s->text + s->at;
	content->escaped = false;
	skip_plain(s);
	if (peek(s) != '"')
		skip_unusual(s, content);
	content->size = (uint32_t)(s->text + s->at - content->text);
	take(s, '"');
}

/* The names of an object that is open. */
struct members {
	size_t first;  /* in the scan's names */
	uint64_t bits; /* json_quoted_bits() of all */
};

static bool has_name(const struct scan *s, const struct members *members,
		     const struct json_quoted *name)
{
	for (size_t i = members->first; i < s->n_names; i++) {
		if (json_quoted_equal(&s->names[i], name))
			return true;
	}
	return false;
}

static void add_name(struct scan *s, struct members *members, const struct json_quoted *name)
{
	size_t at = (size_t)(name->text - s->text) - 1;
	uint64_t bits = json_quoted_bits(name);

	if (s->n_names - members->first == JSON_MAX_MEMBERS) {
		fail_at(s, at, STATUS_LIMIT, "an object of more than 256 members");
		return;
	}
	if ((members->bits & bits) && has_name(s, members, name)) {
		fail_at(s, at, STATUS_MALFORMED, "a member that the object already has");
		return;
	}
	members->bits |= bits;
	if (s->n_names == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->names = mem_realloc(s->names, s->room * sizeof *s->names);
	}
	struct json_quoted *added = &s->names[s->n_names++];
	/* Part by part, as they were written a moment ago: a copy of the whole waits for them. */
	added->text = name->text;
	added->size = name->size;
	added->escaped = name->escaped;
}

static struct json_node *node_at(struct scan *s, size_t index)
{
	return s->nodes ? &s->nodes->at[index] : &s->spare;
}

/* Makes room for a node, which comes before its children; returns its index. */
static size_t add_node(struct scan *s)
{
	struct json_nodes *nodes = s->nodes;

	if (nodes && nodes->n == nodes->room) {
		nodes->room = nodes->room ? 2 * nodes->room : s->size / BYTES_A_NODE + 16;
		nodes->at = mem_realloc(nodes->at, nodes->room * sizeof *nodes->at);
	}
	return nodes ? nodes->n++ : 0;
}

static void value(struct scan *s, size_t index);

static void member(struct scan *s, struct members *members)
{
	size_t index = add_node(s);
	struct json_quoted *name = &node_at(s, index)->name;

	skip_space(s);
	string(s, name);
	if (!ok(s))
		return;
	add_name(s, members, name);
	skip_space(s);
	if (take(s, ':'))
		value(s, index);
	else
		fail(s, STATUS_MALFORMED, "expected ':'");
}

/* Returns json_quoted_bits() of its names. */
static uint64_t object(struct scan *s)
{
	struct members members = { .first = s->n_names };

	skip_space(s);
	if (take(s, '}'))
		return 0;
	do
		member(s, &members);
	while (ok(s) && take(s, ','));
	if (!take(s, '}'))
		fail(s, STATUS_MALFORMED, "expected ',' or '}'");
	s->n_names = members.first;
	return members.bits;
}

static void unnamed_value(struct scan *s)
{
	size_t index = add_node(s);

	node_at(s, index)->name = (struct json_quoted){ 0 };
	value(s, index);
}

/* Returns 0: its elements have no names. */
static uint64_t array(struct scan *s)
{
	skip_space(s);
	if (take(s, ']'))
		return 0;
	do
		unnamed_value(s);
	while (ok(s) && take(s, ','));
	if (!take(s, ']'))
		fail(s, STATUS_MALFORMED, "expected ',' or ']'");
	return 0;
}

static enum json_kind literal(struct scan *s)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} literals[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };

	for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
		const char *word = literals[i].word;
		size_t length = strlen(word);
		if (s->size - s->at >= length && !memcmp(s->text + s->at, word, length)) {
			s->at += length;
			return literals[i].kind;
		}
	}
	fail(s, STATUS_MALFORMED, "expected a value");
	return JSON_NULL;
}

/* An object or an array: what `content` makes of what is in it. */
static void nested(struct scan *s, size_t index, enum json_kind kind,
		   uint64_t (*content)(struct scan *s))
{
	uint64_t name_bits = 0;

	if (s->depth == JSON_MAX_DEPTH) {
		fail(s, STATUS_LIMIT, "nested more than 32 deep");
	} else {
		s->depth++;
		s->at++;
		name_bits = content(s);
		s->depth--;
	}
	node_at(s, index)->kind = kind;
	node_at(s, index)->name_bits = name_bits;
}

/* A value with the space around it. */
static void value(struct scan *s, size_t index)
{
	skip_space(s);
	int c = peek(s);
	if (c == '{') {
		nested(s, index, JSON_OBJECT, object);
	} else if (c == '[') {
		nested(s, index, JSON_ARRAY, array);
	} else if (c == '"') {
		node_at(s, index)->kind = JSON_STRING;
		string(s, &node_at(s, index)->text);
	} else if (c == '-' || is_digit(c)) {
		node_at(s, index)->kind = JSON_NUMBER;
		number(s, &node_at(s, index)->text);
	} else {
		node_at(s, index)->kind = literal(s);
	}
	if (s->nodes)
		s->nodes->at[index].span = (uint32_t)(s->nodes->n - index);
	skip_space(s);
}

static void locate(const struct scan *s, size_t at, struct json_fault *fault)
{
	fault->line = 1;
	fault->column = 1;
	for (size_t i = 0; i < at; i++) {
		fault->column++;
		if (s->text[i] == '\n') {
			fault->line++;
			fault->column = 1;
		}
	}
}

enum status json_parse(const char *text, size_t size, struct json_nodes *nodes,
		       struct json_fault *fault)
{
	struct scan s = { .text = text, .size = size, .nodes = nodes };

	assert(size <= UINT32_MAX); /* limits of ours are far below */
	if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		fail(&s, STATUS_MALFORMED, "a byte order mark, which JSON does not have");
	else
		unnamed_value(&s);
	if (ok(&s) && s.at < size)
		fail(&s, STATUS_MALFORMED, "more text behind the end");
	if (s.has_nul)
		fail_at(&s, s.nul_at, STATUS_INVALID, "a string that holds U+0000");
	if (!ok(&s)) {
		locate(&s, s.fault_at, fault);
		fault->what = s.what;
	}
	free(s.names);
	return s.status;
}

enum status json_check(const char *text, size_t size, struct json_fault *fault)
{
	return json_parse(text, size, NULL, fault);
}

void json_nodes_free(struct json_nodes *nodes)
{
	free(nodes->at);
	*nodes = (struct json_nodes){ 0 };
}
