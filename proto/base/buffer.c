#include "proto/base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"

#define FIRST_ROOM 256 /* bytes */

/* Most of what is printed is not longer. */
#define LIKELY_SIZE 64

void buffer_init(struct buffer *buffer)
{
	*buffer = (struct buffer){ 0 };
}

void buffer_deinit(struct buffer *buffer)
{
	free(buffer->bytes);
	buffer_init(buffer);
}

static void grow(struct buffer *buffer, size_t n)
{
	size_t room = buffer->room ? buffer->room : FIRST_ROOM;

	while (room - buffer->size <= n)
		room *= 2;
	buffer->bytes = mem_realloc(buffer->bytes, room);
	buffer->room = room;
}

/* And for the NUL. */
void buffer_reserve(struct buffer *buffer, size_t n)
{
	if (buffer->room - buffer->size <= n)
		grow(buffer, n);
}

char *buffer_extend(struct buffer *buffer, size_t n)
{
	buffer_reserve(buffer, n);
	assert(buffer->room - buffer->size > n);
	char *end = buffer->bytes + buffer->size;
	end[n] = '\0';
	buffer->size += n;
	return end;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t n)
{
	char *end = buffer_extend(buffer, n);
	if (n > 0)
		memcpy(end, bytes, n);
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char c)
{
	*buffer_extend(buffer, 1) = c;
}

void buffer_add_number(struct buffer *buffer, uint64_t number)
{
	char digits[TEXT_NUMBER_SIZE];
	buffer_add(buffer, digits, (size_t)(text_put_number(digits, number) - digits));
}

void buffer_add_integer(struct buffer *buffer, int64_t number)
{
	if (number < 0)
		buffer_add_char(buffer, '-');
	buffer_add_number(buffer, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

static void add_formatted(struct buffer *buffer, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	buffer_reserve(buffer, LIKELY_SIZE);
	size_t room = buffer->room - buffer->size;
	int n = vsnprintf(buffer->bytes + buffer->size, room, format, args);
	if (n < 0)
		abort(); /* our own mistake: a format that cannot be printed */
	buffer_reserve(buffer, (size_t)n);
	if ((size_t)n >= room)
		vsnprintf(buffer->bytes + buffer->size, (size_t)n + 1, format, again);
	va_end(again);
	buffer->size += (size_t)n;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_formatted(buffer, format, args);
	va_end(args);
}

char *buffer_take(struct buffer *buffer, size_t *size)
{
	buffer_add(buffer, NULL, 0); /* so that there is a NUL at least */
	char *bytes = buffer->bytes;
	*size = buffer->size;
	buffer_init(buffer);
	return bytes;
}

char *buffer_take_text(struct buffer *buffer)
{
	size_t size;
	return buffer_take(buffer, &size);
}
