/* The commands `sites` and `matrix`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"
#include "proto/report/report.h"

const char sites_help[] =
	"mtawatch-collector sites: show the sites, worst first, and how many servers of each have\n"
	"which verdict.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector sites\n"
	"\n"
	"Options:\n" SHOW_AT_HELP SHOW_HELP;

const char matrix_help[] =
	"mtawatch-collector matrix: show which adapter of a site reaches which server.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector matrix ACME/HQ\n"
	"\n"
	"Of the only site there is, where none is named.\n"
	"\n"
	"A cell is how far the adapter got, with '!' where that is less than what others proved:\n"
	"a bad line is an adapter that is cut off, a bad column a server that does not answer.\n"
	"Where the terminal is too narrow, only such paths are listed.\n"
	"\n"
	"Options:\n" SHOW_AT_HELP SHOW_HELP;

/* What is counted of a site, worst first: verdicts, and what goes beside them. */
static const char *const counted[] = { "failing", "exposed",   "at_risk",
				       "silent",  "unknown",   "not_monitored",
				       "clear",   "protected", "not_applicable" };
#define N_COUNTED (sizeof counted / sizeof *counted)
#define N_BAD     6 /* of these are no good news */

struct site_shown {
	const char *site;
	const char *organization;
	const char *owner; /* NULL: nobody */
	int64_t total;
	int64_t counts[N_COUNTED];
	size_t place; /* in the answer */
};

static const char *read_owner(struct json_reading *in, const struct json_place *at)
{
	struct json_place owner;

	return json_get_object(in, at, "owner", &owner) ? json_borrow_text(in, &owner, "name")
							: NULL;
}

static void read_site(struct json_reading *in, const struct json_place *at, void *item)
{
	struct site_shown *site = item;
	struct json_place counts;

	json_get_text(in, at, "site", &site->site);
	json_get_text(in, at, "organization", &site->organization);
	site->owner = read_owner(in, at);
	if (!json_get_object(in, at, "counts", &counts))
		return;
	json_get_integer(in, &counts, "total", 0, SHOW_MAX_ITEMS, &site->total);
	for (size_t i = 0; i < N_COUNTED; i++)
		json_get_integer(in, &counts, counted[i], 0, SHOW_MAX_ITEMS, &site->counts[i]);
}

/* The site with more of the worst comes first; those alike stay as they came. */
static int compare_sites(const void *left, const void *right)
{
	const struct site_shown *a = left;
	const struct site_shown *b = right;

	for (size_t i = 0; i < N_BAD; i++) {
		if (a->counts[i] != b->counts[i])
			return a->counts[i] > b->counts[i] ? -1 : 1;
	}
	return a->place < b->place ? -1 : a->place > b->place;
}

/* The first of the words that is counted at all; N_COUNTED: none is. */
static size_t find_worst(const struct site_shown *site)
{
	size_t i = 0;

	while (i < N_COUNTED && site->counts[i] == 0)
		i++;
	return i;
}

/* "1 exposed, 2 clear" */
static const char *join_counts(struct show *show, const struct site_shown *site)
{
	const char *text = NULL;

	for (size_t i = 0; i < N_COUNTED; i++) {
		if (site->counts[i] != 0)
			text = arena_printf(&show->arena, "%s%s%" PRId64 " %s", text ? text : "",
					    text ? ", " : "", site->counts[i],
					    show_verdict(show, counted[i], false));
	}
	return text;
}

static void add_site(struct show *show, const struct site_shown *site, struct table *table)
{
	size_t worst = find_worst(site);
	const char *cells[] = {
		worst < N_COUNTED ? show_verdict(show, counted[worst], false) : NULL,
		site->site,
		site->organization,
		arena_printf(&show->arena, "%" PRId64, site->total),
		join_counts(show, site),
		site->owner,
	};

	table_add(table, cells,
		  worst < N_COUNTED ? show_note(show, counted[worst], false) : TINT_NONE);
}

static void print_sites(struct show *show, struct json_reading *in, const struct json_place *root,
			void *user)
{
	static const char *const names[] = { "WORST",   "SITE",     "ORGANIZATION",
					     "SERVERS", "OF THESE", "OWNER" };
	struct table table;
	size_t n = 0;
	(void)user;

	show_past(show, in, root);
	struct site_shown *sites =
		json_get_list(in, root, show->is_past ? "sites" : "items", SHOW_MAX_ITEMS,
			      sizeof *sites, read_site, &n, NULL);
	for (size_t i = 0; i < n; i++)
		sites[i].place = i;
	if (n > 0)
		qsort(sites, n, sizeof *sites, compare_sites);
	table_init(&table, names, sizeof names / sizeof *names, &show->arena);
	for (size_t i = 0; i < n; i++)
		add_site(show, &sites[i], &table);
	if (!show->json && in->status == STATUS_OK)
		table_print(&table, show->width, show->color, stdout);
}

