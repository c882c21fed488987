#include "collector/fleet/site_facts.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/text_map.h"
#include "collector/fleet/internal.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"

struct fleet_site_facts {
	struct site_facts facts;
	struct fleet *fleet;
	const struct fleet_site *site;
	bool sealed;
	struct snapshot **snapshots; /* of the reports that were read; NULL: not yet */
	struct text_map elsewhere;   /* names that were asked about: to themselves where they are */
	char error[FLEET_ERROR_SIZE];
	struct arena arena;
};

static int compare_servers(const void *a, const void *b)
{
	const struct site_facts_server *x = a;
	const struct site_facts_server *y = b;
	return strcmp(x->key, y->key);
}

/* Answers are kept, so that the same name gets the same one, whatever the fleet knows by then. */
static bool is_elsewhere(void *user, const char *server_name)
{
	struct fleet_site_facts *f = user;
	char *key = arena_alloc(&f->arena, strlen(server_name) + 1);

	casefold_copy(key, server_name);
	const char *known = text_map_get(&f->elsewhere, key);
	if (known)
		return *known != '\0';
	if (f->sealed) /* a name of the site itself, between two reports of its server */
		return false;
	const struct fleet_server *server = fleet_name_find(f->fleet, server_name);
	while (server && server->site == f->site)
		server = server->next_of_name;
	text_map_add(&f->elsewhere, key, server ? "elsewhere" : "");
	return server != NULL;
}

static size_t place_of(const struct fleet_site_facts *f, const struct site_facts_server *of)
{
	return (size_t)(of - f->facts.servers);
}

static void keep_snapshot(struct fleet_site_facts *f, struct site_facts_server *of,
			  struct snapshot *snapshot)
{
	f->snapshots[place_of(f, of)] = snapshot;
	of->report = &snapshot->report;
}

/* For a what-if, which asks within the call that made the facts: the latest report is its own. */
static bool read_report(void *user, struct site_facts_server *of)
{
	struct fleet_site_facts *f = user;
	const struct fleet_server *server = f->sealed ? NULL : fleet_server_find(f->fleet, of->key);
	struct snapshot *latest = NULL;

	if (!server || fleet_read_latest(f->fleet, server, &latest, f->error) != STATUS_OK)
		return false;
	keep_snapshot(f, of, latest);
	return true;
}

static void add_server(struct fleet_site_facts *f, const struct site_member *member)
{
	const struct fleet_server *server = member->user;

	f->facts.servers[f->facts.n++] = (struct site_facts_server){
		.key = arena_strdup(&f->arena, server->key),
		.name = arena_strdup(&f->arena, server->current->server),
		.member = site_member_copy(member, &f->arena),
		.fresh = member->fresh,
		.holds = member->holds,
		.verdict = server->current->verdict,
	};
}

/* Machines that name neither are a site each, which no name finds. */
static const struct fleet_site *find_site(const struct fleet *fleet, const char *organization,
					  const char *site)
{
	for (size_t i = 0; (*organization || *site) && i < fleet->n_sites; i++) {
		if (casefold_equal(fleet->sites[i]->organization, organization) &&
		    casefold_equal(fleet->sites[i]->name, site))
			return fleet->sites[i];
	}
	return NULL;
}

static size_t count_members(const struct fleet_site *site)
{
	size_t n = 0;

	for (const struct site_member *m = site ? site->index.members : NULL; m; m = m->next)
		n++;
	return n;
}

enum status fleet_site_facts_new(struct fleet *fleet, const char *organization, const char *site,
				 struct fleet_site_facts **out)
{
	const struct fleet_site *found = find_site(fleet, organization, site);
	size_t n = count_members(found);

	if (n == 0)
		return STATUS_NOT_FOUND;
	if (n > SITE_FACTS_MAX_SERVERS)
		return STATUS_LIMIT;
	struct fleet_site_facts *f = mem_alloc(sizeof *f);
	arena_init(&f->arena);
	f->fleet = fleet;
	f->site = found;
	f->snapshots = arena_alloc_array(&f->arena, n, sizeof(struct snapshot *));
	f->facts = (struct site_facts){
		.organization = arena_strdup(&f->arena, found->organization),
		.site = arena_strdup(&f->arena, found->name),
		.servers = arena_alloc_array(&f->arena, n, sizeof *f->facts.servers),
		.is_elsewhere = is_elsewhere,
		.elsewhere_user = f,
		.read = read_report,
		.user = f,
	};
	for (const struct site_member *m = found->index.members; m; m = m->next)
		add_server(f, m);
	qsort(f->facts.servers, f->facts.n, sizeof *f->facts.servers, compare_servers);
	*out = f;
	return STATUS_OK;
}

void fleet_site_facts_free(struct fleet_site_facts *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->facts.n; i++)
		snapshot_unref(f->snapshots[i]);
	text_map_deinit(&f->elsewhere);
	arena_deinit(&f->arena);
	free(f);
}

struct site_facts *fleet_site_facts_get(struct fleet_site_facts *f)
{
	return &f->facts;
}

void fleet_site_facts_seal(struct fleet_site_facts *f)
{
	f->sealed = true;
}

const char *fleet_site_facts_error(const struct fleet_site_facts *f)
{
	return f->error;
}

static void become(struct fleet_site_facts *f, struct site_facts_server *of,
		   const struct fleet_server *server, const struct snapshot *latest)
{
	of->member = site_member_new(&latest->report, latest->at_ms, &f->arena);
	of->fresh = server->member->fresh;
	of->holds = server->member->holds;
	of->verdict = server->current->verdict;
}

enum status fleet_site_facts_read(struct fleet_site_facts *f, size_t number,
				  char error[FLEET_ERROR_SIZE])
{
	struct site_facts_server *of = &f->facts.servers[number];
	const struct fleet_server *server = fleet_server_find(f->fleet, of->key);
	struct snapshot *latest = NULL;

	if (of->report)
		return STATUS_OK;
	if (!server || server->site != f->site) {
		of->fresh = false;
		return STATUS_OK;
	}
	enum status status = fleet_read_latest(f->fleet, server, &latest, error);
	if (status != STATUS_OK)
		return status;
	become(f, of, server, latest);
	keep_snapshot(f, of, latest);
	return STATUS_OK;
}
