/*
 * Bytes that grow: a request's body, an answer under construction.
 *
 * A buffer does not fail and has no maximum of its own; its user checks what a peer sends against a
 * named limit before it comes here. It always ends with a NUL that `size` does not count.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *bytes; /* NULL while nothing was added */
	size_t size;
	size_t room; /* private */
};

void buffer_init(struct buffer *buffer);

/* Frees the bytes; the buffer may be used again afterwards. */
void buffer_deinit(struct buffer *buffer);

/* Makes room for `n` more bytes, so that it need not grow while they are added. */
void buffer_reserve(struct buffer *buffer, size_t n);

/* Adds `n` bytes, which the caller writes to where this points. */
char *buffer_extend(struct buffer *buffer, size_t n);

void buffer_add(struct buffer *buffer, const void *bytes, size_t n);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_add_number(struct buffer *buffer, uint64_t number);
void buffer_add_integer(struct buffer *buffer, int64_t number);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 2, 3)));

/* Moves the bytes to the caller, to be passed to free(); never NULL. The buffer is empty then. */
char *buffer_take(struct buffer *buffer, size_t *size);

/* Like buffer_take(); the NUL behind the bytes tells their size. */
char *buffer_take_text(struct buffer *buffer);