struct row_shown {
	const char *server;
	const char *adapter;
	const char *state;
	bool silent;
};

struct peer_shown {
	const char *name;
};

struct cell_shown {
	int64_t from;
	int64_t to;
	const char *grade;
	const char *proven;
	const char *error;
};

struct matrix_shown {
	struct row_shown *rows;
	size_t n_rows;
	struct peer_shown *peers;
	size_t n_peers;
	struct cell_shown *cells;
	size_t n_cells;
};

static void read_row(struct json_reading *in, const struct json_place *at, void *item)
{
	struct row_shown *row = item;

	*row = (struct row_shown){ "?", "?", "?", false };
	json_get_text(in, at, "server", &row->server);
	json_get_text(in, at, "adapter", &row->adapter);
	json_get_text(in, at, "state", &row->state);
	json_get_bool(in, at, "silent", &row->silent);
}

static void read_peer(struct json_reading *in, const struct json_place *at, void *item)
{
	struct peer_shown *peer = item;

	peer->name = "?";
	json_get_text(in, at, "name", &peer->name);
}

static void read_cell(struct json_reading *in, const struct json_place *at, void *item)
{
	struct cell_shown *cell = item;

	cell->from = cell->to = -1;
	json_get_integer(in, at, "from", 0, SHOW_MAX_ITEMS, &cell->from);
	json_get_integer(in, at, "to", 0, SHOW_MAX_ITEMS, &cell->to);
	json_get_text(in, at, "grade", &cell->grade);
	json_get_text(in, at, "proven", &cell->proven);
	json_get_text(in, at, "error", &cell->error);
}

/* Grades in their order; none is less than all of them. */
static size_t grade_rank(const char *grade)
{
	enum grade value = GRADE_UNKNOWN;
	return grade && grade_from_name(grade, &value) ? (size_t)value + 1 : 0;
}

static bool falls_short(const struct cell_shown *cell)
{
	return grade_rank(cell->grade) < grade_rank(cell->proven);
}

static bool is_inside(const struct matrix_shown *m, const struct cell_shown *cell)
{
	return cell->from >= 0 && (size_t)cell->from < m->n_rows && cell->to >= 0 &&
	       (size_t)cell->to < m->n_peers;
}

#define FIXED_COLUMNS 3

/* What stands in each cell of the grid, row by row. */
static const char **make_grid(struct show *show, const struct matrix_shown *m)
{
	size_t width = FIXED_COLUMNS + m->n_peers;
	const char **grid = arena_alloc_array(&show->arena, m->n_rows * width, sizeof *grid);

	for (size_t i = 0; i < m->n_rows; i++) {
		grid[i * width] = show_verdict(show, m->rows[i].state, m->rows[i].silent);
		grid[i * width + 1] = m->rows[i].server;
		grid[i * width + 2] = m->rows[i].adapter;
	}
	for (size_t i = 0; i < m->n_cells; i++) {
		const struct cell_shown *cell = &m->cells[i];
		if (is_inside(m, cell))
			grid[(size_t)cell->from * width + FIXED_COLUMNS + (size_t)cell->to] =
				arena_printf(&show->arena, "%s%s", cell->grade ? cell->grade : "?",
					     falls_short(cell) ? "!" : "");
	}
	return grid;
}

/* False: it has too many columns for a table or for the terminal. */
static bool print_grid(struct show *show, const struct matrix_shown *m)
{
	size_t width = FIXED_COLUMNS + m->n_peers;
	const char *names[TABLE_MAX_COLUMNS] = { "STATE", "SERVER", "ADAPTER" };
	struct table table;

	if (width > TABLE_MAX_COLUMNS)
		return false;
	for (size_t i = 0; i < m->n_peers; i++)
		names[FIXED_COLUMNS + i] = m->peers[i].name;
	const char **grid = make_grid(show, m);
	table_init(&table, names, width, &show->arena);
	for (size_t i = 0; i < m->n_rows; i++)
		table_add(&table, grid + i * width,
			  show_note(show, m->rows[i].state, m->rows[i].silent));
	if (show->width > 0 && table_width(&table) > show->width)
		return false;
	if (!show->json)
		table_print(&table, show->width, show->color, stdout);
	return true;
}

static void print_short_paths(struct show *show, const struct matrix_shown *m)
{
	static const char *const names[] = { "STATE",   "SERVER", "ADAPTER", "PEER",
					     "REACHED", "PROVEN", "ERROR" };
	struct table table;
	size_t n = 0;

	table_init(&table, names, sizeof names / sizeof *names, &show->arena);
	table_keep_names(&table, 1);
	table_keep_names(&table, 3);
	for (size_t i = 0; i < m->n_cells; i++) {
		const struct cell_shown *cell = &m->cells[i];
		if (!is_inside(m, cell) || !falls_short(cell))
			continue;
		const struct row_shown *row = &m->rows[cell->from];
		const char *cells[] = { show_verdict(show, row->state, row->silent),
					row->server,
					row->adapter,
					m->peers[cell->to].name,
					cell->grade,
					cell->proven,
					show_error(cell->error) };
		table_add(&table, cells, show_note(show, row->state, row->silent));
		n++;
	}
	for (size_t i = 0; i < m->n_rows; i++)
		show_note(show, m->rows[i].state, m->rows[i].silent);
	if (show->json)
		return;
	printf("%zu adapters, %zu paths, %zu of them shorter than proven%s\n", m->n_rows,
	       m->n_cells, n, n ? ":" : "");
	if (n > 0)
		table_print(&table, show->width, show->color, stdout);
}

