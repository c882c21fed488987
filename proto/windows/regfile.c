#include "proto/windows/regfile.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/windows/codepage.h"

/* Types of values (winnt.h) */
#define TYPE_SZ        1
#define TYPE_EXPAND_SZ 2
#define TYPE_DWORD     4
#define TYPE_MULTI_SZ  7
#define TYPE_BINARY    3

#define HIVE "HKEY_LOCAL_MACHINE"

/* One export on its way; `at` walks through its text, which is UTF-8 and ends in a NUL. */
struct parser {
	struct regfile *registry;
	struct regfile_key *key; /* the values now read belong to it; NULL: another hive */
	const char *at;
	size_t line;
	bool wide; /* hex data of strings is UTF-16 */
	struct regfile_error *error;
};

void regfile_init(struct regfile *registry)
{
	*registry = (struct regfile){ 0 };
	arena_init(&registry->arena);
}

void regfile_deinit(struct regfile *registry)
{
	for (size_t i = 0; i < registry->n_keys; i++)
		free(registry->keys[i].values);
	free(registry->keys);
	arena_deinit(&registry->arena);
	*registry = (struct regfile){ 0 };
}

static enum status fail(struct parser *p, enum status status, const char *text)
{
	p->error->line = p->line;
	p->error->text = text;
	return status;
}

/* Room for one more in an array that grows by doubling. */
static void *grow(void *array, size_t n, size_t size)
{
	bool full = n == 0 || (n >= 8 && (n & (n - 1)) == 0);
	return full ? mem_realloc(array, (n < 8 ? 8 : 2 * n) * size) : array;
}

static enum status count_one(struct parser *p)
{
	if (++p->registry->n_values > REGFILE_MAX_VALUES)
		return fail(p, STATUS_LIMIT, "more keys and values than mtawatch reads");
	return STATUS_OK;
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

static bool at_end_of_line(const struct parser *p)
{
	return *p->at == '\0' || *p->at == '\n' || (p->at[0] == '\r' && p->at[1] == '\n');
}

static void next_line(struct parser *p)
{
	p->at += strcspn(p->at, "\n");
	if (*p->at == '\n') {
		p->at++;
		p->line++;
	}
}

/* Nothing but blanks may follow a value. */
static enum status end_line(struct parser *p)
{
	skip_blanks(p);
	if (!at_end_of_line(p))
		return fail(p, STATUS_MALFORMED, "text after the value");
	next_line(p);
	return STATUS_OK;
}

/* "[HKEY_LOCAL_MACHINE\SOFTWARE]": the bracket that closes is the last one of the line. */
static enum status get_key(struct parser *p)
{
	const char *start = ++p->at;
	size_t length = strcspn(start, "\r\n");
	while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t'))
		length--;
	if (length == 0 || start[length - 1] != ']')
		return fail(p, STATUS_MALFORMED, "a key that no bracket closes");
	if (*start == '-')
		return fail(p, STATUS_MALFORMED, "the deletion of a key: this is no export");
	length--;
	next_line(p);

	const size_t hive = sizeof HIVE - 1;
	p->key = NULL;
	if (length < hive || !text_has_prefix(start, HIVE) ||
	    (length > hive && start[hive] != '\\'))
		return STATUS_OK;
	size_t skip = length > hive ? hive + 1 : hive;

	enum status status = count_one(p);
	if (status != STATUS_OK)
		return status;
	struct regfile *r = p->registry;
	r->keys = grow(r->keys, r->n_keys, sizeof *r->keys);
	p->key = &r->keys[r->n_keys++];
	*p->key = (struct regfile_key){
		.path = arena_strndup(&r->arena, start + skip, length - skip),
	};
	return STATUS_OK;
}

/* A quoted text with its escapes; it may run over lines, as regedit writes what holds newlines. */
static enum status get_quoted(struct parser *p, const char **out)
{
	const char *start = ++p->at;
	size_t length = 0;
	while (start[length] && start[length] != '"')
		length += start[length] == '\\' && start[length + 1] ? 2 : 1;
	if (start[length] == '\0')
		return fail(p, STATUS_MALFORMED, "a text that no quotation mark closes");
	if (length > REGFILE_MAX_DATA)
		return fail(p, STATUS_LIMIT, "a text longer than mtawatch reads");

