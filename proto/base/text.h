/*
 * Small text helpers that C leaves to the locale or lacks: comparisons without ASCII case (how
 * Windows, Exchange and DNS compare the names that mtawatch meets).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Order without ASCII case; NULL is before everything. */
int text_compare(const char *a, const char *b);

bool text_equal(const char *a, const char *b);

/* Byte by byte; NULL is identical with NULL alone. */
bool text_identical(const char *a, const char *b);

/* For qsort() of pointers to texts: by their bytes. */
int text_by_bytes(const void *a, const void *b);

/* A hash that is the same for texts that are equal without ASCII case (FNV-1a, 32 bit). */
uint32_t text_hash(const char *text);

/* Does `text` begin with `prefix`, without ASCII case? */
bool text_has_prefix(const char *text, const char *prefix);

/* Does `text` end in `suffix`, without ASCII case, and begin before it? */
bool text_has_suffix(const char *text, const char *suffix);

/* Digits and letters of ASCII, whatever the locale says. */
static inline bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool text_is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The lower case form of an ASCII letter; every other character as it is. */
char text_lower(char c);

/* The value of a hexadecimal digit in either case; -1 if it is none. */
int text_hex_digit(char c);

/* Cuts off, in place, the blanks and tabs at both ends; returns where it begins now. */
char *text_trim(char *text);

/* Room for the longest of text_put_number(). */
#define TEXT_NUMBER_SIZE 20

/* Writes the digits of a number, without a NUL; returns what is behind them. */
char *text_put_number(char *at, uint64_t number);

/* Length of the short form of a host name: up to its first dot. */
size_t text_short_name_length(const char *host_name);
