/* Where something belongs in an array that is in order. */
#pragma once

#include <stddef.h>

/* Below zero where `item` comes before `wanted`. */
typedef int lower_bound_compare(const void *item, const void *wanted);

/* The number of the items of `size` bytes each that come before `wanted`. */
size_t lower_bound(const void *items, size_t n, size_t size, const void *wanted,
		   lower_bound_compare *compare);
