#include "proto/windows/regfile.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/text_file.h"
#include "proto/windows/codepage.h"

/* Types of values (winnt.h) */
#define TYPE_SZ        1
#define TYPE_EXPAND_SZ 2
#define TYPE_DWORD     4
#define TYPE_MULTI_SZ  7
#define TYPE_BINARY    3

/* No character of code page 1252: stands for one of two bytes, and becomes U+FFFD. */
#define LOST_CHARACTER '\x81'

#define MACHINE "HKEY_LOCAL_MACHINE"

/* The export being read; `at` walks through its text, as proto/base/text_file.h gives it. */
struct parser {
	struct regfile *registry;
	struct regfile_key *key; /* the values now read belong to it; NULL: another hive */
	const char *at;
	size_t line;
	bool wide;    /* hex data of strings is UTF-16 */
	bool foreign; /* `at` is no UTF-8 but of a code page */
	bool doubles; /* of which two bytes may be a character */
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
	return *p->at == '\0' || *p->at == '\n';
}

static void next_line(struct parser *p)
{
	p->at += strcspn(p->at, "\n");
	if (*p->at == '\n') {
		p->at++;
		p->line++;
	}
}

/* Only blanks may follow a value. */
static enum status end_line(struct parser *p)
{
	skip_blanks(p);
	if (!at_end_of_line(p))
		return fail(p, STATUS_MALFORMED, "text after the value");
	next_line(p);
	return STATUS_OK;
}

/* Length of the part of a path at `path`, of which `n` bytes are there. */
static size_t part_length(const char *path, size_t n)
{
	const char *end = memchr(path, '\\', n);
	return end ? (size_t)(end - path) : n;
}

static bool is_part(const char *path, size_t n, const char *name)
{
	return part_length(path, n) == strlen(name) && text_has_prefix(path, name);
}

static bool is_one_of(const char *path, size_t n, const char *const *names)
{
	for (; *names; names++) {
		if (is_part(path, n, *names))
			return true;
	}
	return false;
}

/* The hive whose key `path` begins with, by what only that hive has there; NULL: none. */
static const char *hive_of(const char *path, size_t n)
{
	static const char *const of_system[] = { "CurrentControlSet", "Select", "MountedDevices",
						 NULL };
	if (is_one_of(path, n, of_system) || text_has_prefix(path, "ControlSet0"))
		return "SYSTEM";
	return is_part(path, n, "Microsoft") ? "SOFTWARE" : NULL;
}

/* Steps over the first part and its backslash. */
static void step(const char **path, size_t *n)
{
	size_t length = part_length(*path, *n);
	length += length < *n;
	*path += length;
	*n -= length;
}

/* Steps over what stands for HKEY_LOCAL_MACHINE; false: it is of another hive. */
static bool step_into_machine(const char **path, size_t *n)
{
	if (*n > 0 && **path == '\\') {
		step(path, n);
		return true;
	}
	if (is_part(*path, *n, MACHINE) || is_part(*path, *n, "HKLM")) {
		step(path, n);
		return true;
	}
	if (is_part(*path, *n, "HKEY_USERS")) { /* where a hive can be loaded, too */
		step(path, n);
		return false;
	}
	return hive_of(*path, *n) != NULL;
}

static char *decode_text(struct parser *p, const char *text, size_t n)
{
	struct arena *arena = &p->registry->arena;
	if (!p->foreign)
		return arena_strndup(arena, text, n);
	return codepage_from_1252(arena, (const uint8_t *)text, n);
}

/* The path below HKEY_LOCAL_MACHINE, or NULL: the key is of no interest. */
static const char *get_path(struct parser *p, const char *path, size_t n)
{
	static const char *const known[] = { "SYSTEM", "SOFTWARE", "HARDWARE", "Cluster", NULL };
	bool machine = step_into_machine(&path, &n);
	if (machine && (n == 0 || is_one_of(path, n, known)))
		return decode_text(p, path, n);

	const char *hive = machine ? hive_of(path, n) : NULL;
	if (!hive) { /* is it one that was loaded under a name? */
		const char *below = path;
		size_t length = n;
		step(&below, &length);
		hive = hive_of(below, length);
		if (!hive)
			return machine ? decode_text(p, path, n) : NULL;
		path = below;
		n = length;
	}
	return arena_printf(&p->registry->arena, "%s\\%s", hive, decode_text(p, path, n));
}

/* "[HKEY_LOCAL_MACHINE\SOFTWARE]": the bracket that closes is the last one of the line. */
static enum status get_key(struct parser *p)
{
	const char *start = ++p->at;
	size_t length = strcspn(start, "\n");
	p->key = NULL;
	while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t'))
		length--;
	if (*start == '-')
		return fail(p, STATUS_UNSUPPORTED, "the deletion of a key: this is no export");
	if (length == 0 || start[length - 1] != ']')
		return fail(p, STATUS_MALFORMED, "a key that no bracket closes");
	next_line(p);

