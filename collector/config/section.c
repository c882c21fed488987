#include "collector/config/section.h"

#include <string.h>

#include "collector/config/value_list.h"

/* Every kind, and whether its sections have names. */
static const struct {
	const char *kind;
	bool named;
} kinds[] = {
	{ "alerts", false },
	{ "hook", true },
	{ "maintenance", true },
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

static bool is_name(const char *text)
{
	size_t n =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
	return n > 0 && n <= SECTION_MAX_NAME && text[n] == '\0';
}

static const struct section *find_section(const struct sections *sections, const char *kind,
					  const char *name)
{
	const struct section *s = sections->first;
	while (s && (strcmp(s->kind, kind) != 0 || strcmp(s->name, name) != 0))
		s = s->next;
	return s;
}

static void append(struct sections *sections, struct section *section)
{
	if (sections->last)
		sections->last->next = section;
	else
		sections->first = section;
	sections->last = section;
}

static void add_kind_fault(const struct section *section, struct arena *arena,
			   struct faults *faults)
{
	struct suggestion meant = suggest_begin(section->kind);

	for (size_t i = 0; i < N_KINDS; i++)
		suggest_try(&meant, kinds[i].kind);
	faults_add_unknown(faults, arena, section->place, "kind of section", &meant,
			   "there are alerts, hook and maintenance");
}

/* Says what is wrong with a heading, if anything. */
static void check_section(const struct sections *sections, const struct section *section,
			  struct arena *arena, struct faults *faults)
{
	const struct section *before = find_section(sections, section->kind, section->name);
	size_t i = 0;

	while (i < N_KINDS && strcmp(kinds[i].kind, section->kind) != 0)
		i++;
	if (i == N_KINDS)
		add_kind_fault(section, arena, faults);
	else if (kinds[i].named && !is_name(section->name))
		faults_add(faults, arena,
			   "%s: a section [%s NAME] needs a name of 1 to %d letters, digits, '-', "
			   "'_' or '.'",
			   section->place, section->kind, SECTION_MAX_NAME);
	else if (!kinds[i].named && *section->name)
		faults_add(faults, arena, "%s: a section [%s] has no name", section->place,
			   section->kind);
	else if (before)
		faults_add(faults, arena, "%s: this section began before: %s", section->place,
			   before->place);
}

void sections_begin(struct sections *sections, char *line, const char *place, struct arena *arena,
		    struct faults *faults)
{
	struct section *section = arena_alloc(arena, sizeof *section);
	size_t n = strlen(line);
	bool closed = n > 1 && line[n - 1] == ']';

	if (closed) {
		line[--n] = '\0';
		while (strchr(" \t", line[n - 1]))
			line[--n] = '\0';
	}
	char *kind = line + 1 + strspn(line + 1, " \t");
	size_t length = strcspn(kind, " \t");
	const char *name = kind + length + strspn(kind + length, " \t");

	*section = (struct section){ .kind = arena_strndup(arena, kind, length),
				     .name = arena_strdup(arena, name),
				     .place = place };
	if (closed)
		check_section(sections, section, arena, faults);
	else
		faults_add(faults, arena, "%s: expected [KIND] or [KIND NAME]", place);
	append(sections, section);
}

void sections_add(struct sections *sections, const char *key, const char *value, const char *place,
		  struct arena *arena)
{
	struct section_entry *entry = arena_alloc(arena, sizeof *entry);
	struct section *section = sections->last;

	*entry = (struct section_entry){ .key = key, .value = value, .place = place };
	if (section->last)
		section->last->next = entry;
	else
		section->first = entry;
	section->last = entry;
}

static const struct section_entry *find_entry(const struct section *section, const char *key,
					      const struct section_entry *until)
{
	const struct section_entry *e = section->first;
	while (e != until && strcmp(e->key, key) != 0)
		e = e->next;
	return e == until ? NULL : e;
}

static const struct section_key *find_key(const struct section_key *keys, size_t n,
					  const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i].value.name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static void add_unknown_fault(const struct section *section, const struct section_entry *entry,
			      const struct section_key *keys, size_t n_keys, struct arena *arena,
			      struct faults *faults)
{
	struct suggestion meant = suggest_begin(entry->key);

	for (size_t i = 0; i < n_keys; i++)
		suggest_try(&meant, keys[i].value.name);
	faults_add_unknown(faults, arena, entry->place,
			   arena_printf(arena, "key of [%s]", section->kind), &meant, NULL);
}

static void read_entry(const struct section *section, const struct section_entry *entry,
		       const struct section_key *keys, size_t n_keys, void *into,
		       struct arena *arena, struct faults *faults)
{
	const struct section_key *key = find_key(keys, n_keys, entry->key);
	const struct section_entry *before = find_entry(section, entry->key, entry);

	if (!key) {
		add_unknown_fault(section, entry, keys, n_keys, arena, faults);
		return;
	}
	if (before && !key->repeats)
		faults_add(faults, arena, "%s: %s was set before: %s", entry->place,
			   key->value.name, before->place);
	const char *wanted = value_apply(&key->value, entry->value, into, arena);
	if (wanted)
		faults_add(faults, arena, "%s: %s \"%s\": expected %s", entry->place,
			   key->value.name, value_shown(entry->value, arena), wanted);
}

void section_read(const struct section *section, const struct section_key *keys, size_t n_keys,
		  void *into, struct arena *arena, struct faults *faults)
{
	for (const struct section_entry *e = section->first; e; e = e->next)
		read_entry(section, e, keys, n_keys, into, arena, faults);
	for (size_t i = 0; i < n_keys; i++) {
		if (keys[i].required && !find_entry(section, keys[i].value.name, NULL))
			faults_add(faults, arena, "%s: [%s%s%s] lacks the key %s", section->place,
				   section->kind, *section->name ? " " : "", section->name,
				   keys[i].value.name);
	}
}
