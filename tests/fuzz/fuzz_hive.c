/*
 * Any bytes as a hive of a copied disk: what the agent looks for in it is found or not, and a value
 * that is found is one of the kinds, with the texts that belong to it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/image/hive.h"
#include "tests/fuzz/input_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[][2] = {
	{ "Select", "Current" },
	{ "ControlSet002\\Control\\ComputerName\\ComputerName", "ComputerName" },
	{ "ControlSet002\\Services\\MSExchangeMTA", "ImagePath" },
	{ "ControlSet002\\Services\\MSExchangeMTA\\Parameters", "X500 DN" },
	{ "ControlSet002\\Services\\Tcpip\\Linkage", "Bind" },
	{ "Microsoft\\Exchange\\Setup", "Services" },
	{ "", "" },
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_value(const struct regfile_value *value)
{
	size_t length = 0;

	require(value->name != NULL);
	require(value->kind != REGFILE_UNREADABLE || value->text != NULL);
	if (value->kind == REGFILE_STRING || value->kind == REGFILE_UNREADABLE)
		length = value->text ? strlen(value->text) : 0;
	require(length <= REGFILE_MAX_DATA * 3); /* UTF-8 of UTF-16 */
}

static void look(struct hive *hive)
{
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct regfile_value value;
		struct arena arena;

		arena_init(&arena);
		bool has = hive_has_key(hive, paths[i][0]);
		enum status status = hive_find(hive, paths[i][0], paths[i][1], &arena, &value);
		require(has || status == STATUS_NOT_FOUND);
		if (status == STATUS_OK)
			check_value(&value);
		arena_deinit(&arena);
	}
	(void)hive_is_dirty(hive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hive *hive = NULL;
	struct os_error error = { 0 };

	if (hive_open(&hive, input_file_put("system", data, size), &error) == STATUS_OK) {
		look(hive);
		hive_close(hive);
	}
	return 0;
}
