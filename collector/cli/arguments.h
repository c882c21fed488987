/*
 * The arguments of a command that is no service: "--name value", "--name=value", "--switch", and
 * words without dashes, in any order. What follows "--" are words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arguments_option {
	const char *name;    /* without its dashes */
	const char *value;   /* what --help calls it; NULL: a switch */
	const char **values; /* those that were given, in their order; a switch: "yes" */
	size_t max;          /* how often it may come */
	size_t n;            /* how often it came */
};

/*
 * What words may follow, each form as a user is told of it: "agents release HOST". The first word
 * is the command; words in capitals stand for any; "[FILE]" may lack, of "FILE..." there may be
 * more.
 */
struct arguments_forms {
	const char *const *list;
	size_t n;
};

struct arguments {
	char **words; /* moved to the front of `argv`; behind them a NULL */
	size_t n_words;
	size_t form; /* which of the forms they have */
};

/*
 * Reads the arguments behind the command's name; `argv` ends with a NULL, as main()'s. Returns an
 * exit status; unless that is TERMINAL_EXIT_OK standard error says which argument is wrong, or what
 * forms there are.
 */
int arguments_read(struct arguments *out, int argc, char **argv,
		   const struct arguments_forms *forms, struct arguments_option *options,
		   size_t n_options);

/* For arrays of forms and of options. */
#define ARGUMENTS_READ(out, argc, argv, forms, options)                                            \
	arguments_read(out, argc, argv,                                                            \
		       &(const struct arguments_forms){ forms, sizeof(forms) / sizeof *(forms) },  \
		       options, sizeof(options) / sizeof *(options))

/* The time that an option says, NULL: it was not given. An exit status, as of arguments_read(). */
int arguments_time(const char *option, const char *text, int64_t *out_ms);
