#include "agent/run/announced_verdict.h"

#include "agent/host/announce.h"

void standing_init(struct standing *standing, struct host *host, const enum verdict *last)
{
	*standing = (struct standing){ .host = host,
				       .known = last != NULL,
				       .verdict = last ? *last : VERDICT_UNKNOWN,
				       .heard_ms = host_now_ms(host) };
}

static void take(struct standing *s, enum verdict verdict, const char *judge)
{
	if (!s->known || s->verdict != verdict)
		announce_verdict(s->host, verdict,
				 s->known ? verdict_name(s->verdict) : "not known", judge);
	s->known = true;
	s->verdict = verdict;
}

void standing_hear(struct standing *standing, enum verdict verdict)
{
	standing->heard_ms = host_now_ms(standing->host);
	take(standing, verdict, "It is the collector's.");
}

void standing_judge(struct standing *standing, const struct report *report, bool has_collector)
{
	struct standing *s = standing;
	uint64_t now_ms = host_now_ms(s->host);

	if (!has_collector) {
		s->heard_ms = now_ms; /* one that is set later gets its time to answer */
		take(s, exposure_verdict_alone(report),
		     "It is this server's own; no collector is set.");
		return;
	}
	if (now_ms - s->heard_ms < STANDING_ALONE_S * UINT64_C(1000))
		return;
	enum verdict verdict = exposure_verdict_alone(report);
	if (verdict_is_alarm(verdict))
		take(s, verdict, "It is this server's own; the collector is away.");
}
