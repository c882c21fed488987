#include "collector/fleet/report_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/fleet/network_cards.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/site/site.h"

struct entry {
	struct snapshot *snapshot;
	size_t order; /* in which they were added */
};

struct report_set {
	struct entry *entries;
	size_t n;
	size_t room;
};

/* Consecutive entries, in the order in which they were added. */
struct machine {
	const struct entry *entries;
	size_t n;
};

/* A machine to judge; those of one site and one moment are judged together. */
struct subject {
	struct snapshot *snapshot;
	int64_t at_ms;
};

/* A network card, and a machine of which some report tells it. */
struct card {
	uint64_t address;
	size_t machine;
};

struct judging {
	struct machine *machines;
	size_t n_machines;
	struct card *cards; /* by address */
	size_t n_cards;
	int64_t at_ms; /* of the group at hand */
	struct arena *arena;
};

struct report_set *report_set_new(void)
{
	return mem_alloc(sizeof(struct report_set));
}

void report_set_free(struct report_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		snapshot_unref(set->entries[i].snapshot);
	free(set->entries);
	free(set);
}

void report_set_add(struct report_set *set, struct snapshot *snapshot)
{
	set->entries = mem_make_room(set->entries, set->n, &set->room, sizeof *set->entries);
	set->entries[set->n] = (struct entry){ .snapshot = snapshot, .order = set->n };
	set->n++;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = strcmp(x->snapshot->key, y->snapshot->key);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void find_machines(const struct report_set *set, struct judging *j)
{
	struct entry *entries = arena_alloc_array(j->arena, set->n, sizeof *entries);

	j->machines = arena_alloc_array(j->arena, set->n, sizeof *j->machines);
	if (set->n == 0)
		return;
	memcpy(entries, set->entries, set->n * sizeof *entries);
	qsort(entries, set->n, sizeof *entries, compare_entries);
	for (size_t i = 0; i < set->n; i++) {
		if (i == 0 || strcmp(entries[i - 1].snapshot->key, entries[i].snapshot->key) != 0)
			j->machines[j->n_machines++].entries = &entries[i];
		j->machines[j->n_machines - 1].n++;
	}
}

/* The latest report of a machine not after a moment, or NULL. */
static struct snapshot *latest_until(const struct machine *machine, int64_t at_ms)
{
	struct snapshot *latest = NULL;

	for (size_t i = 0; i < machine->n; i++) {
		struct snapshot *s = machine->entries[i].snapshot;
		if (s->at_ms <= at_ms && (!latest || snapshot_is_later(s, latest)))
			latest = s;
	}
	return latest;
}

static int compare_cards(const void *a, const void *b)
{
	const struct card *x = a;
	const struct card *y = b;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->machine > y->machine) - (x->machine < y->machine);
}

static size_t add_cards(struct judging *j, size_t machine, struct card *out)
{
	uint64_t addresses[REPORT_MAX_ADAPTERS];
	size_t n = 0;

	for (size_t i = 0; i < j->machines[machine].n; i++) {
		const struct snapshot *s = j->machines[machine].entries[i].snapshot;
		size_t n_addresses = network_cards_of(&s->report, addresses);
		for (size_t k = 0; k < n_addresses; k++)
			out[n++] = (struct card){ addresses[k], machine };
	}
	return n;
}

static void find_cards(const struct report_set *set, struct judging *j)
{
	size_t most = 0;

	for (size_t i = 0; i < set->n; i++)
		most += set->entries[i].snapshot->report.n_adapters;
	j->cards = arena_alloc_array(j->arena, most, sizeof *j->cards);
	for (size_t i = 0; i < j->n_machines; i++)
		j->n_cards += add_cards(j, i, j->cards + j->n_cards);
	if (j->n_cards > 1)
		qsort(j->cards, j->n_cards, sizeof *j->cards, compare_cards);
}

static bool has_card(const struct snapshot *snapshot, uint64_t address)
{
	uint64_t addresses[REPORT_MAX_ADAPTERS];
	size_t n = network_cards_of(&snapshot->report, addresses);

	for (size_t i = 0; i < n; i++) {
		if (addresses[i] == address)
			return true;
	}
	return false;
}

