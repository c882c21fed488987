/*
 * The arguments of a command that is no service: "--name value", "--name=value", "--switch", and
 * words without dashes, in any order. What follows "--" are words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/status.h"

#define ARGUMENTS_ERROR_SIZE 256

struct arguments_option {
	const char *name;    /* without its dashes */
	const char *value;   /* what --help calls it; NULL: a switch */
	const char **values; /* those that were given, in their order; a switch: "yes" */
	size_t max;          /* how often it may come */
	size_t n;            /* how often it came */
};

struct arguments {
	char **words; /* moved to the front of `argv` */
	size_t n_words;
};

/*
 * STATUS_INVALID  `error` says which argument is wrong
 */
enum status arguments_read(struct arguments *out, int argc, char **argv,
			   struct arguments_option *options, size_t n_options,
			   char error[ARGUMENTS_ERROR_SIZE]);
