/*
 * Any bytes as a configuration file and, with the same values, as what stands in the registry: what
 * counts is valid, and what is valid stays itself when it is read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/file.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The value of every setting that is set can be applied on its own. */
static void check_choices(const struct layers *layers, const struct layers_result *result)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);
	struct options *again = arena_alloc(layers->arena, sizeof *again);

	options_init(again);
	for (size_t i = 0; i < n; i++) {
		const struct layer_choice *choice = &result->choices[i];
		if ((choice->text == NULL) != (choice->layer == LAYER_DEFAULT))
			abort();
		if (choice->text && (setting_is_secret(&all[i], choice->text) ||
				     setting_apply(&all[i], choice->text, layers->arena, again)))
			abort();
	}
	if (again->peers.n != result->options.peers.n ||
	    again->interval_s != result->options.interval_s ||
	    again->pins.n != result->options.pins.n)
		abort();
}

/* Each word of the text as the value of each setting, as nobody has checked it before. */
static void resolve_unchecked(struct arena *arena, const char *text)
{
	struct layers layers = { .arena = arena };
	struct layers_result first;
	struct layers_result second;
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	for (size_t i = 0; i < n; i++)
		layers_add(&layers, &all[i], LAYER_POLICY, "policy", text);
	layers_resolve(&layers, NULL, &first);
	check_choices(&layers, &first);
	layers_resolve(&layers, &first, &second);
	check_choices(&layers, &second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct layers_result result;
	const char *error = NULL;
	char *text = mem_strndup((const char *)data, size);

	if (size > CONFIG_FILE_MAX) {
		free(text);
		return 0;
	}
	arena_init(&arena);
	resolve_unchecked(&arena, text);
	struct layers layers = { .arena = &arena };
	if (config_file_parse(&layers, "file", text, size, &error) == STATUS_OK) {
		layers_resolve(&layers, NULL, &result);
		check_choices(&layers, &result);
	} else if (!error || strncmp(error, "file:", 5) != 0) {
		abort();
	}
	arena_deinit(&arena);
	free(text);
	return 0;
}
