#include "agent/host/image/registry.h"

#include <string.h>

#include "agent/host/disk.h"
#include "agent/host/image/hive_search.h"
#include "agent/host/image/root.h"
#include "agent/platform/error.h"
#include "agent/platform/log.h"
#include "proto/base/fnv.h"
#include "proto/base/text.h"

#define CURRENT          "SYSTEM\\CurrentControlSet"
#define MAX_CONTROL_SETS 9

/* The exports of the directory, as paths, and its hives. */
struct exports {
	const char *paths[IMAGE_ROOT_MAX_EXPORTS];
	size_t n;
	struct hive_place hives[HIVE_SEARCH_MAX];
	size_t n_hives;
	uint64_t fingerprint;
};

void image_registry_init(struct image_registry *registry, const char *dir)
{
	*registry = (struct image_registry){ .dir = dir };
	regfile_init(&registry->contents);
}

static void close_hives(struct image_registry *registry)
{
	hive_close(registry->system);
	hive_close(registry->software);
	registry->system = NULL;
	registry->software = NULL;
}

void image_registry_deinit(struct image_registry *registry)
{
	close_hives(registry);
	regfile_deinit(&registry->contents);
}

static void find_hives(const char *dir, struct arena *arena, struct exports *exports)
{
	struct disk_facts facts;
	struct os_error ignored; /* told when the hive is opened */
	exports->n_hives = hive_search(dir, arena, exports->hives);
	for (size_t i = 0; i < exports->n_hives; i++) {
		if (disk_stat(exports->hives[i].path, &facts, &ignored) == STATUS_OK)
			exports->fingerprint =
				disk_mark(exports->fingerprint, exports->hives[i].path, &facts);
	}
}

static enum status add_export(struct exports *exports, const char *path, struct os_error *error)
{
	struct disk_facts facts;
	enum status status = disk_stat(path, &facts, error);
	if (status != STATUS_OK || facts.directory)
		return status;
	if (exports->n == IMAGE_ROOT_MAX_EXPORTS)
		return os_fail(error, STATUS_LIMIT, OS_NO_CODE,
			       "more than %d registry exports beside %s", IMAGE_ROOT_MAX_EXPORTS,
			       path);
	exports->paths[exports->n++] = path;
	exports->fingerprint = disk_mark(exports->fingerprint, path, &facts);
	return STATUS_OK;
}

static enum status find_exports(const char *dir, struct arena *arena, struct exports *exports,
				struct os_error *error)
{
	const char **names = NULL;
	size_t n = 0;
	enum status status = disk_list(dir, arena, &names, &n, error);
	for (size_t i = 0; status == STATUS_OK && i < n; i++) {
		if (text_has_suffix(names[i], ".reg"))
			status = add_export(exports, disk_join(arena, dir, names[i]), error);
	}
	if (status == STATUS_OK)
		find_hives(dir, arena, exports);
	if (status == STATUS_OK && exports->n == 0 && exports->n_hives == 0)
		return os_fail(error, STATUS_SYSTEM, REPORT_ABSENT,
			       "registry: %s holds no export (*.reg) and no hive "
			       "(system, software in system32\\config)",
			       dir);
	return status;
}

/* Tells which lines of an export were left out; `before`: how many had been of earlier exports. */
static void tell_skipped(const struct regfile *contents, const char *path, size_t before)
{
	for (size_t i = before; i < contents->n_skipped && i < REGFILE_MAX_SKIPPED; i++)
		log_warning("registry export %s, line %lu: %s; it is left out", path,
			    (unsigned long)contents->skipped[i].line, contents->skipped[i].text);
	if (contents->n_skipped > before && contents->n_skipped > REGFILE_MAX_SKIPPED)
		log_warning("registry export %s: what cannot be read, in all exports so far: %lu",
			    path, (unsigned long)contents->n_skipped);
}

static enum status load_export(struct regfile *contents, const char *path, struct os_error *error)
{
	struct host_file file = { 0 };
	enum status status = disk_read(path, REGFILE_MAX_BYTES, &file, error);
	if (status != STATUS_OK)
		return status;

	struct regfile_error why = { 0 };
	const size_t before = contents->n_skipped;
	status = regfile_add(contents, file.bytes, file.size, &why);
	host_free_file(&file);
	tell_skipped(contents, path, before);
	if (status != STATUS_OK)
		return os_fail(error, status == STATUS_LIMIT ? status : STATUS_MALFORMED,
			       OS_NO_CODE, "registry export %s, line %lu: %s", path,
			       (unsigned long)why.line, why.text);
	return STATUS_OK;
}

