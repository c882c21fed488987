#include "proto/json_check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"
#include "proto/text.h"
#include "proto/utf8.h"

/* A member name between its quotes, escapes unresolved. */
struct name {
	const char *text;
	size_t size;
	bool escaped; /* it holds escapes, and so may stand for other bytes */
};

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
	struct name *names; /* of the objects that are open, the innermost ones last */
	size_t n_names;
	size_t room;
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

static void skip_space(struct scan *s)
{
	while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' || peek(s) == '\r')
		s->at++;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		fail(s, STATUS_MALFORMED, "expected a digit");
	while (is_digit(peek(s)))
		s->at++;
}

static void number(struct scan *s)
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
}

/* The four digits behind "\u"; -1 if they are none. */
static int32_t hex4(const char *text, size_t size)
{
	int32_t value = 0;
	if (size < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int digit = text_hex_digit(text[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* Behind "\u": the digits, and those of the low surrogate where one must follow. */
static void unicode_escape(struct scan *s)
{
	int32_t unit = hex4(s->text + s->at, s->size - s->at);
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
		low = hex4(s->text + s->at, s->size - s->at);
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
	size_t at = s->at;

	while (at < s->size && s->text[at] >= 0x20 && s->text[at] != '"' && s->text[at] != '\\')
		at++;
	s->at = at;
}

/* From the opening quote to behind the closing one; `*content` is what is between. */
static void string(struct scan *s, struct name *content)
{
	if (!take(s, '"')) {
		fail(s, STATUS_MALFORMED, "expected a string");
		return;
	}
	content->text = s->text + s->at;
	skip_plain(s);
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
	content->size = (size_t)(s->text + s->at - content->text);
	take(s, '"');
}

/* The UTF-16 unit that the escape at `*at` stands for; the name was scanned before. */
static uint32_t get_escape(const struct name *name, size_t *at)
{
	static const char letters[] = "bfnrt";
	static const char meaning[] = "\b\f\n\r\t";

	const char *text = name->text + *at;
	*at += 2;
	if (text[1] == 'u') {
		*at += 4;
		return (uint32_t)hex4(text + 2, 4);
	}
	const char *letter = strchr(letters, text[1]);
	return (unsigned char)(letter ? meaning[letter - letters] : text[1]);
}

/* A name read as the bytes of UTF-8 that it stands for. */
struct bytes {
	const struct name *name;
	size_t at;
	char pending[UTF8_MAX]; /* of the last escape */
	size_t n_pending;
	size_t given; /* of `pending` */
};

/* -1 at the end. */
static int next_byte(struct bytes *b)
{
	if (b->given < b->n_pending)
		return (unsigned char)b->pending[b->given++];
	if (b->at >= b->name->size)
		return -1;
	if (b->name->text[b->at] != '\\')
		return (unsigned char)b->name->text[b->at++];

	uint32_t c = get_escape(b->name, &b->at);
	if (c >= 0xD800 && c <= 0xDBFF) /* the scan saw that a low one follows */
		c = 0x10000 + ((c - 0xD800) << 10) + (get_escape(b->name, &b->at) - 0xDC00);
	b->n_pending = utf8_encode(c, b->pending);
	b->given = 1;
	return (unsigned char)b->pending[0];
}

static bool same_name(const struct name *a, const struct name *b)
{
	struct bytes left = { .name = a };
	struct bytes right = { .name = b };
	int c;

	if (!a->escaped && !b->escaped)
		return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
	do {
		c = next_byte(&left);
		if (c != next_byte(&right))
			return false;
	} while (c >= 0);
	return true;
}

/* Notes a name of the innermost object, whose names begin at `first`. */
static void add_name(struct scan *s, size_t first, const struct name *name)
{
	size_t at = (size_t)(name->text - s->text) - 1;

	if (s->n_names - first == JSON_MAX_MEMBERS) {
		fail_at(s, at, STATUS_LIMIT, "an object of more than 256 members");
		return;
	}
	for (size_t i = first; i < s->n_names; i++) {
		if (same_name(&s->names[i], name)) {
			fail_at(s, at, STATUS_MALFORMED, "a member that the object already has");
			return;
		}
	}
	if (s->n_names == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->names = mem_realloc(s->names, s->room * sizeof *s->names);
	}
	s->names[s->n_names++] = *name;
}

static void value(struct scan *s);

static void member(struct scan *s, size_t first)
{
	struct name name = { 0 };

	skip_space(s);
	string(s, &name);
	if (!ok(s))
		return;
	add_name(s, first, &name);
	skip_space(s);
	if (take(s, ':'))
		value(s);
	else
		fail(s, STATUS_MALFORMED, "expected ':'");
}

static void object(struct scan *s)
{
	size_t first = s->n_names;

	skip_space(s);
	if (take(s, '}'))
		return;
	do
		member(s, first);
	while (ok(s) && take(s, ','));
	if (!take(s, '}'))
		fail(s, STATUS_MALFORMED, "expected ',' or '}'");
	s->n_names = first;
}

static void array(struct scan *s)
{
	skip_space(s);
	if (take(s, ']'))
		return;
	do
		value(s);
	while (ok(s) && take(s, ','));
	if (!take(s, ']'))
		fail(s, STATUS_MALFORMED, "expected ',' or ']'");
}

static void literal(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i]);
		if (s->size - s->at >= length && !memcmp(s->text + s->at, words[i], length)) {
			s->at += length;
			return;
		}
	}
	fail(s, STATUS_MALFORMED, "expected a value");
}

static void nested(struct scan *s, void (*content)(struct scan *s))
{
	if (s->depth == JSON_MAX_DEPTH) {
		fail(s, STATUS_LIMIT, "nested more than 32 deep");
		return;
	}
	s->depth++;
	s->at++;
	content(s);
	s->depth--;
}

/* A value with the space around it. */
static void value(struct scan *s)
{
	struct name content = { 0 };

	skip_space(s);
	int c = peek(s);
	if (c == '{')
		nested(s, object);
	else if (c == '[')
		nested(s, array);
	else if (c == '"')
		string(s, &content);
	else if (c == '-' || is_digit(c))
		number(s);
	else
		literal(s);
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

enum status json_check(const char *text, size_t size, struct json_fault *fault)
{
	struct scan s = { .text = text, .size = size };

	if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		fail(&s, STATUS_MALFORMED, "a byte order mark, which JSON does not have");
	else
		value(&s);
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
