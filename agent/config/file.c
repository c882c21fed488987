#include "agent/config/file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "proto/base/text.h"
#include "proto/base/text_file.h"

struct parsing {
	struct layers *layers;
	const char *path;
	unsigned line;           /* from 1 */
	struct options *scratch; /* takes the values, to see whether they are valid */
};

/* Takes off the quotes around a value, as people put them; false: only one is there. */
static bool unquote(char **value)
{
	size_t n = strlen(*value);
	char first = **value;

	if (first != '"' && first != '\'')
		return n == 0 || (*value)[n - 1] != '"';
	if (n < 2 || (*value)[n - 1] != first)
		return false;
	(*value)[n - 1] = '\0';
	(*value)++;
	return true;
}

static const char *take_value(struct parsing *p, const char *key, const char *value)
{
	struct arena *arena = p->layers->arena;
	const struct setting *setting = setting_find(key, strlen(key));

	if (!setting || !(setting->group & SETTING_CONFIGURED))
		return arena_printf(arena, "unknown key %s", key);
	const char *wanted = setting_apply(setting, value, arena, p->scratch);
	if (wanted)
		return arena_printf(arena, "%s%s%s: expected %s", key,
				    setting_is_secret(setting, value) ? "" : " = ",
				    setting_is_secret(setting, value) ? "" : value, wanted);
	layers_add(p->layers, setting, LAYER_FILE, arena_printf(arena, "%s:%u", p->path, p->line),
		   value);
	return NULL;
}

/* Takes one line; says what is wrong with it, else NULL. */
static const char *take_line(struct parsing *p, char *line)
{
	char *key = text_trim(line);
	char *equals = strchr(key, '=');

	if (*key == '\0' || *key == '#' || *key == ';')
		return NULL;
	if (!equals)
		return "expected KEY = VALUE";
	*equals = '\0';
	key = text_trim(key);
	char *value = text_trim(equals + 1);
	if (!unquote(&value))
		return arena_printf(p->layers->arena, "%s: a value with one quote, not two", key);
	return take_value(p, key, value);
}

enum status config_file_parse(struct layers *layers, const char *path, const char *bytes, size_t n,
			      const char **error)
{
	struct parsing p = { .layers = layers, .path = path };
	struct text_file file;
	const char *wrong = text_file_decode_utf8(layers->arena, bytes, n, &file);

	if (wrong) {
		*error = arena_printf(layers->arena, "%s: %s", path, wrong);
		return STATUS_INVALID;
	}
	p.scratch = arena_alloc(layers->arena, sizeof *p.scratch);
	options_init(p.scratch);
	char *at = file.text;
	for (char *line = NULL; (line = text_file_next_line(&at)) != NULL;) {
		p.line++;
		wrong = take_line(&p, line);
		if (wrong) {
			*error = arena_printf(layers->arena, "%s:%u: %s", path, p.line, wrong);
			return STATUS_INVALID;
		}
	}
	return STATUS_OK;
}

enum status config_file_read(struct layers *layers, const char *path, const char **error)
{
	char *text = NULL;
	size_t n = 0;
	enum status status = files_read(path, CONFIG_FILE_MAX, &text, &n);

	if (status != STATUS_OK) {
		*error = arena_printf(layers->arena, "could not read %s: %s", path,
				      status_text(status));
		return status;
	}
	status = config_file_parse(layers, path, text, n, error);
	free(text);
	return status;
}