static const struct card *first_card(const struct judging *j, uint64_t address)
{
	size_t low = 0;
	size_t high = j->n_cards;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (j->cards[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return &j->cards[low];
}

static bool is_fresh(const struct judging *j, const struct snapshot *snapshot)
{
	return snapshot_judged_at(snapshot, j->at_ms) == j->at_ms;
}

/* The later report of a machine with a card of `silent`; NULL where it cannot be that machine. */
static const struct snapshot *find_later(const struct judging *j, const struct snapshot *silent,
					 const struct card *card)
{
	const struct snapshot *later = latest_until(&j->machines[card->machine], j->at_ms);

	return later && later->at_ms > silent->at_ms && has_card(later, card->address) ? later
										       : NULL;
}

/* Is a machine, silent at the moment of the group, seen under another name by then (renames.c)? */
static bool is_renamed(const struct judging *j, const struct snapshot *silent)
{
	uint64_t addresses[REPORT_MAX_ADAPTERS];
	size_t n = network_cards_of(&silent->report, addresses);
	const struct snapshot *best = NULL;
	size_t machine = 0;

	for (size_t i = 0; i < n; i++) {
		const struct card *card = first_card(j, addresses[i]);
		for (; card < j->cards + j->n_cards && card->address == addresses[i]; card++) {
			const struct snapshot *later = find_later(j, silent, card);
			if (!later || later == best)
				continue;
			if (best && is_fresh(j, best) && is_fresh(j, later))
				return false;
			if (!best || later->at_ms > best->at_ms) {
				best = later;
				machine = card->machine;
			}
		}
	}
	return best && !latest_until(&j->machines[machine], silent->at_ms);
}

/* The site has no server of that name, so whoever carries it is of another one. */
static bool is_elsewhere(void *user, const char *server_name)
{
	const struct judging *j = user;

	for (size_t i = 0; i < j->n_machines; i++) {
		const struct snapshot *s = latest_until(&j->machines[i], j->at_ms);
		if (s && casefold_equal(report_server_name(&s->report), server_name))
			return true;
	}
	return false;
}

static int compare_subjects(const void *a, const void *b)
{
	const struct subject *x = a;
	const struct subject *y = b;
	int order = snapshot_compare_sites(x->snapshot, y->snapshot);
	return order ? order : (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* Views a site by the reports of its members until the moment of the group. */
static void view_site(struct judging *j, const struct snapshot *of, struct site *out)
{
	struct site_report *reports = arena_alloc_array(j->arena, j->n_machines, sizeof *reports);
	size_t n = 0;

	for (size_t i = 0; i < j->n_machines; i++) {
		const struct snapshot *s = latest_until(&j->machines[i], j->at_ms);
		if (s && snapshot_compare_sites(s, of) == 0)
			reports[n++] = (struct site_report){
				.report = &s->report,
				.at_ms = s->at_ms,
				.is_renamed = !is_fresh(j, s) && is_renamed(j, s),
			};
	}
	site_view(out, reports, n, j->at_ms, is_elsewhere, j, j->arena);
}

static size_t find_in_site(const struct site *site, const struct report *report)
{
	size_t i = 0;
	for (; site->reports[i].report != report; i++)
		assert(i + 1 < site->n);
	return i; /* a subject is the latest report of its machine at its own moment */
}

static void judge_group(struct judging *j, const struct subject *subjects, size_t n, int64_t now_ms,
			struct report_set_verdict *out)
{
	struct site site;

	assert(n > 0);
	j->at_ms = subjects[0].at_ms;
	view_site(j, subjects[0].snapshot, &site);
	for (size_t i = 0; i < n; i++) {
		const struct snapshot *s = subjects[i].snapshot;
		out[i].snapshot = s;
		out[i].silent = j->at_ms < now_ms;
		out[i].seen = &site.servers[find_in_site(&site, &s->report)];
		exposure_assess(out[i].seen, &out[i].assessment, j->arena);
	}
}

static int compare_verdicts(const void *a, const void *b)
{
	const struct report_set_verdict *x = a;
	const struct report_set_verdict *y = b;
	return strcmp(x->snapshot->key, y->snapshot->key);
}

void report_set_judge(const struct report_set *set, int64_t now_ms, struct arena *arena,
		      struct report_set_verdict **out, size_t *n)
{
	struct judging j = { .arena = arena };
	size_t count = 0;

	find_machines(set, &j);
	find_cards(set, &j);
	struct subject *subjects = arena_alloc_array(arena, j.n_machines, sizeof *subjects);
	for (size_t i = 0; i < j.n_machines; i++) {
		struct snapshot *latest = latest_until(&j.machines[i], now_ms);
		if (latest)
			subjects[count++] =
				(struct subject){ .snapshot = latest,
						  .at_ms = snapshot_judged_at(latest, now_ms) };
	}
	if (count > 1)
		qsort(subjects, count, sizeof *subjects, compare_subjects);

	struct report_set_verdict *verdicts = arena_alloc_array(arena, count, sizeof *verdicts);
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && compare_subjects(&subjects[end], &subjects[i]) == 0)
			end++;
		judge_group(&j, subjects + i, end - i, now_ms, verdicts + i);
		i = end;
	}
	if (count > 1)
		qsort(verdicts, count, sizeof *verdicts, compare_verdicts);
	*out = verdicts;
	*n = count;
}

/* Judging that others ask about later: its callback needs it. */
static struct judging *keep_judging(const struct report_set *set, int64_t now_ms,
				    struct arena *arena)
{
	struct judging *j = arena_alloc(arena, sizeof *j);

	*j = (struct judging){ .at_ms = now_ms, .arena = arena };
	find_machines(set, j);
	find_cards(set, j);
	return j;
}

static int compare_by_site(const void *a, const void *b)
{
	const struct report_set_verdict *x = a;
	const struct report_set_verdict *y = b;
	int order = snapshot_compare_sites(x->snapshot, y->snapshot);
	return order ? order : strcmp(x->snapshot->key, y->snapshot->key);
}

static struct site_facts_server facts_of(const struct judging *j,
					 const struct report_set_verdict *verdict)
{
	const struct snapshot *s = verdict->snapshot;
	const char *host = s->report.host.name;

	return (struct site_facts_server){
		.key = s->key,
		.name = arena_strndup(j->arena, host, text_short_name_length(host)),
		.member = site_member_new(&s->report, s->at_ms, j->arena),
		.report = &s->report,
		.fresh = !verdict->silent,
		.holds = !verdict->silent || !is_renamed(j, s),
		.verdict = verdict->assessment.verdict,
	};
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void report_set_facts(const struct report_set *set, int64_t now_ms, struct arena *arena,
		      struct site_facts **out, size_t *n)
{
	struct judging *j = keep_judging(set, now_ms, arena);
	struct report_set_verdict *verdicts = NULL;
	size_t n_verdicts = 0;

	report_set_judge(set, now_ms, arena, &verdicts, &n_verdicts);
	if (n_verdicts > 1)
		qsort(verdicts, n_verdicts, sizeof *verdicts, compare_by_site);
	struct site_facts *sites = arena_alloc_array(arena, n_verdicts, sizeof *sites);
	*n = 0;
	for (size_t i = 0; i < n_verdicts; i++) {
		const struct snapshot *s = verdicts[i].snapshot;
		if (i == 0 || snapshot_compare_sites(verdicts[i - 1].snapshot, s) != 0)
			sites[(*n)++] = (struct site_facts){
				.organization = or_empty(s->report.exchange.organization),
				.site = or_empty(s->report.exchange.site),
				.servers = arena_alloc_array(arena, n_verdicts - i,
							     sizeof(struct site_facts_server)),
				.is_elsewhere = is_elsewhere,
				.elsewhere_user = j,
			};
		struct site_facts *site = &sites[*n - 1];
		site->servers[site->n++] = facts_of(j, &verdicts[i]);
	}
	*out = sites;
}