	const char *path = get_path(p, start, length - 1);
	if (!path)
		return STATUS_OK;
	enum status status = count_one(p);
	if (status != STATUS_OK)
		return status;
	struct regfile *r = p->registry;
	r->keys = mem_make_room(r->keys, r->n_keys, &r->room, sizeof *r->keys);
	p->key = &r->keys[r->n_keys++];
	*p->key = (struct regfile_key){ .path = path };
	return STATUS_OK;
}

/* The first of two bytes of a character, in a text where these may occur. */
static bool is_lead(const struct parser *p, const char *at)
{
	return p->doubles && (unsigned char)at[0] > 0x80 && (unsigned char)at[1] >= 0x40;
}

/*
 * Bytes up to the quotation mark that closes. An unknown escape shows that a backslash in a code
 * page is half a character; elsewhere it stands for what follows, as regedit reads it.
 */
static bool find_end(const struct parser *p, size_t *length)
{
	const char *start = p->at;
	size_t n = 0;
	while (start[n] && start[n] != '"') {
		if (is_lead(p, start + n)) {
			n += 2;
			continue;
		}
		bool escape = start[n] == '\\' && start[n + 1];
		if (escape && p->foreign && start[n + 1] != '\\' && start[n + 1] != '"')
			return false;
		n += escape ? 2 : 1;
	}
	*length = n;
	return start[n] == '"';
}

/* A quoted text with its escapes; it may run over lines, as regedit writes what holds newlines. */
static enum status get_quoted(struct parser *p, const char **out)
{
	const char *start = ++p->at;
	size_t length = 0;
	if (!find_end(p, &length))
		return fail(p, STATUS_MALFORMED, "a text that no quotation mark closes");
	if (length > REGFILE_MAX_DATA)
		return fail(p, STATUS_LIMIT, "a text longer than mtawatch reads");

	char *text = arena_alloc(&p->registry->arena, length + 1);
	size_t n = 0;
	for (; p->at < start + length; p->at++) {
		if (is_lead(p, p->at)) {
			text[n++] = LOST_CHARACTER;
			p->at++;
			continue;
		}
		if (*p->at == '\\')
			p->at++;
		p->line += *p->at == '\n';
		text[n++] = *p->at;
	}
	p->at++;
	*out = p->foreign ? decode_text(p, text, n) : text;
	return STATUS_OK;
}

/* Reads one to `max` hexadecimal digits. */
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

static const char *decode_string(struct arena *arena, size_t unit, const uint8_t *bytes, size_t n)
{
	size_t length = string_length(bytes, n, unit);
	return unit == 2 ? codepage_from_utf16le(arena, bytes, length)
			 : codepage_from_1252(arena, bytes, length);
}

static void decode_list(struct arena *arena, size_t unit, const uint8_t *bytes, size_t n,
			struct regfile_value *value)
{
	value->list = arena_alloc_array(arena, n / unit + 1, sizeof *value->list);
	for (size_t at = 0; at + unit <= n;) {
		size_t length = string_length(bytes + at, n - at, unit);
		if (length == 0)
			break;
		value->list[value->n_list++] = decode_string(arena, unit, bytes + at, length);
		at += length + unit;
	}
}

/* `unit` is how many bytes a character of a string has. */
static void decode(struct arena *arena, size_t unit, uint32_t type, const uint8_t *bytes, size_t n,
		   struct regfile_value *value)
{
	value->kind = REGFILE_OTHER;
	if (type == TYPE_SZ || type == TYPE_EXPAND_SZ) {
		value->kind = REGFILE_STRING;
		value->text = decode_string(arena, unit, bytes, n);
	} else if (type == TYPE_MULTI_SZ) {
		value->kind = REGFILE_LIST;
		decode_list(arena, unit, bytes, n, value);
	} else if (type == TYPE_DWORD && n == 4) {
		value->kind = REGFILE_NUMBER;
		value->number = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
				(uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	}
}

void regfile_decode(struct arena *arena, uint32_t type, const uint8_t *bytes, size_t n,
		    struct regfile_value *value)
{
	decode(arena, 2, type, bytes, n, value);
}

/* The "(7)" behind "hex" or "str"; without it `type` stays. */
static bool get_type(struct parser *p, uint32_t *type)
{
	if (*p->at == '(') {
		p->at++;
		if (!get_hex(p, 8, type) || *p->at++ != ')')
			return false;
	}
	return *p->at++ == ':';
}

/* 'str(1):"text"', as hivexregedit writes what can be printed */
static enum status get_str_value(struct parser *p, struct regfile_value *value)
{
	uint32_t type = TYPE_SZ;
	p->at += strlen("str");
	if (!get_type(p, &type) || *p->at != '"')
		return fail(p, STATUS_MALFORMED, "a value of no known form");
	value->kind = type == TYPE_SZ || type == TYPE_EXPAND_SZ ? REGFILE_STRING : REGFILE_OTHER;
	return get_quoted(p, &value->text);
}

/* "hex:" or "hex(7):" and the bytes */
static enum status get_hex_value(struct parser *p, struct regfile_value *value)
{
	uint32_t type = TYPE_BINARY;
	p->at += strlen("hex");
	if (!get_type(p, &type))
		return fail(p, STATUS_MALFORMED, "a type of data that is no hex(number)");

