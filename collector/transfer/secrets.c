#include "collector/transfer/secrets.h"

#include <string.h>

#include "collector/crypto/base64.h"
#include "collector/transfer/transfer.h"
#include "proto/base/buffer.h"
#include "proto/base/text.h"
#include "proto/json/write.h"

/* Bytes from which on a text is taken for a secret; to strike "no" would hide nothing. */
#define MIN_SECRET     ((size_t)4)
#define MIN_PATH_PART  ((size_t)16) /* of the path of a URL */
#define MIN_QUERY_PART ((size_t)8)  /* of a value in its query */

static void add_one(struct transfer_secrets *out, const char *text, struct arena *arena)
{
	if (strlen(text) >= MIN_SECRET && out->n < TRANSFER_SECRETS_MAX)
		out->texts[out->n++] = arena_strdup(arena, text);
}

/* As JSON has it, where it differs. */
static const char *escaped(const char *text, struct arena *arena)
{
	struct buffer out;

	buffer_init(&out);
	json_put_text(&out, NULL, text);
	const char *copy = arena_strndup(arena, out.bytes + 1, out.size - 2); /* quotes */
	buffer_deinit(&out);
	return copy;
}

static void add_secret(struct transfer_secrets *out, const char *text, struct arena *arena)
{
	const char *json = escaped(text, arena);

	add_one(out, text, arena);
	if (strcmp(json, text) != 0)
		add_one(out, json, arena);
}

/* As Basic (RFC 7617), and as SMTP's LOGIN and PLAIN (RFC 4616) have them. */
static void add_login(struct transfer_secrets *out, const char *user, const char *password,
		      struct arena *arena)
{
	if (!password)
		return;
	const char *basic = arena_printf(arena, "%s:%s", user ? user : "", password);
	size_t n = strlen(basic);
	char *plain = arena_strdup(arena, arena_printf(arena, ".%s", basic));

	plain[0] = '\0';
	plain[1 + strcspn(basic, ":")] = '\0';
	add_secret(out, password, arena);
	add_one(out, base64_encode(basic, n, arena), arena);
	add_one(out, base64_encode(password, strlen(password), arena), arena);
	add_one(out, base64_encode(plain, n + 1, arena), arena);
}

/* "Authorization: Bearer TOKEN" */
static void add_field(struct transfer_secrets *out, const char *field, struct arena *arena)
{
	if (!text_has_prefix(field, "Authorization: "))
		return;
	const char *value = strrchr(field, ' ') + 1;
	add_secret(out, value, arena);
}

/* The parts of a URL between `marks` that are at least `least` bytes long; `text` is cut. */
static void add_parts(struct transfer_secrets *out, char *text, const char *marks, size_t least,
		      struct arena *arena)
{
	char *rest = NULL;

	for (char *part = strtok_r(text, marks, &rest); part; part = strtok_r(NULL, marks, &rest)) {
		if (strlen(part) >= least)
			add_secret(out, part, arena);
	}
}

static void add_url(struct transfer_secrets *out, const char *url, struct arena *arena)
{
	const char *host = strstr(url, "://");
	const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : "";
	size_t n = strcspn(path, "?#");

	add_parts(out, arena_strdup(arena, path + n), "?&=#", MIN_QUERY_PART, arena);
	add_parts(out, arena_strndup(arena, path, n), "/", MIN_PATH_PART, arena);
}

void transfer_secrets_collect(const struct transfer_request *request, struct arena *arena,
			      struct transfer_secrets *out)
{
	*out = (struct transfer_secrets){ .n = 0 };
	for (size_t i = 0; i < request->n_fields; i++)
		add_field(out, request->fields[i], arena);
	add_login(out, request->user, request->password, arena);
	add_login(out, request->proxy_user, request->proxy_password, arena);
	if (request->body_secret)
		add_secret(out, request->body_secret, arena);
	if (request->hides_url)
		add_url(out, request->url, arena);
}

/* `text` without `secret`. */
static const char *strike_one(const char *text, size_t *n, const char *secret, struct arena *arena)
{
	size_t length = strlen(secret);
	const char *found = memmem(text, *n, secret, length);
	const char *at = text;
	struct buffer out;

	if (!found)
		return text;
	buffer_init(&out);
	for (; found; found = memmem(at, *n - (size_t)(at - text), secret, length)) {
		buffer_add(&out, at, (size_t)(found - at));
		buffer_add_text(&out, TRANSFER_HIDDEN);
		at = found + length;
	}
	buffer_add(&out, at, *n - (size_t)(at - text));
	char *copy = arena_alloc(arena, out.size + 1);
	memcpy(copy, out.bytes, out.size);
	copy[out.size] = '\0';
	*n = out.size;
	buffer_deinit(&out);
	return copy;
}

const char *transfer_secrets_strike(const struct transfer_secrets *secrets, const char *text,
				    size_t *n, struct arena *arena)
{
	for (size_t i = 0; i < secrets->n; i++)
		text = strike_one(text, n, secrets->texts[i], arena);
	return text;
}
