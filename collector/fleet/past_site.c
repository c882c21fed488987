#include "collector/fleet/past_site.h"

#include <stdlib.h>
#include <string.h>

#include "collector/fleet/internal.h"
#include "proto/base/count.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"

struct past_site {
	int64_t at_ms;
	struct past_site_member *members;
	size_t n;
	struct report_set *reports;
	size_t next;      /* of the members; then of the moments, each with all of them */
	int64_t *moments; /* at which silent servers were seen last, the latest first */
	size_t n_moments;
	bool has_moments;
	struct arena arena;
};

static bool is_next_of(const struct snapshot *latest, const struct snapshot *later)
{
	return later->report.sequence == latest->report.sequence + 1 &&
	       text_identical(later->report.agent.epoch, latest->report.agent.epoch);
}

/*
 * Is there none between that report and the next one that is kept, or is it the last of all? Then
 * none that came between them is gone.
 */
static enum status read_next(const struct store_connection *reader, const char *key, int64_t at_ms,
			     const struct snapshot *latest, bool *is_of_then,
			     char error[STORE_ERROR_SIZE])
{
	const int64_t until_ms[] = {
		at_ms + latest->report.interval_s * 1000,
		site_report_fresh_until(&latest->report, latest->at_ms),
		INT64_MAX,
	};
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && !*is_of_then && i < COUNT(until_ms); i++) {
		struct snapshot *later;
		status = fleet_read_stored_until(reader, key, until_ms[i], &later, error);
		bool is_same = later && later->at_ms == latest->at_ms &&
			       later->report.sequence == latest->report.sequence;
		*is_of_then = later &&
			      (is_next_of(latest, later) || (is_same && until_ms[i] == INT64_MAX));
		snapshot_unref(later);
		if (!is_same)
			break;
	}
	return status;
}

/*
 * A report outlives those behind it that are packed as what differs from it: so what is the latest
 * now of those until a moment need not have been it then.
 */
static enum status find_out(const struct store_connection *reader, const char *key, int64_t at_ms,
			    const struct past_server *then, const struct snapshot *latest,
			    bool *is_of_then, char error[STORE_ERROR_SIZE])
{
	int64_t fresh_until_ms = site_report_fresh_until(&latest->report, latest->at_ms);
	int64_t interval_ms = latest->report.interval_s * 1000;

	*is_of_then = then->silent ? fresh_until_ms >= then->silent_since_ms
				   : at_ms - latest->at_ms <= interval_ms + interval_ms / 4 ||
					     then->silent_next_ms == fresh_until_ms;
	if (*is_of_then || then->silent || fresh_until_ms < at_ms)
		return STATUS_OK;
	return read_next(reader, key, at_ms, latest, is_of_then, error);
}

enum status past_site_read_report(const struct store_connection *reader, const char *key,
				  int64_t at_ms, const struct past_server *then,
				  struct snapshot **out, char error[STORE_ERROR_SIZE])
{
	bool is_of_then = false;
	enum status status = fleet_read_stored_until(reader, key, at_ms, out, error);

	if (status == STATUS_OK && *out)
		status = find_out(reader, key, at_ms, then, *out, &is_of_then, error);
	if (!is_of_then) {
		snapshot_unref(*out);
		*out = NULL;
	}
	return status;
}

struct past_site *past_site_new(int64_t at_ms, struct past_site_member *members, size_t n)
{
	struct past_site *site = mem_alloc(sizeof *site);

	*site = (struct past_site){ .at_ms = at_ms, .members = members, .n = n };
	site->reports = report_set_new();
	arena_init(&site->arena);
	return site;
}

void past_site_free(struct past_site *site)
{
	if (!site)
		return;
	report_set_free(site->reports);
	arena_deinit(&site->arena);
	free(site);
}

static enum status read_member(struct past_site *site, const struct store_connection *reader,
			       struct past_site_member *member, char error[STORE_ERROR_SIZE])
{
	struct snapshot *latest;
	enum status status = past_site_read_report(reader, member->key, site->at_ms, member->then,
						   &latest, error);

	if (status == STATUS_OK && latest) {
		member->snapshot = latest;
		report_set_add(site->reports, latest);
	}
	return status;
}

static int compare_moments(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return (x < y) - (x > y);
}

/* When the silent ones were seen last: as many of these moments as may be read. */
static void find_moments(struct past_site *site)
{
	size_t most = site->n > 0 ? PAST_SITE_MAX_EARLIER / site->n : 0;
	size_t n = 0;

	site->has_moments = true;
	site->moments = arena_alloc_array(&site->arena, site->n, sizeof *site->moments);
	for (size_t i = 0; i < site->n; i++) {
		const struct snapshot *latest = site->members[i].snapshot;
		int64_t judged_ms = latest ? snapshot_judged_at(latest, site->at_ms) : site->at_ms;
		if (judged_ms < site->at_ms)
			site->moments[n++] = judged_ms;
	}
	if (n > 1)
		qsort(site->moments, n, sizeof *site->moments, compare_moments);
	for (size_t i = 0; i < n && site->n_moments < most; i++) {
		if (i == 0 || site->moments[i] != site->moments[site->n_moments - 1])
			site->moments[site->n_moments++] = site->moments[i];
	}
}

static enum status read_earlier(struct past_site *site, const struct store_connection *reader,
				const struct past_site_member *member, int64_t until_ms,
				char error[STORE_ERROR_SIZE])
{
	struct snapshot *earlier;

	if (member->snapshot && member->snapshot->at_ms <= until_ms)
		return STATUS_OK; /* the set has the one */
	enum status status =
		fleet_read_stored_until(reader, member->key, until_ms, &earlier, error);
	if (earlier)
		report_set_add(site->reports, earlier);
	return status;
}

enum status past_site_read(struct past_site *site, const struct store_connection *reader,
			   size_t most, bool *more, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (; status == STATUS_OK && most > 0 && site->next < site->n; most--)
		status = read_member(site, reader, &site->members[site->next++], error);
	if (site->next >= site->n && !site->has_moments)
		find_moments(site);
	size_t end = site->n * (1 + site->n_moments);
	for (; status == STATUS_OK && most > 0 && site->next < end; most--, site->next++) {
		size_t behind = site->next - site->n;
		status = read_earlier(site, reader, &site->members[behind % site->n],
				      site->moments[behind / site->n], error);
	}
	*more = site->next < end;
	return status;
}

static bool is_judged(const struct past_site *site, const struct report_set_verdict *judged)
{
	int64_t at_ms = snapshot_judged_at(judged->snapshot, site->at_ms);

	return at_ms == site->at_ms ||
	       (site->n_moments > 0 && at_ms >= site->moments[site->n_moments - 1]);
}

void past_site_judge(struct past_site *site)
{
	struct report_set_verdict *judged;
	size_t n;
	size_t at = 0;

	report_set_judge(site->reports, site->at_ms, &site->arena, &judged, &n);
	for (size_t i = 0; i < n; i++) {
		while (at < site->n && strcmp(site->members[at].key, judged[i].snapshot->key) < 0)
			at++;
		if (at < site->n && site->members[at].snapshot == judged[i].snapshot &&
		    is_judged(site, &judged[i]))
			site->members[at].judgement = &judged[i];
	}
}
