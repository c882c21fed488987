/*
 * What the store costs, without network and fleet: CPU and disk per report, how long a commit takes
 * while checkpoints go on, and how long a start takes until all servers are read.
 *
 *   bench_store [SERVERS [ROUNDS [DIRECTORY [WAITING]]]]    default 10000 4 /tmp 64
 *
 * WAITING reports wait for their commit at a time: connections, as it were. Under tests/postgres.py
 * the store is in PostgreSQL, of which neither CPU nor disk is counted here.
 *
 * The first round stores each report whole, the later ones as what differs from it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "collector/base/hash.h"
#include "collector/store/admin.h"
#include "collector/store/store.h"
#include "crowd.h"
#include "measured_store.h"
#include "proto/base/mem.h"

#define T0 INT64_C(1795344323000)

struct bench {
	uv_loop_t loop;
	struct store *store;
	struct crowd crowd;
	size_t waiting; /* reports at a time */
	size_t next;    /* report of the round to submit */
	size_t done;
	int64_t round;
	double *waits_ms; /* of each report of the round */
	uint64_t text_bytes;
};

/* A report on its way. */
struct ride {
	struct bench *bench;
	struct record_report report;
	struct record_server server;
	uint64_t begin;
	char key[32];
	char id[32];
	char body[CROWD_BODY_SIZE];
};

