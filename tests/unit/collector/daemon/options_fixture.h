/*
 * For tests of the settings: a file that a test writes and reads, as --check-config does, and what
 * comes of it. Each test begins with an empty one.
 */
#pragma once

#include "collector/daemon/options.h"
#include "proto/base/arena.h"

struct options_fixture {
	struct arena arena;
	struct options options;
	struct faults faults;
	char file[48];
};

extern struct options_fixture fixture;

/* Before and after each test; cmocka's. */
int options_fixture_set_up(void **state);
int options_fixture_tear_down(void **state);

#define WITH_FILE(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, options_fixture_set_up, options_fixture_tear_down)

/* Reads arguments up to NULL; with `text` also --config, a file of that text. */
enum status options_fixture_read(const char *text, ...);
