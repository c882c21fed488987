#include "collector/pipeline/surroundings.h"

#include <stdlib.h>

#include "proto/base/mem.h"
#include "proto/site/site.h"

/*
 * A report is missing when one and a half intervals have gone by without one. So, when the first
 * server of many falls silent, after SITE_FRESH_INTERVALS, all others are missing, too, wherever in
 * their interval the line was cut.
 */
#define MISSING_HALVES 3

/* A server that was missing so many intervals before the others has reasons of its own. */
#define EARLIER_INTERVALS 4

/* The condition begins when so many of a hundred are missing, and lasts while half of them are. */
#define BEGINS_PERCENT 90
#define LASTS_PERCENT  50

/* Servers of one site, or of all, by whether they are heard of. */
struct place {
	int64_t last_ms; /* the latest report of those that are missing; INT64_MIN: none is */
	size_t heard;
	size_t missing;
	size_t silent; /* of these: have been missing for long enough to be called so */
};

struct look {
	const struct fleet *fleet;
	const struct fleet_row *rows;
	size_t n;
	int64_t heard_from_ms;
	int64_t now_ms;
	struct place all;
	struct place *sites; /* by fleet_place() */
};

static int64_t last_heard_ms(const struct look *look, const struct fleet_row *row)
{
	return row->reported_at_ms > look->heard_from_ms ? row->reported_at_ms
							 : look->heard_from_ms;
}

static int64_t interval_ms(const struct fleet_row *row)
{
	return row->view->interval_s * 1000;
}

static bool is_missing(const struct look *look, const struct fleet_row *row)
{
	return look->now_ms - last_heard_ms(look, row) > interval_ms(row) * MISSING_HALVES / 2;
}

static void note_last(struct place *place, int64_t ms)
{
	if (ms > place->last_ms)
		place->last_ms = ms;
}

static void count_server(const struct look *look, const struct fleet_row *row, struct place *place)
{
	if (!is_missing(look, row)) {
		place->heard++;
		return;
	}
	if (last_heard_ms(look, row) < place->last_ms - EARLIER_INTERVALS * interval_ms(row))
		return;
	place->missing++;
	place->silent +=
		look->now_ms - last_heard_ms(look, row) >= interval_ms(row) * SITE_FRESH_INTERVALS;
}

static void count_servers(struct look *look)
{
	for (size_t i = 0; i < look->n; i++) {
		const struct fleet_row *row = &look->rows[i];
		if (row->view->not_monitored || !is_missing(look, row))
			continue;
		note_last(&look->all, last_heard_ms(look, row));
		note_last(&look->sites[row->site], last_heard_ms(look, row));
	}
	for (size_t i = 0; i < look->n; i++) {
		if (look->rows[i].view->not_monitored)
			continue;
		count_server(look, &look->rows[i], &look->all);
		count_server(look, &look->rows[i], &look->sites[look->rows[i].site]);
	}
}

static bool is_lost(const struct place *place, bool is_open)
{
	size_t percent = is_open ? LASTS_PERCENT : BEGINS_PERCENT;

	if (!is_open && (place->silent == 0 || place->missing < SURROUNDINGS_MIN_SERVERS))
		return false;
	return place->missing > 0 &&
	       place->missing * 100 >= percent * (place->missing + place->heard);
}

static const char *describe_count(const struct place *place, const char *where, struct arena *arena)
{
	size_t n = place->missing + place->heard;

	if (place->heard == 0)
		return arena_printf(arena, "None of the %zu servers%s reports", n, where);
	return arena_printf(arena, "%zu of the %zu servers%s do not report", place->missing, n,
			    where);
}

static struct alert_ill describe_place(const struct place *place, const struct fleet_place *site,
				       bool active, struct arena *arena)
{
	const char *where =
		site ? arena_printf(arena, " of %s/%s", site->organization, site->site) : "";
	struct alert_ill ill = { .active = active, .since_ms = place->last_ms, .remedy = "" };

	if (!active) {
		ill.text = arena_printf(arena, "%zu of the %zu servers%s report again.",
					place->heard, place->heard + place->missing, where);
		return ill;
	}
	ill.text = arena_printf(arena,
				"%s. That so many fall silent at once is probably the "
				"doing of what lies between: %s.",
				describe_count(place, where, arena),
				site ? "the network between that site and this collector"
				     : "this collector's network, name or certificate");
	ill.remedy = site ? "See whether the site can be reached from this machine, and this "
			    "machine from there: mtawatch-agent doctor on one of its servers says "
			    "what its agent meets."
			  : "See whether this machine has its network and its address still, and "
			    "whether its name, its certificate or a proxy before it has changed: "
			    "mtawatch-agent doctor on one of the servers says what its agent "
			    "meets.";
	return ill;
}

/* `may_begin`: no wider condition explains it. Returns whether it is active. */
static bool update_place(struct alerts *alerts, const struct look *look, const struct place *place,
			 const struct fleet_place *site, bool may_begin, struct alert_changes *out)
{
	const char *organization = site ? site->organization : "";
	const char *name = site ? site->site : "";
	bool is_open = alerts_find_surroundings(alerts, organization, name) != NULL;
	bool active = is_lost(place, is_open) && (is_open || may_begin);
	struct arena arena;

	if (!active && !is_open)
		return false;
	arena_init(&arena);
	const struct alert_ill ill = describe_place(place, site, active, &arena);
	alerts_update_surroundings(alerts, organization, name, &ill, look->now_ms, out);
	arena_deinit(&arena);
	return active;
}

void surroundings_update(struct alerts *alerts, const struct fleet *fleet, int64_t heard_from_ms,
			 int64_t now_ms, struct alert_changes *out)
{
	size_t n_sites = fleet_count_sites(fleet);
	struct look look = { .fleet = fleet,
			     .heard_from_ms = heard_from_ms,
			     .now_ms = now_ms,
			     .all = { .last_ms = INT64_MIN },
			     .sites = mem_alloc_array(n_sites + 1, sizeof *look.sites) };

	look.rows = fleet_rows(fleet, &look.n);
	for (size_t i = 0; i < n_sites; i++)
		look.sites[i].last_ms = INT64_MIN;
	count_servers(&look);
	bool of_all = update_place(alerts, &look, &look.all, NULL, true, out);
	for (size_t i = 0; i < n_sites; i++) {
		const struct fleet_place site = fleet_place(fleet, i);
		if (*site.organization || *site.site)
			update_place(alerts, &look, &look.sites[i], &site, !of_all, out);
	}
	free(look.sites);
}
