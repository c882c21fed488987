#include "crowd.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define PEERS 16

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
		    size_t place, bool reached, int64_t round)
{
	char name[32];
	size_t low = peer % crowd->servers_per_site;

	add(t,
	    "%s{\"adapter\":\"El90x%d\",\"peer\":\"%s\",\"from\":\"10.%d.%zu.%zu\",\"to\":"
	    "\"10.0.%zu.%zu\",\"via\":\"El90x%d\",\"grade\":\"%s\",\"for_s\":%lld,%s\"ms\":%lld,"
	    "\"attempts\":%d}",
	    t->bytes[t->n - 1] == '[' ? "" : ",", adapter, crowd_name(crowd, peer, name),
	    adapter - 1, place / 250, place % 250 + 1, low / 250, low % 250 + 1, adapter,
	    reached ? "mta" : "none", (long long)(86100 + round * 60),
	    reached ? "" : "\"error\":\"timeout\",", (long long)(reached ? 2 + round % 5 : 10000),
	    reached ? 1 : 3);
}

static void add_adapter(struct text *t, int adapter, size_t place)
{
	add(t,
	    "%s{\"id\":\"El90x%d\",\"description\":\"3Com EtherLink XL 10/100 PCI\",\"mac\":"
	    "\"00-50-04-0%d-%02zx-%02zx\",\"enabled\":true,\"link\":\"up\",\"addresses\":"
	    "[\"10.%d.%zu.%zu/16\"],\"gateways\":[\"10.%d.0.250\"]}",
	    adapter > 1 ? "," : "", adapter, adapter, place / 250, place % 250, adapter - 1,
	    place / 250, place % 250 + 1, adapter - 1);
}

static void add_files(struct text *t)
{
	static const char *const names[] = { "Emsmta.exe",   "X400om.dll",   "Dbserver.dll",
					     "Ems_rid.dll",  "Info4log.dll", "Mtacheck.exe",
					     "Dbserver.sch", "Dcprods.cat",  "Infoplog.cfg",
					     "P2.xv2",       "P42.tpl",      "P772.tpl" };
	add(t, ",\"files\":[");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add(t,
		    "%s{\"name\":\"%s\",\"state\":\"%s\",%s\"size\":%zu,\"modified\":"
		    "\"2000-11-05T10:00:00Z\"}",
		    i ? "," : "", names[i], i < 6 ? "versioned" : "unversioned",
		    i < 6 ? "\"version\":\"5.5.2653.23\"," : "", 4711 * (i + 1));
	add(t, "]");
}

size_t crowd_body(const struct crowd *crowd, size_t server, int64_t round, const char *id,
		  char body[CROWD_BODY_SIZE])
{
	struct text t = { .bytes = body };
	char name[32];
	size_t site = server / crowd->servers_per_site;
	size_t place = server % crowd->servers_per_site;
	size_t size = site_size(crowd, site);

	crowd_name(crowd, server, name);
	add(&t,
	    "{\"schema\":\"mtawatch.report/1\",\"agent\":{\"id\":\"%s\",\"epoch\":\"a81b\","
	    "\"version\":\"1.0.0\",\"platform\":\"windows-x86\"},\"sequence\":%lld,"
	    "\"collected_at\":\"2026-11-22T10:%02lld:23Z\",\"interval_s\":300,\"duration_ms\":%lld,"
	    "\"host\":{\"name\":\"%s\",\"os\":\"Windows NT 4.0 Service Pack 6\",\"booted_at\":"
	    "\"2026-11-20T04:00:11Z\"},\"exchange\":{\"installed\":true,\"version\":\"5.5\","
	    "\"service_pack\":4,\"build\":\"5.5.2653.23\",\"organization\":\"CROWD\",\"site\":"
	    "\"SITE%04zu\",\"server\":\"%s\",\"directory\":\"C:\\\\exchsrvr\",\"clustered\":false},"
	    "\"adapters\":[",
	    id, (long long)round + 1, (long long)round % 60, 3000LL + round % 97, name, site, name);
	add_adapter(&t, 1, place);
	add_adapter(&t, 2, place);
	add(&t, "],\"probes\":[");
	for (int adapter = 1; adapter <= 2; adapter++) {
		for (size_t i = 1; i <= PEERS && i < size; i++)
			add_row(&t, crowd, site * crowd->servers_per_site + (place + i) % size,
				adapter, place, adapter == 1 || place % 10 != 0, round);
	}
	add(&t,
	    "],\"self_probes\":[{\"adapter\":\"El90x1\",\"to\":\"10.0.%zu.%zu\",\"grade\":\"mta\","
	    "\"for_s\":%lld,\"ms\":1}],\"mta\":{\"service\":\"running\",\"start_type\":\"auto\","
	    "\"exit_code\":0,\"last_start\":{\"at\":\"2026-11-22T03:12:40Z\",\"outcome\":"
	    "\"started\",\"events\":[{\"id\":9298,\"at\":\"2026-11-22T03:12:40Z\"}]}}",
	    place / 250, place % 250 + 1, 86100LL + round * 60);
	add_files(&t);
	add(&t, "}");
	return t.n;
}
