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

/* A hash that is the same for texts that are equal without ASCII case (FNV-1a, 32 bit). */
uint32_t text_hash(const char *text);

/* Does `text` begin with `prefix`, without ASCII case? */
bool text_has_prefix(const char *text, const char *prefix);

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
