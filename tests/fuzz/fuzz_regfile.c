/*
 * Any bytes as a registry export. One that is understood is understood a second time in the same
 * registry, and then changes nothing that is found; its texts are UTF-8.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/x500.h"
#include "proto/windows/regfile.h"
#include "tests/fuzz/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text that stands where the MTA's name in the directory does. */
static void read_name(const char *text)
{
	struct arena arena;
	struct x500_server name;

	arena_init(&arena);
	if (x500_parse_server(text, &arena, &name)) {
		check_utf8(name.organization);
		check_utf8(name.site);
		check_utf8(name.server);
	}
	arena_deinit(&arena);
}

static void check_value(const struct regfile_value *value)
{
	check_utf8(value->name);
	if (value->kind == REGFILE_UNREADABLE && !value->text)
		abort();
	if (value->kind == REGFILE_STRING) {
		check_utf8(value->text);
		read_name(value->text);
	}
	for (size_t i = 0; i < value->n_list; i++)
		check_utf8(value->list[i]);
}

static bool same_value(const struct regfile_value *a, const struct regfile_value *b)
{
	if (a->kind != b->kind || a->number != b->number || a->n_list != b->n_list)
		return false;
	if (a->kind == REGFILE_STRING && strcmp(a->text, b->text) != 0)
		return false;
	for (size_t i = 0; i < a->n_list; i++) {
		if (strcmp(a->list[i], b->list[i]) != 0)
			return false;
	}
	return true;
}

/* Every value is found, by the rule that the last one of a name counts. */
static void check_keys(const struct regfile *one, const struct regfile *two)
{
	for (size_t i = 0; i < one->n_keys; i++) {
		const struct regfile_key *key = &one->keys[i];
		check_utf8(key->path);
		if (!regfile_has_key(one, key->path))
			abort();
		for (size_t j = 0; j < key->n_values; j++) {
			check_value(&key->values[j]);
			const struct regfile_value *a =
				regfile_find(one, key->path, key->values[j].name);
			const struct regfile_value *b =
				regfile_find(two, key->path, key->values[j].name);
			if (!a || !b || !same_value(a, b))
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct regfile one;
	struct regfile two;
	struct regfile_error error = { 0 };

	regfile_init(&one);
	regfile_init(&two);
	if (regfile_add(&one, data, size, &error) == STATUS_OK) {
		for (int i = 0; i < 2; i++) {
			if (regfile_add(&two, data, size, &error) != STATUS_OK)
				abort();
		}
		check_keys(&one, &two);
	} else if (error.line == 0 || !error.text) {
		abort();
	}
	regfile_deinit(&two);
	regfile_deinit(&one);
	return 0;
}
