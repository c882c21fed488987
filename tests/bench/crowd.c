#include "crowd.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define PEERS      16
#define INTERVAL_S 300

struct text {
	char *bytes;
	size_t n;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->bytes + t->n, CROWD_BODY_SIZE - t->n, format, args);
	va_end(args);
	t->n += n > 0 ? (size_t)n : 0;
}

char *crowd_name(const struct crowd *crowd, size_t server, char name[32])
{
	snprintf(name, 32, "MX%04zu-%05zu", server / crowd->servers_per_site,
		 server % crowd->servers_per_site);
	return name;
}

static size_t site_size(const struct crowd *crowd, size_t site)
{
	size_t first = site * crowd->servers_per_site;
	size_t left = crowd->n - first;
	return left < crowd->servers_per_site ? left : crowd->servers_per_site;
}

static void add_row(struct text *t, const struct crowd *crowd, size_t peer, int adapter,
		    size_t place, bool reached, int64_t for_s, int64_t ms)
{
	char name[32];
	size_t low = peer % crowd->servers_per_site;
	char letter = adapter == 0 ? 'A' : 'B';

	add(t,
	    "%s{\"adapter\":\"%c\",\"peer\":\"%s\",\"from\":\"10.%d.%zu.%zu\",\"to\":"
	    "\"10.0.%zu.%zu\",\"via\":\"%c\",\"grade\":\"%s\",\"for_s\":%lld,%s\"ms\":%lld,"
	    "\"attempts\":%d}",
	    t->bytes[t->n - 1] == '[' ? "" : ",", letter, crowd_name(crowd, peer, name), adapter,
	    place / 250, place % 250 + 1, low / 250, low % 250 + 1, letter,
	    reached ? "mta" : "none", (long long)for_s, reached ? "" : "\"error\":\"timeout\",",
	    (long long)(reached ? ms : 10000), reached ? 1 : 3);
}

static void add_probes(struct text *t, const struct crowd *crowd, size_t server, int64_t round)
{
	size_t site = server / crowd->servers_per_site;
	size_t place = server % crowd->servers_per_site;
	size_t size = site_size(crowd, site);
	int64_t row = 0;

	for (int adapter = 0; adapter < 2; adapter++) {
		for (size_t i = 1; i <= PEERS && i < size; i++) {
			size_t peer = site * crowd->servers_per_site + (place + i) % size;
			bool reached = adapter == 0 || place % 10 != 0;
			row++;
			add_row(t, crowd, peer, adapter, place, reached,
				(2 * row + 3) * 977 + (round - 1) * INTERVAL_S,
				(row + round) % 5 + 1);
		}
	}
}

static void add_files(struct text *t)
{
	static const char *const names[] = { "Emsmta.exe",  "X400om.dll",   "Dbserver.dll",
					     "Ems_rid.dll", "Info4log.dll", "Mtacheck.exe" };
	add(t, ",\"files\":[");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add(t,
		    "%s{\"name\":\"%s\",\"state\":\"versioned\",\"version\":\"5.5.2653.23\","
		    "\"size\":%zu}",
		    i ? "," : "", names[i], 4711 * (i + 1));
	add(t, "]");
}

size_t crowd_body(const struct crowd *crowd, size_t server, int64_t round, const char *id,
		  char body[CROWD_BODY_SIZE])
{
	struct text t = { .bytes = body };
	char name[32];
	size_t site = server / crowd->servers_per_site;
	size_t place = server % crowd->servers_per_site;
	size_t high = place / 250;
	size_t low = place % 250 + 1;

	crowd_name(crowd, server, name);
	add(&t,
	    "{\"schema\":\"mtawatch.report/1\",\"agent\":{\"id\":\"%s\",\"epoch\":\"0\","
	    "\"version\":\"1.0.0\",\"platform\":\"windows-x86\"},\"sequence\":%lld,"
	    "\"collected_at\":\"2026-11-22T10:%02lld:23Z\",\"interval_s\":%d,\"duration_ms\":%lld,"
	    "\"host\":{\"name\":\"%s\",\"os\":\"Windows NT 4.0 Service Pack 6\",\"booted_at\":"
	    "\"2026-11-20T04:00:11Z\"},\"exchange\":{\"installed\":true,\"version\":\"5.5\","
	    "\"service_pack\":4,\"build\":\"5.5.2653.23\",\"organization\":\"CROWD\",\"site\":"
	    "\"SITE%04zu\",\"server\":\"%s\",\"directory\":\"C:\\\\exchsrvr\",\"clustered\":false}"
	    ",",
	    id, (long long)round, (long long)round % 60, INTERVAL_S, 3000LL + round % 97, name,
	    site, name);
	add(&t,
	    "\"adapters\":[{\"id\":\"A\",\"enabled\":true,\"link\":\"up\",\"addresses\":"
	    "[\"10.0.%zu.%zu/16\"]},{\"id\":\"B\",\"enabled\":true,\"link\":\"up\",\"addresses\":"
	    "[\"10.1.%zu.%zu/16\"]}],\"probes\":[",
	    high, low, high, low);
	add_probes(&t, crowd, server, round);
	add(&t,
	    "],\"self_probes\":[{\"adapter\":\"A\",\"to\":\"10.0.%zu.%zu\",\"grade\":\"mta\","
	    "\"for_s\":86100,\"ms\":1}],\"mta\":{\"service\":\"running\",\"start_type\":\"auto\","
	    "\"exit_code\":0,\"last_start\":{\"at\":\"2026-11-20T04:02:40Z\",\"outcome\":"
	    "\"started\",\"events\":[{\"id\":9298,\"at\":\"2026-11-20T04:02:40Z\"}]}}",
	    high, low);
	add_files(&t);
	add(&t, "}");
	return t.n;
}
