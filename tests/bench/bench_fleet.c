/*
 * What the fleet costs, without network and disk: CPU per report in sites of different sizes,
 * memory per server, and how long a start takes.
 *
 *   bench_fleet [SERVERS]    default 100000; sites are of at most as many
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/fleet/fleet.h"
#include "collector/query/server_row.h"
#include "collector/query/server_select.h"
#include "collector/store/engine.h"
#include "crowd.h"

#define T0     INT64_C(1795344323000)
#define ROUNDS 4

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A store that makes its rows when they are asked for. */
struct store_db {
	const struct crowd *crowd;
};

static enum status no_report(struct store_db *db, const char *key, int64_t until_ms,
			     struct arena *arena, struct record_report *out,
			     char error[STORE_ERROR_SIZE])
{
	(void)db, (void)key, (void)until_ms, (void)arena, (void)out, (void)error;
	return STATUS_NOT_FOUND;
}

static enum status no_sequence(struct store_db *db, const char *agent_id, const char *epoch,
			       int64_t *out, char error[STORE_ERROR_SIZE])
{
	(void)db, (void)agent_id, (void)epoch, (void)out, (void)error;
	return STATUS_NOT_FOUND;
}

static enum status make_row(const struct crowd *crowd, size_t i, char *body,
			    struct record_server *server, struct record_report *report)
{
	static char key[32];
	crowd_name(crowd, i, key);
	for (char *c = key; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	*server = (struct record_server){
		.key = key,
		.verdict = i % crowd->servers_per_site % 10 ? "clear" : "exposed",
		.since_ms = T0,
		.verdict_json = "{\"server\":\"X\",\"reasons\":[],\"remedy\":{\"options\":[]}}",
		.adapters_json = "[]",
	};
	*report = (struct record_report){ .key = key, .at_ms = T0, .received_at_ms = T0 };
	report->body_size = crowd_body(crowd, i, 0, "id", body);
	report->body = body;
	return STATUS_OK;
}

static enum status all_rows(struct store_db *db, store_each_server *each, void *user,
			    char error[STORE_ERROR_SIZE])
{
	static char body[CROWD_BODY_SIZE];
	const struct crowd *crowd = db->crowd;
	(void)error;
	for (size_t i = 0; i < crowd->n; i++) {
		struct record_server server;
		struct record_report report;
		make_row(crowd, i, body, &server, &report);
		enum status status = each(user, &server, &report);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static enum status one_row(struct store_db *db, const char *key, struct arena *arena,
			   struct record_server *server, struct record_report *latest,
			   char error[STORE_ERROR_SIZE])
{
	const struct crowd *crowd = db->crowd;
	char *body = arena_alloc(arena, CROWD_BODY_SIZE);
	size_t site = (size_t)strtoul(key + 2, NULL, 10);
	size_t place = (size_t)strtoul(key + 7, NULL, 10);
	(void)error;
	return make_row(crowd, site * crowd->servers_per_site + place, body, server, latest);
}

static enum status no_removals(struct store_db *db, store_each_removal *each, void *user,
			       char error[STORE_ERROR_SIZE])
{
	(void)db, (void)each, (void)user, (void)error;
	return STATUS_OK;
}

static struct fleet *make_fleet(const struct crowd *crowd)
{
	static const struct store_engine engine = {
		.read_report_until = no_report,
		.read_last_sequence = no_sequence,
		.read_servers = all_rows,
		.read_server = one_row,
		.read_removals = no_removals,
	};
	static struct store_db db;
	static const struct store_connection store = { &engine, &db };

	db.crowd = crowd;
	return fleet_new(&store);
}

/* Reads, takes and publishes one report; the part of it that is reading is added to `*reading`. */
static void take(struct fleet *fleet, const struct crowd *crowd, size_t i, int64_t round,
		 int64_t now_ms, double *reading, double *taking)
{
	static char body[CROWD_BODY_SIZE];
	char error[FLEET_ERROR_SIZE];
	struct json_error why;
	struct snapshot *snapshot = NULL;
	struct changes *changes = NULL;
	const struct fleet_earlier none = { .is = FLEET_EARLIER_NONE };
	enum fleet_taken taken;
	size_t size = crowd_body(crowd, i, round, "id", body);

	double begin = cpu_s();
	if (snapshot_read(body, size, now_ms, 0, &snapshot, &why) != STATUS_OK) {
		fprintf(stderr, "%s: %s\n", why.pointer, why.detail);
		exit(1);
	}
	double read = cpu_s();
	if (fleet_take(fleet, snapshot, &none, body, size, now_ms, &changes, &taken, error) !=
	    STATUS_OK) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	fleet_publish(fleet, changes);
	changes_free(changes);
	snapshot_unref(snapshot);
	*reading += read - begin;
	*taking += cpu_s() - read;
}

static void measure_sites(size_t servers_per_site, size_t least)
{
	struct crowd crowd = { .n = least < servers_per_site ? servers_per_site : least,
			       .servers_per_site = servers_per_site };
	struct fleet *fleet = make_fleet(&crowd);
	double reading = 0;
	double taking = 0;

	for (int64_t round = 0; round < ROUNDS; round++) {
		if (round == 2)
			reading = taking = 0; /* the first two fill the site */
		for (size_t i = 0; i < crowd.n; i++)
			take(fleet, &crowd, i, round, T0 + round * 60000 + (int64_t)i * 10,
			     &reading, &taking);
	}
	double n = (double)(crowd.n * (ROUNDS - 2));
	printf("  %5zu servers a site: reading %5.1f us, fleet %5.1f us a report\n",
	       servers_per_site, reading / n * 1e6, taking / n * 1e6);
	fleet_free(fleet);
}

/* One server in ten has an owner of its own. */
static struct remarks *make_remarks(const struct fleet *fleet)
{
	struct remarks *remarks = remarks_new();
	size_t n;
	const struct fleet_row *rows = fleet_rows(fleet, &n);

	for (size_t i = 0; i < n; i += 10) {
		struct record_remark remark = { rows[i].key, "Mail", "token a", T0, "", "", T0 };
		remarks_put(remarks, &remark);
	}
	return remarks;
}

/* What a page of the list costs without network: selection, and the text. */
static void measure_lists(const struct fleet *fleet)
{
	struct remarks *remarks = make_remarks(fleet);
	static const char *const queries[] = {
		"limit=100",
		"limit=1000",
		"verdict=exposed&limit=100",
		"site=SITE0007",
		"owner=mail&limit=100",
		"q=mx0100-00042",
		"q=nowhere",
		"q=0",
		"q=x0&q=1-&q=-0&q=0&limit=100",
		"sort=-server&limit=100",
		"sort=-server",
		"sort=-since&limit=100",
		"sort=-reported_at&limit=100",
		"sort=-build&limit=100",
		"sort=-site&limit=100",
		"sort=-build&adapter=good&silent=false&q=0&limit=100"
	};

	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		struct server_filter filter;
		struct server_list list = { .behind = NULL };
		struct server_page page;
		struct arena arena;
		struct buffer out;
		arena_init(&arena);
		buffer_init(&out);
		double begin = cpu_s();
		const char *fault = server_filter_read(queries[i], &arena, &filter);
		if (fault) {
			fprintf(stderr, "?%s: %s\n", queries[i], fault);
			exit(1);
		}
		filter.remarks = remarks;
		server_table_of_fleet(fleet, &arena, &list.known);
		server_select(&filter, &list, &arena, &page);
		double selected = cpu_s();
		for (size_t k = 0; k < page.n; k++)
			server_row_write(page.views[k], remarks, T0, &out);
		printf("  ?%s: %zu of %zu in %.2f ms, their text in %.2f ms\n", queries[i], page.n,
		       page.n_matched, (selected - begin) * 1e3, (cpu_s() - selected) * 1e3);
		buffer_deinit(&out);
		arena_deinit(&arena);
	}
	remarks_free(remarks);
}

static void measure_size(size_t n)
{
	struct crowd crowd = { .n = n, .servers_per_site = 100 };
	struct changes *changes = NULL;
	char error[FLEET_ERROR_SIZE];
	static char body[CROWD_BODY_SIZE];
	double none = 0;

	double begin = cpu_s();
	for (size_t i = 0; i < n; i++)
		crowd_body(&crowd, i, 0, "id", body);
	double making = cpu_s() - begin;
	malloc_trim(0);
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	struct fleet *fleet = make_fleet(&crowd);
	begin = cpu_s();
	if (fleet_load(fleet, T0 + 1000, &changes, error) != STATUS_OK) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	double loading = cpu_s() - begin - making;
	changes_free(changes);
	for (size_t i = 0; i < n; i++)
		take(fleet, &crowd, i, 1, T0 + 60000, &none, &none);
	malloc_trim(0);
	size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
	measure_lists(fleet);
	printf("  %zu servers: loaded in %.2f s, %zu bytes of memory a server\n", n, loading,
	       (after - before) / n);
	fleet_free(fleet);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 10, 100, 1000, 5000 };

	size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		if (sizes[i] <= n)
			measure_sites(sizes[i], n < 2000 ? n : 2000);
	}
	measure_size(n);
	return 0;
}