	uint8_t *bytes = NULL;
	size_t n = 0;
	enum status status = get_bytes(p, &bytes, &n);
	if (status != STATUS_OK)
		return status;
	decode(&p->registry->arena, p->wide ? 2 : 1, type, bytes, n, value);
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
	if (text_has_prefix(p->at, "str"))
		return get_str_value(p, value);
	if (*p->at == '-')
		return fail(p, STATUS_UNSUPPORTED, "the deletion of a value: this is no export");
	return fail(p, STATUS_MALFORMED, "a value of no known form");
}

/* @=... or "name"=...; `name` is what was understood of it. */
static enum status get_value(struct parser *p, struct regfile_value *value)
{
	enum status status = STATUS_OK;
	*value = (struct regfile_value){ .name = NULL };
	if (*p->at == '@') {
		p->at++;
		value->name = "";
	} else {
		status = get_quoted(p, &value->name);
	}
	if (status != STATUS_OK)
		return status;
	skip_blanks(p);
	if (*p->at != '=')
		return fail(p, STATUS_MALFORMED, "a name without a value");
	p->at++;
	skip_blanks(p);
	status = get_data(p, value);
	return status == STATUS_OK ? end_line(p) : status;
}

static enum status keep_value(struct parser *p, const struct regfile_value *value)
{
	if (!p->key || !value->name)
		return STATUS_OK;
	struct regfile_key *key = p->key;
	key->values = mem_make_room(key->values, key->n_values, &key->room, sizeof *value);
	key->values[key->n_values++] = *value;
	return count_one(p);
}

/* Does a line of its own begin here, rather than one more of the value before? */
static bool begins_something(const struct parser *p)
{
	const char *at = p->at + strspn(p->at, " \t");
	return *at == '\0' || strchr("[\"@;\n", *at);
}

/* Steps over what is not understood, which begins at `at`, and notes it. */
static void skip(struct parser *p, const char *at, size_t line)
{
	struct regfile *r = p->registry;
	if (r->n_skipped < REGFILE_MAX_SKIPPED)
		r->skipped[r->n_skipped] = *p->error;
	r->n_skipped++;
	p->at = at;
	p->line = line;
	do
		next_line(p);
	while (!begins_something(p));
}

static enum status take_value(struct parser *p)
{
	const char *at = p->at;
	const size_t line = p->line;
	struct regfile_value value;
	enum status status = get_value(p, &value);
	if (p->foreign && status == STATUS_MALFORMED) {
		p->at = at;
		p->line = line;
		p->doubles = true;
		status = get_value(p, &value);
		p->doubles = false;
	}
	if (status == STATUS_MALFORMED || status == STATUS_LIMIT) {
		value.kind = REGFILE_UNREADABLE;
		value.text = arena_printf(&p->registry->arena, "line %lu of its export: %s",
					  (unsigned long)p->error->line, p->error->text);
		skip(p, at, line);
		status = STATUS_OK;
	}
	return status == STATUS_OK ? keep_value(p, &value) : status;
}

static enum status get_line(struct parser *p)
{
	skip_blanks(p);
	if (at_end_of_line(p) || *p->at == ';') {
		next_line(p);
		return STATUS_OK;
	}
	if (*p->at == '"' || *p->at == '@')
		return take_value(p);

	const char *at = p->at;
	enum status status = STATUS_MALFORMED;
	if (*at == '[')
		status = get_key(p);
	else
		(void)fail(p, status, "a line that is neither key nor value");
	if (status == STATUS_MALFORMED) {
		skip(p, at, p->line);
		status = STATUS_OK;
	}
	return status;
}

static enum status parse(struct parser *p)
{
	while (*p->at == '\n')
		next_line(p);
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
	struct text_file file;
	arena_init(&scratch);
	const char *wrong = text_file_decode(&scratch, bytes, n, &file);
	enum status status = STATUS_OK;
	if (wrong) {
		status = fail(&p, STATUS_MALFORMED, wrong);
	} else {
		p.at = file.text;
		p.foreign = file.form == TEXT_FILE_CODE_PAGE;
		status = parse(&p);
	}
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
