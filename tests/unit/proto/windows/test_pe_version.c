#include "proto/base/mem.h"
#include "proto/windows/pe_version.h"
#include "tests/unit/material.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

/*
 * The smallest PE file with a version: DOS header, PE header, PE32 optional header with 16 data
 * directories, one section header, and the section .rsrc at 0x200 of the file, 0x1000 of the image.
 */
#define RSRC 0x200
#define SIZE (RSRC + 0x100)

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value & 0xFFFF);
	put16(at + 2, value >> 16);
}

/* A directory with one entry by id. */
static void put_directory(uint8_t *at, uint32_t id, uint32_t offset)
{
	put16(at + 14, 1);
	put32(at + 16, id);
	put32(at + 20, offset);
}

static void put_version_info(uint8_t *at)
{
	static const char key[] = "VS_VERSION_INFO";
	put16(at, 92);
	put16(at + 2, 52);
	for (size_t i = 0; i < sizeof key; i++)
		put16(at + 6 + 2 * i, (unsigned char)key[i]);
	put32(at + 40, 0xFEEF04BD);
	put32(at + 48, 5 << 16 | 5);
	put32(at + 52, 2654 << 16 | 54);
}

static void make(uint8_t file[SIZE], bool plus)
{
	size_t optional_size = plus ? 240 : 224;
	uint8_t *optional = file + 0x40 + 24;
	uint8_t *section = optional + optional_size;

	memset(file, 0, SIZE);
	put16(file, 0x5A4D); /* "MZ" */
	put32(file + 60, 0x40);
	put32(file + 0x40, 0x4550); /* "PE" */
	put16(file + 0x40 + 6, 1);
	put16(file + 0x40 + 20, (unsigned)optional_size);
	put16(optional, plus ? 0x20B : 0x10B);
	put32(optional + (plus ? 108 : 92), 16);
	put32(optional + (plus ? 112 : 96) + 16, 0x1000);
	put32(section + 8, 0x100);
	put32(section + 12, 0x1000);
	put32(section + 16, 0x100);
	put32(section + 20, RSRC);
	put_directory(file + RSRC, 16, 0x80000018);
	put_directory(file + RSRC + 0x18, 1, 0x80000030);
	put_directory(file + RSRC + 0x30, 1033, 0x48);
	put32(file + RSRC + 0x48, 0x1060);
	put32(file + RSRC + 0x4C, 92);
	put_version_info(file + RSRC + 0x60);
}

static void assert_version(const struct version *version, const char *wanted)
{
	char text[VERSION_TEXT_SIZE];
	assert_string_equal(version_format(version, text), wanted);
}

static void the_version_is_read_from_both_widths(void **state)
{
	(void)state;
	for (int plus = 0; plus < 2; plus++) {
		uint8_t file[SIZE];
		struct version version;
		make(file, plus);
		assert_int_equal(pe_version_read(file, sizeof file, &version), STATUS_OK);
		assert_version(&version, "5.5.2654.54");
	}
}

/* Cut anywhere before its last needed byte, it is refused, and the caller's struct stays. */
static void every_prefix_is_refused(void **state)
{
	uint8_t file[SIZE];
	(void)state;
	make(file, false);
	for (size_t n = 0; n < RSRC + 0x60 + 92; n++) {
		uint8_t *cut = mem_alloc(n); /* its own block: reads past the end are seen */
		struct version version = { { 7, 7, 7, 7 } };
		memcpy(cut, file, n);
		enum status status = pe_version_read(cut, n, &version);
		assert_int_equal(status, n < 2 ? STATUS_UNSUPPORTED : STATUS_MALFORMED);
		assert_version(&version, "7.7.7.7");
		free(cut);
	}
}