/* The hive that a file is: by its place, or by a key that only this hive has. */
static const char *key_of_hive(const struct hive_place *place, struct hive *hive)
{
	if (*place->key)
		return place->key;
	if (hive_has_key(hive, "Select") || hive_has_key(hive, "ControlSet001"))
		return "SYSTEM";
	return hive_has_key(hive, "Microsoft") ? "SOFTWARE" : NULL;
}

static void tell_hive(const struct regfile *contents, const char *path, const char *key,
		      const struct hive *hive)
{
	bool both = regfile_has_key(contents, key);
	log_info("registry: HKLM\\%s is read from the hive %s%s", key, path,
		 both ? ", not from the exports beside it" : "");
	if (hive_is_dirty(hive))
		log_warning("hive %s was not closed by Windows: its last changes, which are in "
			    "its log, are not read",
			    path);
}

static void take_hive(struct image_registry *registry, const struct hive_place *place,
		      struct hive *hive)
{
	const char *key = key_of_hive(place, hive);
	struct hive **slot = !key                        ? NULL
			     : text_equal(key, "SYSTEM") ? &registry->system
							 : &registry->software;
	if (!slot || *slot) {
		log_warning("hive %s is not read: %s", place->path,
			    slot ? "another one of that kind was found before"
				 : "it is neither SYSTEM nor SOFTWARE");
		hive_close(hive);
		return;
	}
	*slot = hive;
	tell_hive(&registry->contents, place->path, key, hive);
}

/* A hive that cannot be read is a failure where no export stands in for it. */
static enum status load_hives(struct image_registry *registry, const struct exports *exports,
			      struct os_error *error)
{
	for (size_t i = 0; i < exports->n_hives; i++) {
		const struct hive_place *place = &exports->hives[i];
		struct hive *hive = NULL;
		enum status status = hive_open(&hive, place->path, error);
		if (status == STATUS_OK) {
			take_hive(registry, place, hive);
			continue;
		}
		log_warning("%s", error->text);
		if (*place->key && !regfile_has_key(&registry->contents, place->key))
			return status == STATUS_NOT_FOUND ? STATUS_SYSTEM : status;
	}
	return STATUS_OK;
}

static enum status load_exports(struct image_registry *registry, const struct exports *exports,
				struct os_error *error)
{
	enum status status = STATUS_OK;
	regfile_deinit(&registry->contents);
	regfile_init(&registry->contents);
	close_hives(registry);
	registry->loaded = false;
	for (size_t i = 0; status == STATUS_OK && i < exports->n; i++)
		status = load_export(&registry->contents, exports->paths[i], error);
	if (status == STATUS_OK)
		status = load_hives(registry, exports, error);
	if (status != STATUS_OK)
		return status;
	registry->loaded = true;
	registry->seen = exports->fingerprint;
	return STATUS_OK;
}

enum status image_registry_refresh(struct image_registry *registry, struct os_error *error)
{
	struct arena scratch;
	struct exports exports = { .fingerprint = FNV_BASIS };
	arena_init(&scratch);
	enum status status = find_exports(registry->dir, &scratch, &exports, error);
	if (status == STATUS_OK && !(registry->loaded && registry->seen == exports.fingerprint))
		status = load_exports(registry, &exports, error);
	arena_deinit(&scratch);
	return status;
}

/* The hive that a key is of, NULL: the exports tell; `path` becomes the key below the hive. */
static struct hive *hive_of(const struct image_registry *registry, const char *key,
			    const char **path)
{
	size_t n = strcspn(key, "\\");
	*path = key + n + (key[n] != '\0');
	if (n == strlen("SYSTEM") && text_has_prefix(key, "SYSTEM"))
		return registry->system;
	return n == strlen("SOFTWARE") && text_has_prefix(key, "SOFTWARE") ? registry->software
									   : NULL;
}

/* In the hive or the exports, as written: no other control set is tried. */
static bool has_key(const struct image_registry *registry, const char *key)
{
	const char *path = NULL;
	struct hive *hive = hive_of(registry, key, &path);
	return hive ? hive_has_key(hive, path) : regfile_has_key(&registry->contents, key);
}

static const struct regfile_value *find_value(const struct image_registry *registry,
					      const char *key, const char *name,
					      struct arena *arena)
{
	const char *path = NULL;
	struct hive *hive = hive_of(registry, key, &path);
	if (!hive)
		return regfile_find(&registry->contents, key, name);
	struct regfile_value *value = arena_alloc(arena, sizeof *value);
	return hive_find(hive, path, name, arena, value) == STATUS_OK ? value : NULL;
}

/* Number of the current control set: as Select tells, else the lowest that is there; 0: none. */
static unsigned current_set(const struct image_registry *registry, struct arena *arena)
{
	const struct regfile_value *set = find_value(registry, "SYSTEM\\Select", "Current", arena);
	if (set && set->kind == REGFILE_NUMBER)
		return set->number;
	for (unsigned i = 1; i <= MAX_CONTROL_SETS; i++) {
		if (has_key(registry, arena_printf(arena, "SYSTEM\\ControlSet%03u", i)))
			return i;
	}
	return 0;
}

