#include "collector/base/histogram.h"

#include <stdio.h>

#include "collector/base/exposition.h"

static const double bounds_s[HISTOGRAM_N_BOUNDS] = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
						     0.05,   0.1,   0.25,   1,     5 };

void histogram_note(struct histogram *h, uint64_t ns)
{
	double seconds = (double)ns / 1e9;
	size_t bucket = 0;

	while (bucket < HISTOGRAM_N_BOUNDS && seconds > bounds_s[bucket])
		bucket++;
	if (bucket < HISTOGRAM_N_BOUNDS)
		h->within[bucket]++;
	h->n++;
	h->seconds += seconds;
}

void histogram_expose(const struct histogram *h, const char *name, const char *label,
		      const char *value, const char *label2, const char *value2, struct buffer *out)
{
	uint64_t n = 0;
	char sample[64];
	char bound[32];

	snprintf(sample, sizeof sample, "%s_bucket", name);
	for (size_t i = 0; i < HISTOGRAM_N_BOUNDS; i++) {
		n += h->within[i];
		snprintf(bound, sizeof bound, "%g", bounds_s[i]);
		exposition_sample(out, sample, (double)n, "le", bound, label, value, label2, value2,
				  NULL);
	}
	exposition_sample(out, sample, (double)h->n, "le", "+Inf", label, value, label2, value2,
			  NULL);
	snprintf(sample, sizeof sample, "%s_sum", name);
	exposition_sample(out, sample, h->seconds, label, value, label2, value2, NULL);
	snprintf(sample, sizeof sample, "%s_count", name);
	exposition_sample(out, sample, (double)h->n, label, value, label2, value2, NULL);
}
