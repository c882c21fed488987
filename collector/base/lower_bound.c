#include "collector/base/lower_bound.h"

size_t lower_bound(const void *items, size_t n, size_t size, const void *wanted,
		   lower_bound_compare *compare)
{
	const char *bytes = items;
	size_t from = 0;
	size_t to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (compare(bytes + middle * size, wanted) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}