	char *text = arena_alloc(&p->registry->arena, length + 1);
	*out = text;
	for (; p->at < start + length; p->at++) {
		if (*p->at == '\\')
			p->at++;
		p->line += *p->at == '\n';
		*text++ = *p->at;
	}
	p->at++;
	return STATUS_OK;
}

/* One to `max` hexadecimal digits. */
static bool get_hex(struct parser *p, int max, uint32_t *out)
{
	uint32_t number = 0;
	int digits = 0;
	while (digits < max && text_hex_digit(*p->at) >= 0) {
		number = number << 4 | (uint32_t)text_hex_digit(*p->at);
		p->at++;
		digits++;
	}
	*out = number;
	return digits > 0;
}

/* The end of a line that a backslash continues. */
static bool get_continuation(struct parser *p)
{
	if (*p->at != '\\')
		return false;
	p->at++;
	skip_blanks(p);
	if (!at_end_of_line(p) || *p->at == '\0')
		return false;
	next_line(p);
	skip_blanks(p);
	return true;
}

/* "01,02,\" and so on; an upper bound of the bytes comes from the length of the text. */
static enum status get_bytes(struct parser *p, uint8_t **out, size_t *n_out)
{
	size_t room = 64;
	size_t n = 0;
	uint8_t *bytes = mem_alloc(room);
	enum status status = STATUS_OK;

	skip_blanks(p);
	while (!at_end_of_line(p)) {
		uint32_t byte = 0;
		if (get_continuation(p))
			continue;
		if (!get_hex(p, 2, &byte)) {
			status = fail(p, STATUS_MALFORMED, "data that is no list of bytes");
			break;
		}
		if (n == REGFILE_MAX_DATA) {
			status = fail(p, STATUS_LIMIT, "a value longer than mtawatch reads");
			break;
		}
		if (n == room)
			bytes = mem_realloc(bytes, room *= 2);
		bytes[n++] = (uint8_t)byte;
		skip_blanks(p);
		if (*p->at == ',') {
			p->at++;
			skip_blanks(p);
		} else if (!at_end_of_line(p)) {
			status = fail(p, STATUS_MALFORMED, "bytes that no comma parts");
			break;
		}
	}
	if (status != STATUS_OK) {
		free(bytes);
		return status;
	}
	*out = bytes;
	*n_out = n;
	return STATUS_OK;
}

/* Bytes up to the first character of value 0, `unit` bytes each. */
static size_t string_length(const uint8_t *bytes, size_t n, size_t unit)
{
	size_t length = 0;
	while (length + unit <= n && (bytes[length] || (unit == 2 && bytes[length + 1])))
		length += unit;
	return length;
}

static const char *decode_string(struct parser *p, const uint8_t *bytes, size_t n)
{
	struct arena *arena = &p->registry->arena;
	size_t length = string_length(bytes, n, p->wide ? 2 : 1);
	return p->wide ? codepage_from_utf16le(arena, bytes, length)
		       : codepage_from_1252(arena, bytes, length);
}

static void decode_list(struct parser *p, const uint8_t *bytes, size_t n,
			struct regfile_value *value)
{
	const size_t unit = p->wide ? 2 : 1;
	value->list = arena_alloc_array(&p->registry->arena, n / unit + 1, sizeof *value->list);
	for (size_t at = 0; at + unit <= n;) {
		size_t length = string_length(bytes + at, n - at, unit);
		if (length == 0)
			break;
		value->list[value->n_list++] = decode_string(p, bytes + at, length);
		at += length + unit;
	}
}

static void decode(struct parser *p, uint32_t type, const uint8_t *bytes, size_t n,
		   struct regfile_value *value)
{
	value->kind = REGFILE_OTHER;
	if (type == TYPE_SZ || type == TYPE_EXPAND_SZ) {
		value->kind = REGFILE_STRING;
		value->text = decode_string(p, bytes, n);
	} else if (type == TYPE_MULTI_SZ) {
		value->kind = REGFILE_LIST;
		decode_list(p, bytes, n, value);
	} else if (type == TYPE_DWORD && n == 4) {
		value->kind = REGFILE_NUMBER;
		value->number = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
				(uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	}
}

/* "hex:" or "hex(7):" and the bytes */
static enum status get_hex_value(struct parser *p, struct regfile_value *value)
{
	uint32_t type = TYPE_BINARY;
	p->at += strlen("hex");
	if (*p->at == '(') {
		p->at++;
		if (!get_hex(p, 8, &type) || *p->at++ != ')')
			return fail(p, STATUS_MALFORMED, "a type of data that is no hex(number)");
	}
	if (*p->at++ != ':')
		return fail(p, STATUS_MALFORMED, "a value of no known form");

