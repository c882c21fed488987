#include "collector/store/postgresql/params.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

/*
 * Before the elements: dimensions, whether there are NULLs, type, elements, the first one's number.
 */
#define HEADER_SIZE 20

static void put_32(char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> (24 - 8 * i));
}

static void put_64(char *at, uint64_t value)
{
	put_32(at, (uint32_t)(value >> 32));
	put_32(at + 4, (uint32_t)value);
}

static unsigned array_of(enum pg_type element)
{
	switch (element) {
	case PG_BOOL:
		return 1000;
	case PG_BYTEA:
		return 1001;
	case PG_INT8:
		return 1016;
	case PG_TEXT:
		return 1009;
	}
	return 0;
}

void pg_params_clear(struct pg_params *params)
{
	for (size_t i = 0; i < params->n; i++)
		buffer_deinit(&params->at[i].elements);
	params->n = 0;
}

static struct pg_parameter *add(struct pg_params *params, unsigned type)
{
	assert(params->n < PG_MAX_PARAMETERS);
	struct pg_parameter *added = &params->at[params->n++];
	*added = (struct pg_parameter){ .type = type };
	return added;
}

void pg_add_number(struct pg_params *params, int64_t number)
{
	struct pg_parameter *added = add(params, PG_INT8);

	put_64(added->number, (uint64_t)number);
	added->value = added->number;
	added->size = sizeof added->number;
}

void pg_add_text(struct pg_params *params, const char *text)
{
	struct pg_parameter *added = add(params, PG_TEXT);

	added->value = text;
	added->size = text ? (int)strlen(text) : 0;
}

void pg_add_array(struct pg_params *params, enum pg_type element)
{
	struct pg_parameter *added = add(params, array_of(element));

	added->is_array = true;
	added->element = element;
	buffer_init(&added->elements);
	memset(buffer_extend(&added->elements, HEADER_SIZE), 0, HEADER_SIZE);
}

/* Room for an element of `size` bytes behind its length. */
static char *append(struct pg_params *params, size_t i, enum pg_type type, size_t size)
{
	struct pg_parameter *array = &params->at[i];

	assert(i < params->n && array->is_array && array->element == type && size <= INT_MAX);
	array->n++;
	char *at = buffer_extend(&array->elements, 4 + size);
	put_32(at, (uint32_t)size);
	return at + 4;
}

void pg_append_number(struct pg_params *params, size_t i, int64_t number)
{
	put_64(append(params, i, PG_INT8, 8), (uint64_t)number);
}

void pg_append_switch(struct pg_params *params, size_t i, bool on)
{
	*append(params, i, PG_BOOL, 1) = (char)on;
}

void pg_append_text(struct pg_params *params, size_t i, const char *text)
{
	if (!text) {
		pg_append_null(params, i);
		return;
	}
	size_t size = strlen(text);
	memcpy(append(params, i, PG_TEXT, size), text, size);
}

void pg_append_bytes(struct pg_params *params, size_t i, const void *bytes, size_t size)
{
	char *at = append(params, i, PG_BYTEA, size);

	if (size > 0)
		memcpy(at, bytes, size);
}

void pg_append_null(struct pg_params *params, size_t i)
{
	struct pg_parameter *array = &params->at[i];

	assert(i < params->n && array->is_array);
	array->n++;
	array->has_null = true;
	put_32(buffer_extend(&array->elements, 4), UINT32_MAX); /* -1 */
}

size_t pg_params_rows(const struct pg_params *params)
{
	return params->n > 0 ? params->at[0].n : 0;
}

void pg_params_seal(struct pg_params *params)
{
	for (size_t i = 0; i < params->n; i++) {
		struct pg_parameter *array = &params->at[i];
		if (!array->is_array)
			continue;
		char *header = array->elements.bytes;
		put_32(header, array->n > 0); /* an empty one has no dimension */
		put_32(header + 4, array->has_null);
		put_32(header + 8, array->element);
		put_32(header + 12, array->n);
		put_32(header + 16, 1);
		assert(array->elements.size <= INT_MAX);
		array->value = header;
		array->size = array->n > 0 ? (int)array->elements.size : HEADER_SIZE - 8;
	}
}