static void print_matrix(struct show *show, struct json_reading *in, const struct json_place *root,
			 void *user)
{
	struct matrix_shown m;
	(void)user;

	show_past(show, in, root);
	m.rows = json_get_list(in, root, "adapters", SHOW_MAX_ITEMS, sizeof *m.rows, read_row,
			       &m.n_rows, NULL);
	m.peers = json_get_list(in, root, "peers", SHOW_MAX_ITEMS, sizeof *m.peers, read_peer,
				&m.n_peers, NULL);
	m.cells = json_get_list(in, root, "cells", SHOW_MAX_ITEMS, sizeof *m.cells, read_cell,
				&m.n_cells, NULL);
	if (in->status == STATUS_OK && !print_grid(show, &m))
		print_short_paths(show, &m);
}

int sites_main(int argc, char **argv)
{
	static const char *const forms[] = { "sites" };
	struct show_options parsed = { .json = NULL };
	const char *at = NULL;
	struct arguments_option options[] = { SHOW_AT(&at), SHOW_OPTIONS(&parsed) };
	struct arguments words;
	struct arena arena;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	arena_init(&arena);
	rc = show_run(&parsed, show_path_at("/v1/sites", at, &arena), print_sites, NULL);
	arena_deinit(&arena);
	return rc;
}

/* The sites that there are: how many, and one of them. */
struct only_site {
	size_t n;
	const char *organization;
	const char *site;
};

static void read_only_site(struct json_reading *in, const struct json_place *at, void *user)
{
	struct only_site *only = user;

	only->n++;
	only->organization = only->site = "";
	json_get_text(in, at, "organization", &only->organization);
	json_get_text(in, at, "site", &only->site);
}

static void read_only_sites(struct show *show, struct json_reading *in,
			    const struct json_place *root, void *user)
{
	(void)show;
	json_each(in, root, "items", SHOW_MAX_ITEMS, read_only_site, user, NULL);
}

/* Names the only site in `arena`; of several, or of none, an exit status, and that is said. */
static int find_only_site(const struct show_options *options, struct arena *arena,
			  struct only_site *out)
{
	struct api_client_answer answer;
	struct show show;
	int rc = show_open(&show, options);

	if (rc == TERMINAL_EXIT_OK)
		rc = show_ask(&show, "/v1/sites", &answer);
	if (rc == TERMINAL_EXIT_OK)
		rc = show_text(&show, answer.body, answer.size, read_only_sites, out);
	if (rc == TERMINAL_EXIT_OK && out->n == 0)
		rc = terminal_fail("there is no site yet: the first report makes one; see "
				   "mtawatch-collector init");
	if (rc == TERMINAL_EXIT_OK && out->n > 1)
		rc = terminal_refuse("matrix: there are %zu sites; expected ORGANIZATION/SITE, one "
				     "of mtawatch-collector sites",
				     out->n);
	if (rc == TERMINAL_EXIT_OK) {
		out->organization = arena_strdup(arena, out->organization);
		out->site = arena_strdup(arena, out->site);
	}
	show_close(&show);
	return rc;
}

static int show_matrix(const struct show_options *options, const struct only_site *of,
		       const char *at, struct arena *arena)
{
	const char *path =
		arena_printf(arena, "/v1/sites/%s/%s/matrix",
			     show_escape(*of->organization ? of->organization : "-", arena),
			     show_escape(*of->site ? of->site : "-", arena));

	return show_run(options, show_path_at(path, at, arena), print_matrix, NULL);
}

int matrix_main(int argc, char **argv)
{
	static const char *const forms[] = { "matrix [ORGANIZATION/SITE]" };
	struct show_options parsed = { .json = NULL };
	const char *at = NULL;
	struct arguments_option options[] = { SHOW_AT(&at), SHOW_OPTIONS(&parsed) };
	struct only_site of = { .n = 0 };
	struct arguments words;
	struct arena arena;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	arena_init(&arena);
	if (words.n_words == 0) {
		rc = find_only_site(&parsed, &arena, &of);
	} else {
		char *slash = strchr(words.words[0], '/');
		*slash = '\0';
		of.organization = words.words[0];
		of.site = slash + 1;
	}
	if (rc == TERMINAL_EXIT_OK)
		rc = show_matrix(&parsed, &of, at, &arena);
	arena_deinit(&arena);
	return rc;
}