	uint8_t *bytes = NULL;
	size_t n = 0;
	enum status status = get_bytes(p, &bytes, &n);
	if (status != STATUS_OK)
		return status;
	decode(p, type, bytes, n, value);
	free(bytes);
	return STATUS_OK;
}

static enum status get_data(struct parser *p, struct regfile_value *value)
{
	if (*p->at == '"') {
		value->kind = REGFILE_STRING;
		return get_quoted(p, &value->text);
	}
	if (text_has_prefix(p->at, "dword:")) {
		p->at += strlen("dword:");
		value->kind = REGFILE_NUMBER;
		if (!get_hex(p, 8, &value->number))
			return fail(p, STATUS_MALFORMED, "a dword that is no hexadecimal number");
		return STATUS_OK;
	}
	if (text_has_prefix(p->at, "hex"))
		return get_hex_value(p, value);
	if (*p->at == '-')
		return fail(p, STATUS_MALFORMED, "the deletion of a value: this is no export");
	return fail(p, STATUS_MALFORMED, "a value of no known form");
}

/* @=... or "name"=... */
static enum status get_value(struct parser *p)
{
	struct regfile_value value = { .name = "" };
	enum status status = STATUS_OK;
	if (*p->at == '@')
		p->at++;
	else
		status = get_quoted(p, &value.name);
	if (status != STATUS_OK)
		return status;
	skip_blanks(p);
	if (*p->at != '=')
		return fail(p, STATUS_MALFORMED, "a name without a value");
	p->at++;
	skip_blanks(p);

	status = get_data(p, &value);
	if (status == STATUS_OK)
		status = end_line(p);
	if (status != STATUS_OK || !p->key)
		return status;
	p->key->values = grow(p->key->values, p->key->n_values, sizeof value);
	p->key->values[p->key->n_values++] = value;
	return count_one(p);
}

static enum status get_line(struct parser *p)
{
	skip_blanks(p);
	if (at_end_of_line(p) || *p->at == ';') {
		next_line(p);
		return STATUS_OK;
	}
	if (*p->at == '[')
		return get_key(p);
	if (*p->at == '"' || *p->at == '@')
		return get_value(p);
	return fail(p, STATUS_MALFORMED, "a line that is neither key nor value");
}

/* Brings the export to UTF-8. */
static const char *decode_text(struct arena *arena, const uint8_t *bytes, size_t n)
{
	if (n >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE)
		return codepage_from_utf16le(arena, bytes + 2, n - 2);
	if (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		return codepage_from_utf8(arena, bytes + 3, n - 3);
	return codepage_from_1252(arena, bytes, n);
}

static enum status parse(struct parser *p)
{
	if (text_has_prefix(p->at, "Windows Registry Editor Version 5.00"))
		p->wide = true;
	else if (!text_has_prefix(p->at, "REGEDIT4"))
		return fail(p, STATUS_UNSUPPORTED, "it does not begin as a registry export does");
	next_line(p);

	enum status status = STATUS_OK;
	while (status == STATUS_OK && *p->at)
		status = get_line(p);
	return status;
}

enum status regfile_add(struct regfile *registry, const uint8_t *bytes, size_t n,
			struct regfile_error *error)
{
	struct parser p = { .registry = registry, .line = 1, .error = error };
	if (n > REGFILE_MAX_BYTES)
		return fail(&p, STATUS_LIMIT, "the export is larger than mtawatch reads");

	struct arena scratch;
	arena_init(&scratch);
	p.at = decode_text(&scratch, bytes, n);
	enum status status = parse(&p);
	arena_deinit(&scratch);
	return status;
}

bool regfile_has_key(const struct regfile *registry, const char *path)
{
	size_t length = strlen(path);
	for (size_t i = 0; i < registry->n_keys; i++) {
		const char *known = registry->keys[i].path;
		if (text_has_prefix(known, path) &&
		    (known[length] == '\0' || known[length] == '\\'))
			return true;
	}
	return false;
}

const struct regfile_value *regfile_find(const struct regfile *registry, const char *path,
					 const char *name)
{
	for (size_t i = registry->n_keys; i-- > 0;) {
		const struct regfile_key *key = &registry->keys[i];
		if (!text_equal(key->path, path))
			continue;
		for (size_t j = key->n_values; j-- > 0;) {
			if (text_equal(key->values[j].name, name))
				return &key->values[j];
		}
	}
	return NULL;
}
