#include "agent/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/config/file.h"
#include "agent/config/registry.h"
#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "proto/base/mem.h"

/* All that was read at one time. */
struct reading {
	struct arena arena;
	struct layers layers;
	struct layers_result result;
};

struct config {
	const struct layers *command_line;
	const char *file; /* NULL: none */
	bool file_found;
	struct host *host;
	struct options options;
	struct reading *now;
	struct reading *before; /* its texts may still be in use */
	/* The last trouble with a whole place, which was logged; NULL: none. */
	char *file_trouble;
	char *registry_trouble;
};

static struct reading *reading_new(void)
{
	struct reading *reading = mem_alloc(sizeof *reading);

	arena_init(&reading->arena);
	reading->layers.arena = &reading->arena;
	return reading;
}

static void reading_free(struct reading *reading)
{
	if (reading)
		arena_deinit(&reading->arena);
	free(reading);
}

/* Adds those values of `from` that are of this layer. */
static void copy_layer(struct layers *to, const struct layers *from, enum layer layer)
{
	for (const struct layer_value *v = from->first; v; v = v->next) {
		if (v->layer != layer)
			continue;
		if (v->wrong && v->text[0] == '\0')
			layers_add_unreadable(to, v->setting, layer, v->where, v->wrong);
		else
			layers_add(to, v->setting, layer, v->where, v->text);
	}
}

static const char *still_counts(struct arena *arena, const char *error)
{
	return error ? arena_printf(arena, "%s; what was read there before goes on to count", error)
		     : NULL;
}

/* A file that cannot be used any more stays as it was. One that is gone says nothing any more. */
static void reread_file(struct config *c, struct reading *reading)
{
	struct layers found = { .arena = &reading->arena };
	const char *error = NULL;
	enum status status = c->file ? config_file_read(&found, c->file, &error) : STATUS_NOT_FOUND;
	bool good = status == STATUS_OK || status == STATUS_NOT_FOUND;

	copy_layer(&reading->layers, good ? &found : &c->now->layers, LAYER_FILE);
	c->file_found = status == STATUS_OK;
	log_trouble(&c->file_trouble, good ? NULL : still_counts(&reading->arena, error));
}

/* Reads the registry. A directory that stands for the disk may have none. */
static void reread_registry(struct config *c, struct reading *reading)
{
	struct layers found = { .arena = &reading->arena };
	const char *error = NULL;
	const char *ignored = NULL;
	bool good = config_registry_read(&found, c->host, &ignored, &error) == STATUS_OK;
	const struct layers *from = good ? &found : &c->now->layers;

	copy_layer(&reading->layers, from, LAYER_POLICY);
	copy_layer(&reading->layers, from, LAYER_INSTALLER);
	const char *trouble = ignored;
	if (!good)
		trouble = c->options.image_root ? NULL : still_counts(&reading->arena, error);
	log_trouble(&c->registry_trouble, trouble);
}

/* Adds to the file's values what the other places hold, and decides. */
static void complete(struct config *c, struct reading *reading, const struct layers_result *last)
{
	copy_layer(&reading->layers, c->command_line, LAYER_COMMAND_LINE);
	if (c->host && !c->options.disk_only)
		reread_registry(c, reading);
	layers_resolve(&reading->layers, last, &reading->result);
}

/* Is there already such a complaint about the value at this place? */
static bool was_logged(const struct reading *before, const struct layer_value *value)
{
	const struct layer_value *v = before ? before->layers.first : NULL;

	for (; v; v = v->next) {
		if (v->use == LAYER_INVALID && strcmp(v->where, value->where) == 0 &&
		    strcmp(v->text, value->text) == 0)
			return true;
	}
	return false;
}

/* Logs which values do not count; true if there are such that were not there before. */
static bool log_wrong_values(const struct reading *reading, const struct reading *before)
{
	bool news = false;

	for (const struct layer_value *v = reading->layers.first; v; v = v->next) {
		bool shown = v->text[0] != '\0' && !setting_is_secret(v->setting, v->text);
		if (v->use != LAYER_INVALID || was_logged(before, v))
			continue;
		log_warning("%s%s%s does not count: expected %s", v->where, shown ? " = " : "",
			    shown ? v->text : "", v->wrong);
		news = true;
	}
	return news;
}

static const char *or_none(const char *text)
{
	return text ? text : "not set";
}

/* Logs what changed; gives the groups in which something did. */
static unsigned tell_changes(const struct layers_result *before, const struct layers_result *now)
{
	unsigned changed = 0;
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	for (size_t i = 0; i < n; i++) {
		const struct layer_choice *was = &before->choices[i];
		const struct layer_choice *is = &now->choices[i];
		if (was->text == is->text ||
		    (was->text && is->text && strcmp(was->text, is->text) == 0))
			continue;
		log_info("the setting %s is now: %s (%s); before: %s (%s)", all[i].value.name,
			 or_none(is->text), layer_name(is->layer), or_none(was->text),
			 layer_name(was->layer));
		changed |= all[i].group;
	}
	return changed;
}

/* From now on this reading counts. */
static void adopt(struct config *c, struct reading *reading)
{
	reading_free(c->before);
	c->before = c->now;
	c->now = reading;
	c->options = reading->result.options;
}

enum status config_open(struct config **out, const struct layers *options, const char *file,
			const char **error)
{
	struct config *c = mem_alloc(sizeof *c);
	struct reading *reading = reading_new();
	enum status status = STATUS_OK;

	c->command_line = options;
	c->file = file ? file : files_default_config(options->arena);
	if (c->file)
		status = config_file_read(&reading->layers, c->file, error);
	if (status == STATUS_NOT_FOUND && !file)
		status = STATUS_OK;
	if (status != STATUS_OK)
		*error = arena_strdup(options->arena, *error);
	complete(c, reading, NULL);
	adopt(c, reading);
	if (status == STATUS_OK && c->options.disk_only && !c->options.image_root) {
		*error = "--disk-only needs --windows-root: the disk that is to be judged";
		status = STATUS_INVALID;
	}
	if (status != STATUS_OK)
		config_close(c);
	else
		*out = c;
	return status;
}

void config_close(struct config *config)
{
	if (!config)
		return;
	reading_free(config->now);
	reading_free(config->before);
	free(config->file_trouble);
	free(config->registry_trouble);
	free(config);
}

void config_use_host(struct config *config, struct host *host)
{
	struct reading *reading = reading_new();

	config->host = host;
	reread_file(config, reading);
	complete(config, reading, NULL);
	(void)log_wrong_values(reading, NULL);
	adopt(config, reading);
}

unsigned config_refresh(struct config *config)
{
	struct reading *reading = reading_new();

	reread_file(config, reading);
	complete(config, reading, &config->now->result);
	bool news = log_wrong_values(reading, config->now);
	unsigned changed = tell_changes(&config->now->result, &reading->result);
	if (news || changed != 0)
		adopt(config, reading);
	else
		reading_free(reading);
	return changed;
}

const struct options *config_options(const struct config *config)
{
	return &config->options;
}

const struct layers *config_layers(const struct config *config)
{
	return &config->now->layers;
}

const struct layers_result *config_result(const struct config *config)
{
	return &config->now->result;
}

const char *config_file(const struct config *config)
{
	return config->file;
}

bool config_file_found(const struct config *config)
{
	return config->file_found;
}