static double cpu_s(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void must(enum status status, const char *error)
{
	if (status == STATUS_OK)
		return;
	fprintf(stderr, "bench_store: %s\n", error);
	exit(1);
}

static void submit_next(struct ride *ride);

static void on_done(void *user, enum status status, const char *error)
{
	struct ride *ride = user;
	struct bench *b = ride->bench;

	must(status, error);
	b->waits_ms[b->done++] = (double)(uv_hrtime() - ride->begin) / 1e6;
	submit_next(ride);
}

static void submit_next(struct ride *ride)
{
	struct bench *b = ride->bench;
	size_t i = b->next++;

	if (i >= b->crowd.n)
		return;
	crowd_name(&b->crowd, i, ride->key);
	snprintf(ride->id, sizeof ride->id, "id-%zu", i);
	size_t size = crowd_body(&b->crowd, i, b->round, ride->id, ride->body);
	b->text_bytes += size;
	ride->report = (struct record_report){
		.key = ride->key,
		.is_latest = true,
		.agent_id = ride->id,
		.epoch = "e",
		.sequence = b->round,
		.at_ms = T0 + b->round * 60000,
		.received_at_ms = T0 + b->round * 60000,
		.body_hash = hash_bytes(ride->body, size),
		.body = ride->body,
		.body_size = size,
	};
	/* What the collector writes of a server that is as it was: nothing but its report. */
	ride->server = (struct record_server){
		.key = ride->key,
		.verdict = "clear",
		.verdict_json = b->round == 1 ? "{}" : NULL,
		.adapters_json = b->round == 1 ? "[]" : NULL,
	};
	struct store_change change = { .report = &ride->report,
				       .servers = &ride->server,
				       .n_servers = 1,
				       .done = on_done,
				       .user = ride };
	ride->begin = uv_hrtime();
	must(store_submit(b->store, &change), "too much waits");
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static double size_of(const char *directory)
{
	char path[512];
	struct stat file;

	snprintf(path, sizeof path, "%s/%s", directory, SQLITE_ENGINE_FILE);
	return stat(path, &file) == 0 ? (double)file.st_size : 0;
}

/* CPU of making the reports alone, which is no part of the store's. */
static double cost_of_making(const struct crowd *crowd, int64_t round)
{
	static char body[CROWD_BODY_SIZE];
	volatile uint64_t hash = 0; /* so that no compiler leaves the work out */
	double begin = cpu_s();

	for (size_t i = 0; i < crowd->n; i++)
		hash = hash ^ hash_bytes(body, crowd_body(crowd, i, round, "id-12345", body));
	(void)hash;
	return cpu_s() - begin;
}

static void print_round(struct bench *b, double wall_s, double cpu, double bytes)
{
	size_t n = b->done;

	qsort(b->waits_ms, n, sizeof *b->waits_ms, compare_doubles);
	printf("%5" PRId64 "  %9.0f  %8.1f  %8.0f  %8.0f  %6.2f  %7.1f  %7.1f  %7.1f\n", b->round,
	       (double)n / wall_s, cpu / (double)n * 1e6, (double)b->text_bytes / (double)n,
	       bytes / (double)n, bytes / (double)b->text_bytes, b->waits_ms[n / 2],
	       b->waits_ms[n * 99 / 100], b->waits_ms[n - 1]);
}

static void run_round(struct bench *b, struct ride *rides, const char *directory)
{
	double size = size_of(directory);
	double making = cost_of_making(&b->crowd, b->round);
	double cpu = cpu_s();
	uint64_t begin = uv_hrtime();

	b->next = b->done = 0;
	b->text_bytes = 0;
	for (size_t i = 0; i < b->waiting; i++)
		submit_next(&rides[i]);
	while (b->done < b->crowd.n)
		uv_run(&b->loop, UV_RUN_ONCE);
	double wall_s = (double)(uv_hrtime() - begin) / 1e9;
	cpu = cpu_s() - cpu - making;
	uv_sleep(1000); /* the last checkpoint, so that all of it is in the file */
	print_round(b, wall_s, cpu, size_of(directory) - size);
}

static enum status count_server(void *user, const struct record_server *server,
				const struct record_report *latest)
{
	size_t *n = user;
	(void)server;
	*n += latest->body_size > 0;
	return STATUS_OK;
}

static void read_all(struct bench *b)
{
	char error[STORE_ERROR_SIZE];
	size_t n = 0;
	uint64_t begin = uv_hrtime();

	must(store_read_servers(store_reader(b->store), count_server, &n, error), error);
	double wall_s = (double)(uv_hrtime() - begin) / 1e9;
	printf("reading %zu servers with their latest reports: %.2f s, %.1f us each\n", n, wall_s,
	       wall_s / (double)n * 1e6);
}

static void close_store(struct bench *b)
{
	store_close(b->store, NULL, NULL);
	uv_run(&b->loop, UV_RUN_DEFAULT);
}

static void clean_up(const char *directory)
{
	static const char *const names[] = { SQLITE_ENGINE_FILE, STORE_LOCK };
	char path[512];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

static void open_store(struct bench *b, const char *directory)
{
	struct store_location location = measured_store(directory);
	struct store_admin *admin;
	char error[STORE_ERROR_SIZE];

	must(store_admin_open(&admin, &location, true, error), error);
	store_admin_close(admin);
	must(store_open(&b->store, &location, &b->loop, error), error);
}

/* An engine may have read all servers when it is open. */
static void start_again(struct bench *b, const char *directory)
{
	close_store(b);
	double cpu = cpu_s();
	uint64_t begin = uv_hrtime();
	open_store(b, directory);
	printf("opening: %.2f s\n", (double)(uv_hrtime() - begin) / 1e9);
	read_all(b);
	printf("both: %.1f us each, %.1f us CPU\n",
	       (double)(uv_hrtime() - begin) / 1e3 / (double)b->crowd.n,
	       (cpu_s() - cpu) * 1e6 / (double)b->crowd.n);
}

int main(int argc, char **argv)
{
	struct bench b = { .crowd = { .n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000,
				      .servers_per_site = 50 },
			   .waiting = argc > 4 ? strtoul(argv[4], NULL, 10) : 64 };
	int64_t rounds = argc > 2 ? strtoll(argv[2], NULL, 10) : 4;
	struct ride *rides = mem_alloc_array(b.waiting, sizeof *rides);
	char directory[256];

	snprintf(directory, sizeof directory, "%s/mtawatch-bench-store.XXXXXX",
		 argc > 3 ? argv[3] : "/tmp");
	if (!mkdtemp(directory) || uv_loop_init(&b.loop) != 0)
		return 1;
	b.waits_ms = mem_alloc_array(b.crowd.n, sizeof *b.waits_ms);
	open_store(&b, directory);
	setvbuf(stdout, NULL, _IOLBF, 0); /* who reads along sees when a round ends */
	for (size_t i = 0; i < b.waiting; i++)
		rides[i].bench = &b;
	printf("round  reports/s   us CPU  B of text  B on disk  ratio   p50 ms   p99 ms   max "
	       "ms\n");
	for (b.round = 1; b.round <= rounds; b.round++)
		run_round(&b, rides, directory);
	start_again(&b, directory);
	close_store(&b);
	clean_up(directory);
	free(b.waits_ms);
	free(rides);
	return uv_loop_close(&b.loop) != 0;
}
