#include "agent/config/file.h"

#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"

struct parsing {
	struct layers *layers;
	const char *path;
	unsigned line;           /* from 1 */
	struct options *scratch; /* takes the values, to see whether they are valid */
};

static char *trim(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text + strspn(text, " \t");
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
	char *key = trim(line);
	char *equals = strchr(key, '=');

	if (*key == '\0' || *key == '#' || *key == ';')
		return NULL;
	if (!equals)
		return "expected KEY = VALUE";
	*equals = '\0';
	return take_value(p, trim(key), trim(equals + 1));
}

enum status config_file_parse(struct layers *layers, const char *path, char *text, size_t n,
			      const char **error)
{
	struct parsing p = { .layers = layers, .path = path };
	bool has_bom = strncmp(text, "\xef\xbb\xbf", 3) == 0; /* Notepad writes one */
	char *next = NULL;

	if (strlen(text) != n) {
		*error = arena_printf(layers->arena, "%s: it is no text", path);
		return STATUS_INVALID;
	}
	p.scratch = arena_alloc(layers->arena, sizeof *p.scratch);
	options_init(p.scratch);
	for (char *line = has_bom ? text + 3 : text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		p.line++;
		const char *wrong = take_line(&p, line);
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
	enum status st = files_read(path, CONFIG_FILE_MAX, &text, &n);

	if (st != STATUS_OK) {
		*error =
			arena_printf(layers->arena, "could not read %s: %s", path, status_text(st));
		return st;
	}
	st = config_file_parse(layers, path, text, n, error);
	free(text);
	return st;
}