static void what_contradicts_itself_is_told_apart(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint32_t value;
		enum status wanted;
	} cases[] = {
		{ "16-bit (NE)", 0x40, 0x454E, STATUS_UNSUPPORTED },
		{ "a DOS program", 60, 0, STATUS_UNSUPPORTED },
		{ "no program", 0, 0, STATUS_UNSUPPORTED },
		{ "header beyond the end", 60, 0xFFFFFFF0, STATUS_MALFORMED },
		{ "unknown optional header", 0x58, 0x107, STATUS_MALFORMED },
		{ "no resource slot", 0x58 + 92, 2, STATUS_NOT_FOUND },
		{ "more slots than fit", 0x58 + 92, 0xFFFFFFFF, STATUS_OK },
		{ "no resources", 0x58 + 112, 0, STATUS_NOT_FOUND },
		{ "resources in no section", 0x58 + 112, 0x9000, STATUS_MALFORMED },
		{ "resources near 2^32", 0x58 + 112, 0xFFFFFFFC, STATUS_MALFORMED },
		{ "97 sections", 0x46, 97 | 0xE0u << 16, STATUS_MALFORMED },
		{ "section beyond the end", 0x138 + 20, 0xFFFFFE00, STATUS_MALFORMED },
		{ "no version among the types", RSRC + 16, 17, STATUS_NOT_FOUND },
		{ "65535 entries", RSRC + 12, 0xFFFFFFFF, STATUS_OK },
		{ "a type with a name", RSRC + 16, 0x80000010, STATUS_NOT_FOUND },
		{ "type is data", RSRC + 20, 0x18, STATUS_MALFORMED },
		{ "directory loops", RSRC + 0x18 + 20, 0x80000000, STATUS_MALFORMED },
		{ "language is a directory", RSRC + 0x30 + 20, 0x80000030, STATUS_MALFORMED },
		{ "data in no section", RSRC + 0x48, 0x2000, STATUS_MALFORMED },
		{ "data longer than the file", RSRC + 0x4C, 0xFFFFFFFF, STATUS_OK },
		{ "data ends in the number", RSRC + 0x4C, 91, STATUS_MALFORMED },
		{ "another key", RSRC + 0x66, 0, STATUS_MALFORMED },
		{ "no value", RSRC + 0x62, 0x10000, STATUS_MALFORMED },
		{ "another signature", RSRC + 0x60 + 40, 0xFEEF04BC, STATUS_MALFORMED },
	};
	(void)state;
	for_each_row(i, cases) {
		uint8_t file[SIZE];
		struct version version;
		make(file, false);
		put32(file + cases[i].at, cases[i].value);
		enum status status = pe_version_read(file, sizeof file, &version);
		if (status != cases[i].wanted)
			print_error("%s\n", cases[i].what);
		assert_int_equal(status, cases[i].wanted);
	}
}

/* "5.1.2600.2180", "none", "none or 5.1.2600.2180" */
static bool is_wanted(const char *wanted, enum status status, const struct version *version)
{
	char text[VERSION_TEXT_SIZE];
	const char *number = strncmp(wanted, "none or ", 8) == 0 ? wanted + 8 : wanted;
	if (status != STATUS_OK)
		return strncmp(wanted, "none", 4) == 0;
	return strcmp(version_format(version, text), number) == 0;
}

static void real_and_damaged_files_give_what_the_table_says(void **state)
{
	size_t size;
	unsigned n = 0;
	(void)state;
	material_or_skip();
	char *table = material_read("pe/expected.tsv", &size);
	char *rest = strchr(table, '\n') + 1; /* the first line names the columns */
	char *line;
	while ((line = strsep(&rest, "\n")) && *line) {
		char path[256];
		struct version version;
		const char *wanted = strrchr(line, '\t') + 1;
		snprintf(path, sizeof path, "pe/%.*s", (int)strcspn(line, "\t"), line);
		char *bytes = material_read(path, &size);
		enum status status = pe_version_read(bytes, size, &version);
		if (!is_wanted(wanted, status, &version))
			print_error("%s: status %d, wanted %s\n", path, (int)status, wanted);
		assert_true(is_wanted(wanted, status, &version));
		free(bytes);
		n++;
	}
	assert_true(n > 60);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_read_from_both_widths),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(what_contradicts_itself_is_told_apart),
		cmocka_unit_test(real_and_damaged_files_give_what_the_table_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