/* The path of `key` in the current control set, or NULL: `key` is not in a control set. */
static const char *in_control_set(const struct image_registry *registry, const char *key,
				  struct arena *arena)
{
	const size_t n = sizeof CURRENT - 1;
	if (!text_has_prefix(key, CURRENT) || (key[n] != '\0' && key[n] != '\\'))
		return NULL;
	unsigned set = current_set(registry, arena);
	return set ? arena_printf(arena, "SYSTEM\\ControlSet%03u%s", set, key + n) : NULL;
}

static const struct regfile_value *find_in_current_set(const struct image_registry *registry,
						       const char *key, const char *name,
						       struct arena *arena)
{
	const struct regfile_value *value = find_value(registry, key, name, arena);
	const char *other = value ? NULL : in_control_set(registry, key, arena);
	return other ? find_value(registry, other, name, arena) : value;
}

/* Copies into the caller's arena: the registry may be read anew before the caller is done. */
static void copy_value(const struct regfile_value *value, struct arena *arena,
		       struct host_value *out)
{
	*out = (struct host_value){ .number = value->number };
	if (value->kind == REGFILE_STRING) {
		out->kind = HOST_VALUE_STRING;
		out->text = arena_strdup(arena, value->text);
	} else if (value->kind == REGFILE_NUMBER) {
		out->kind = HOST_VALUE_NUMBER;
	} else {
		out->kind = HOST_VALUE_LIST;
		out->list = arena_alloc_array(arena, value->n_list, sizeof *out->list);
		for (size_t i = 0; i < value->n_list; i++)
			out->list[out->n_list++] = arena_strdup(arena, value->list[i]);
	}
}

/* The first key parts that the exports hold, for people: "SOFTWARE\Microsoft, SYSTEM\Select". */
static const char *name_contents(const struct regfile *contents, struct arena *arena)
{
	const char *names = "";
	for (size_t i = 0; i < contents->n_keys && strlen(names) < 100; i++) {
		const char *path = contents->keys[i].path;
		size_t n = strcspn(path, "\\");
		n += path[n] ? 1 + strcspn(path + n + 1, "\\") : 0;
		const char *name = arena_strndup(arena, path, n);
		if (!strstr(names, name))
			names = arena_printf(arena, "%s%s%s", names, *names ? ", " : "", name);
	}
	return *names ? names : "none";
}

/* Says what to export where the whole hive is missing. */
static enum status fail_missing(const struct image_registry *registry, const char *key,
				const char *what, struct arena *arena, struct os_error *error)
{
	const char *hive = arena_strndup(arena, key, strcspn(key, "\\"));
	const char *path = NULL;
	if (hive_of(registry, key, &path) || regfile_has_key(&registry->contents, hive))
		return os_fail(error, STATUS_NOT_FOUND, REPORT_ABSENT, "registry HKLM\\%s%s: %s",
			       key, what, status_text(STATUS_NOT_FOUND));
	return os_fail(error, STATUS_NOT_FOUND, REPORT_ABSENT,
		       "registry HKLM\\%s%s: the exports hold no key of HKEY_LOCAL_MACHINE\\%s, "
		       "only %s; export that, too",
		       key, what, hive, name_contents(&registry->contents, arena));
}

enum status image_registry_read(struct image_registry *registry, const char *key, const char *name,
				struct arena *arena, struct host_value *out, struct os_error *error)
{
	enum status status = image_registry_refresh(registry, error);
	if (status != STATUS_OK)
		return status;
	const struct regfile_value *value = find_in_current_set(registry, key, name, arena);
	if (!value)
		return fail_missing(registry, key, arena_printf(arena, ", value \"%s\"", name),
				    arena, error);
	if (value->kind == REGFILE_UNREADABLE)
		return os_fail(error, STATUS_MALFORMED, OS_NO_CODE,
			       "registry HKLM\\%s, value \"%s\": %s", key, name, value->text);
	if (value->kind == REGFILE_OTHER)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE,
			       "registry HKLM\\%s, value \"%s\": neither text nor number", key,
			       name);
	copy_value(value, arena, out);
	return STATUS_OK;
}

enum status image_registry_find_key(struct image_registry *registry, const char *key,
				    struct os_error *error)
{
	enum status status = image_registry_refresh(registry, error);
	if (status != STATUS_OK)
		return status;

	struct arena scratch;
	arena_init(&scratch);
	const char *other = in_control_set(registry, key, &scratch);
	bool there = has_key(registry, key) || (other && has_key(registry, other));
	if (!there)
		status = fail_missing(registry, key, "", &scratch, error);
	arena_deinit(&scratch);
	return status;
}
