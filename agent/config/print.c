#include "agent/config/print.h"

#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "proto/base/printable.h"
#include "proto/json/write.h"

#define SHOWN_MAX 4096 /* bytes of one value for people; longer ones are cut */

/* The default as text; NULL: the setting has none. */
static const char *fallback_of(const struct setting *setting, struct arena *arena)
{
	if (setting->fallback_text)
		return setting->fallback_text;
	if (strcmp(setting->value.name, "state-dir") == 0)
		return files_default_state_dir(arena);
	if (setting->value.read == value_switch)
		return "no";
	if (setting->value.read != value_number || setting->fallback == 0)
		return NULL;
	return arena_printf(arena, "%ld", (long)setting->fallback);
}

static bool is_configured(const struct setting *setting)
{
	return (setting->group & SETTING_CONFIGURED) != 0;
}

static const char *shown_text(const struct layer_value *value)
{
	if (setting_is_secret(value->setting, value->text))
		return "(not shown)";
	return value->text[0] != '\0' ? value->text : "(not readable)";
}

/* "    overrides 70 (installer: HKLM\...)" */
static void print_loser(FILE *stream, const struct layer_value *value)
{
	char clean[SHOWN_MAX];
	char wrong[SHOWN_MAX];

	if (value->use == LAYER_USED)
		return;
	fprintf(stream, "    %s %s (%s, %s)",
		value->use == LAYER_INVALID ? "does not count:" : "goes over",
		printable(clean, sizeof clean, shown_text(value)), layer_name(value->layer),
		value->where);
	if (value->use == LAYER_INVALID)
		fprintf(stream, ": expected %s", printable(wrong, sizeof wrong, value->wrong));
	fputc('\n', stream);
}

static void print_chosen(FILE *stream, const char *name, const char *text, enum layer layer,
			 const char *where)
{
	char clean[SHOWN_MAX];

	fprintf(stream, "%-20s %s (%s%s%s)\n", name,
		text ? printable(clean, sizeof clean, text) : "not set", layer_name(layer),
		where ? ", " : "", where ? where : "");
}

/* Peers come from several values, each of which has its own line. */
static void print_peers(FILE *stream, const struct config *config, const struct setting *setting)
{
	for (const struct layer_value *v = config_layers(config)->first; v; v = v->next) {
		if (v->setting == setting && v->use == LAYER_USED)
			print_chosen(stream, setting->value.name, v->text, v->layer, v->where);
	}
}

static void print_setting(FILE *stream, const struct config *config, const struct setting *setting,
			  const struct layer_choice *choice, struct arena *arena)
{
	if (choice->text && setting->value.read == setting_read_peers)
		print_peers(stream, config, setting);
	else
		print_chosen(stream, setting->value.name,
			     choice->text ? choice->text : fallback_of(setting, arena),
			     choice->layer, choice->where);
	if (choice->kept)
		fprintf(stream, "    kept from before\n");
	for (const struct layer_value *v = config_layers(config)->first; v; v = v->next) {
		if (v->setting == setting)
			print_loser(stream, v);
	}
}

bool config_print_text(FILE *stream, const struct config *config)
{
	struct arena arena;
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	arena_init(&arena);
	fprintf(stream, "%-20s %s (%s)\n", "configuration file",
		config_file(config) ? config_file(config) : "none",
		config_file_found(config) ? "read" : "not there");
	for (size_t i = 0; i < n; i++) {
		if (is_configured(&all[i]))
			print_setting(stream, config, &all[i], &config_result(config)->choices[i],
				      &arena);
	}
	arena_deinit(&arena);
	return fflush(stream) == 0 && !ferror(stream);
}

/* The values of a setting that have this use. */
static void put_values(struct buffer *out, const char *name, const struct config *config,
		       const struct setting *setting, enum layer_use use)
{
	json_open_array(out, name);
	for (const struct layer_value *v = config_layers(config)->first; v; v = v->next) {
		if (v->setting != setting || v->use != use)
			continue;
		json_open_object(out, NULL);
		json_put_text(out, "origin", layer_name(v->layer));
		json_put_text(out, "where", v->where);
		json_put_text(out, "value",
			      v->text[0] == '\0' || setting_is_secret(v->setting, v->text)
				      ? NULL
				      : v->text);
		if (v->wrong)
			json_put_text(out, "expected", v->wrong);
		json_close_object(out);
	}
	json_close_array(out);
}

static void put_setting(struct buffer *out, const struct config *config,
			const struct setting *setting, const struct layer_choice *choice,
			struct arena *arena)
{
	json_open_object(out, NULL);
	json_put_text(out, "name", setting->value.name);
	json_put_text(out, "value_name", setting->value_name);
	json_put_text(out, "value", choice->text ? choice->text : fallback_of(setting, arena));
	json_put_text(out, "origin", layer_name(choice->layer));
	json_put_text(out, "where", choice->where);
	json_put_bool(out, "kept", choice->kept);
	put_values(out, "sources", config, setting, LAYER_USED);
	put_values(out, "overrides", config, setting, LAYER_OVERRIDDEN);
	put_values(out, "invalid", config, setting, LAYER_INVALID);
	json_close_object(out);
}

bool config_print_json(FILE *stream, const struct config *config)
{
	struct arena arena;
	struct buffer out = { 0 };
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	arena_init(&arena);
	json_open_object(&out, NULL);
	json_put_text(&out, "file", config_file(config));
	json_put_bool(&out, "file_found", config_file_found(config));
	json_open_array(&out, "settings");
	for (size_t i = 0; i < n; i++) {
		if (is_configured(&all[i]))
			put_setting(&out, config, &all[i], &config_result(config)->choices[i],
				    &arena);
	}
	json_close_array(&out);
	json_close_object(&out);
	char *json = buffer_take_text(&out);
	fprintf(stream, "%s\n", json);
	free(json);
	arena_deinit(&arena);
	return fflush(stream) == 0 && !ferror(stream);
}

bool config_has_invalid(const struct config *config)
{
	for (const struct layer_value *v = config_layers(config)->first; v; v = v->next) {
		if (v->use == LAYER_INVALID)
			return true;
	}
	return false;
}
