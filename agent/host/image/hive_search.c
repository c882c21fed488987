#include "agent/host/image/hive_search.h"

#include <string.h>

#include "agent/host/disk.h"
#include "proto/base/text.h"

struct search {
	struct arena *arena;
	struct hive_place *out;
	size_t n;
};

static const char *key_of(const char *name)
{
	if (text_equal(name, "system"))
		return "SYSTEM";
	return text_equal(name, "software") ? "SOFTWARE" : NULL;
}

/* A name that people give to a hive that they save. */
static bool has_ending(const char *name)
{
	static const char *const endings[] = { ".hiv", ".hive", ".hve" };
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
		if (text_equal(dot, endings[i]))
			return true;
	}
	return false;
}

static bool is_directory(const char *path)
{
	struct disk_facts facts;
	struct os_error ignored;
	return disk_stat(path, &facts, &ignored) == STATUS_OK && facts.directory;
}

static void add_place(struct search *s, const char *path, const char *key)
{
	if (s->n < HIVE_SEARCH_MAX && !is_directory(path))
		s->out[s->n++] = (struct hive_place){ path, key };
}

/* The names in a directory; none where it is none. */
static size_t list_directory(struct search *s, const char *dir, const char ***names)
{
	struct os_error ignored;
	size_t n = 0;
	return disk_list(dir, s->arena, names, &n, &ignored) == STATUS_OK ? n : 0;
}

static void look_into(struct search *s, const char *dir, bool endings)
{
	const char **names = NULL;
	const size_t n = list_directory(s, dir, &names);
	for (size_t i = 0; i < n; i++) {
		const char *key = key_of(names[i]);
		if (!key && endings && has_ending(names[i]))
			key = "";
		if (key)
			add_place(s, disk_join(s->arena, dir, names[i]), key);
	}
}

/* Steps down by names in any case, then looks. */
static void look_below(struct search *s, const char *dir, const char *const *way)
{
	const char **names = NULL;
	if (!*way) {
		look_into(s, dir, false);
		return;
	}
	const size_t n = list_directory(s, dir, &names);
	for (size_t i = 0; i < n; i++) {
		if (text_equal(names[i], *way))
			look_below(s, disk_join(s->arena, dir, names[i]), way + 1);
	}
}

static const char *const to_config[] = { "system32", "config", NULL };

/* Every folder of a drive may be a system root: WINNT, WINNT.SRV, WINDOWS. */
static void look_into_drive(struct search *s, const char *drive)
{
	const char **names = NULL;
	const size_t n = list_directory(s, drive, &names);
	for (size_t i = 0; i < n; i++)
		look_below(s, disk_join(s->arena, drive, names[i]), to_config);
}

static bool is_drive(const char *name)
{
	return text_is_letter(name[0]) && (name[1] == '\0' || (name[1] == ':' && name[2] == '\0'));
}

size_t hive_search(const char *dir, struct arena *arena, struct hive_place out[HIVE_SEARCH_MAX])
{
	struct search s = { arena, out, 0 };
	const char **names = NULL;
	const size_t n = list_directory(&s, dir, &names);
	for (size_t i = 0; i < n; i++) {
		if (is_drive(names[i]))
			look_into_drive(&s, disk_join(arena, dir, names[i]));
	}
	look_into_drive(&s, dir);
	look_below(&s, dir, to_config);     /* the system root itself */
	look_below(&s, dir, to_config + 1); /* its folder config */
	look_into(&s, dir, true);
	return s.n;
}
