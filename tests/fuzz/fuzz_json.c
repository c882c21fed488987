/*
 * Any bytes as JSON, read by our scanner and by cJSON, which has been read by many. What we take it
 * takes, whole and of the same values; what only it takes we refuse for a reason that is on the
 * list here.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/json/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What cJSON 1.7.15 takes although RFC 8259 or we do not, as our scanner calls it. */
static const char *const taken_by_cjson[] = {
	"a control character in a string",
	"bytes that are not UTF-8",
	"a byte order mark, which JSON does not have",
	"a member that the object already has", /* RFC 8259 leaves it open, RFC 7493 does not */
	"a number with a leading zero",
	"expected a digit",                 /* "1.", "-.5" */
	"expected four hexadecimal digits", /* it takes others for zeros */
};

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* cJSON skips every byte up to a blank as white space; so does this. */
static bool is_skipped_by_cjson(char c)
{
	return (unsigned char)c <= ' ';
}

static bool is_known(enum status status, const struct json_fault *fault, char at)
{
	if (status == STATUS_LIMIT || status == STATUS_INVALID) /* our limits, and U+0000 */
		return true;
	for (size_t i = 0; i < sizeof taken_by_cjson / sizeof *taken_by_cjson; i++) {
		if (strcmp(fault->what, taken_by_cjson[i]) == 0)
			return true;
	}
	return is_skipped_by_cjson(at) && !is_white(at);
}

/* The byte of a text at a place, NUL behind its end. */
static char byte_at(const char *text, size_t size, const struct json_fault *fault)
{
	size_t at = 0;

	for (size_t line = 1; line < fault->line && at < size; at++)
		line += text[at] == '\n';
	at += fault->column - 1;
	return at < size ? text[at] : '\0';
}

static void need(bool so)
{
	if (!so)
		abort();
}

static void compare_text(const struct json_quoted *ours, const char *theirs, struct arena *arena)
{
	need(theirs && strcmp(json_quoted_copy(ours, arena), theirs) == 0);
}

static void compare_number(const struct json_quoted *ours, double theirs, struct arena *arena)
{
	double value = strtod(arena_strndup(arena, ours->text, ours->size), NULL);
	need(value == theirs || (isinf(value) && isinf(theirs)));
}

static void compare(const struct json_node *ours, const cJSON *theirs, struct arena *arena);

static void compare_children(const struct json_node *ours, const cJSON *theirs, struct arena *arena)
{
	const struct json_node *end = ours + ours->span;
	const struct json_node *child = ours + 1;
	const cJSON *their_child = theirs->child;

	for (; child < end && their_child; child += child->span, their_child = their_child->next) {
		if (ours->kind == JSON_OBJECT)
			compare_text(&child->name, their_child->string, arena);
		compare(child, their_child, arena);
	}
	need(child == end && !their_child);
}

static void compare(const struct json_node *ours, const cJSON *theirs, struct arena *arena)
{
	switch (ours->kind) {
	case JSON_OBJECT:
		need(cJSON_IsObject(theirs));
		compare_children(ours, theirs, arena);
		break;
	case JSON_ARRAY:
		need(cJSON_IsArray(theirs));
		compare_children(ours, theirs, arena);
		break;
	case JSON_STRING:
		need(cJSON_IsString(theirs));
		compare_text(&ours->text, theirs->valuestring, arena);
		break;
	case JSON_NUMBER:
		need(cJSON_IsNumber(theirs));
		compare_number(&ours->text, theirs->valuedouble, arena);
		break;
	case JSON_TRUE:
		need(cJSON_IsTrue(theirs));
		break;
	case JSON_FALSE:
		need(cJSON_IsFalse(theirs));
		break;
	case JSON_NULL:
		need(cJSON_IsNull(theirs));
		break;
	}
}

/* cJSON's value if it takes all of the text, else NULL. */
static cJSON *parse_theirs(const char *text, size_t size)
{
	const char *end = NULL;
	cJSON *root = cJSON_ParseWithLengthOpts(text, size, &end, false);

	while (root && end < text + size && is_skipped_by_cjson(*end))
		end++;
	if (!root || end == text + size)
		return root;
	cJSON_Delete(root);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_node *nodes;
	struct json_fault fault = { 0 };
	struct arena arena;
	char *text = mem_alloc(size + JSON_PADDING); /* its own block: reads past it are seen */

	memcpy(text, data, size);
	memset(text + size, 0, JSON_PADDING);
	arena_init(&arena);
	enum status status = json_parse(text, size, &nodes, &fault);
	cJSON *theirs = parse_theirs(text, size);
	if (status == STATUS_OK) {
		need(theirs);
		compare(nodes, theirs, &arena);
	} else if (theirs) {
		need(is_known(status, &fault, byte_at(text, size, &fault)));
	}
	cJSON_Delete(theirs);
	free(nodes);
	arena_deinit(&arena);
	free(text);
	return 0;
}
