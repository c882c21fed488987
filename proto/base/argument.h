/*
 * A command line, argument by argument: words, and options as "--name", "--name=value" or
 * "--name value". Which there are, and which take a value, the program knows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct argument_reader {
	int n;
	char *const *list;
	int at; /* the one that comes next */
};

struct argument {
	char *text;        /* as it stands there */
	const char *name;  /* of an option, without its dashes; NULL: it is a word */
	size_t n;          /* bytes of `name` */
	const char *value; /* behind its '='; NULL: there is no '=' */
};

/* False: there are no more. "--" is an option with an empty name. */
bool argument_next(struct argument_reader *reader, struct argument *out);

/* The value of an option that takes one: behind its '=', else the next argument; NULL: none is. */
const char *argument_value(struct argument_reader *reader, const struct argument *option);

bool argument_is(const struct argument *argument, const char *name);
