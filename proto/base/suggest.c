#include "proto/base/suggest.h"

#include <string.h>

#include "proto/base/text.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A third of the letters may be wrong, and one always. */
struct suggestion suggest_begin(const char *word)
{
	return (struct suggestion){ .word = word, .distance = strlen(word) / 3 + 2 };
}

/*
 * Distance of Damerau and Levenshtein in its simple form (optimal string alignment), by rows:
 * `row` of the letters of `a` before this one, `before` and `oldest` those of the letters before.
 */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][SUGGEST_MAX_LENGTH + 1];
	size_t n_a = strlen(a);
	size_t n_b = strlen(b);

	for (size_t k = 0; k <= n_b; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *row = rows[i % 3];
		const size_t *before = rows[(i + 2) % 3];
		const size_t *oldest = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t k = 1; k <= n_b; k++) {
			char x = text_lower(a[i - 1]);
			char y = text_lower(b[k - 1]);
			row[k] = smaller(before[k] + 1, row[k - 1] + 1);
			row[k] = smaller(row[k], before[k - 1] + (x != y));
			if (i > 1 && k > 1 && x == text_lower(b[k - 2]) &&
			    y == text_lower(a[i - 2]))
				row[k] = smaller(row[k], oldest[k - 2] + 1);
		}
	}
	return rows[n_a % 3][n_b];
}

void suggest_try(struct suggestion *best, const char *name)
{
	if (strlen(best->word) > SUGGEST_MAX_LENGTH || strlen(name) > SUGGEST_MAX_LENGTH)
		return;
	size_t d = distance(best->word, name);
	if (d < best->distance) {
		best->distance = d;
		best->name = name;
	}
}
