/*
 * Memory for cJSON's trees that is given back at once. A tree lives from json_begin() to json_end()
 * only; taken piece by piece from the heap, and given back so, it costs as much again as the
 * parsing does.
 */
#pragma once

#include <stdbool.h>

/*
 * From now on trees are made in memory that is used again and again. For a program that reads JSON
 * on one thread only; to be called once, at its start. Without it every tree comes from the heap.
 */
void json_scratch_enable(void);

/* Around the life of a tree (proto/json_fields.c); may be nested. */
void json_scratch_begin(void);

/* Returns whether all trees since the begin are gone, so that they need not be freed. */
bool json_scratch_end(void);
