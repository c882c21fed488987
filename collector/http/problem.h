/*
 * Errors as application/problem+json (RFC 9457): what programs match is `code`, which never
 * changes; what people read is `detail`.
 */
#pragma once

#include <stddef.h>

#define PROBLEM_CONTENT_TYPE "application/problem+json"

struct problem {
	int status;
	const char *code;
	const char *detail;
	const char *pointer;      /* JSON pointer into the request's body, or NULL */
	const char *pointer_note; /* what is wrong there */
	const char *fields;       /* further header lines, each with its CRLF, or NULL */
	const char *judge;        /* the address of the collector to ask instead, or NULL */
};

/* The body, to be passed to free(). */
char *problem_write(const struct problem *problem, size_t *size);

/* When a client is asked to try again that found the collector unable at this moment. */
#define PROBLEM_RETRY_AFTER "Retry-After: 10\r\n"
