#include "agent/config/options.h"

const char *option_urls_text(const struct option_urls *urls, struct arena *arena)
{
	const char *text = urls->list[0];

	for (size_t i = 1; i < urls->n; i++)
		text = arena_printf(arena, "%s, %s", text, urls->list[i]);
	return text;
}

void options_init(struct options *options)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	*options = (struct options){ .log_level = LOG_LEVEL_INFO };
	for (size_t i = 0; i < n; i++) {
		if (all[i].value.read == value_number)
			*(int64_t *)(void *)((char *)options + all[i].value.offset) =
				all[i].fallback;
	}
}
