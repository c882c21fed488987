#include "agent/run/announced_verdict.h"

#include "agent/host/announce.h"

void announced_verdict_init(struct announced_verdict *announced, struct host *host,
			    const enum verdict *last)
{
	*announced = (struct announced_verdict){ .host = host,
						 .known = last != NULL,
						 .verdict = last ? *last : VERDICT_UNKNOWN,
						 .heard_ms = host_now_ms(host) };
}

static void take_verdict(struct announced_verdict *s, enum verdict verdict, const char *judge)
{
	if (!s->known || s->verdict != verdict)
		announce_verdict(s->host, verdict,
				 s->known ? verdict_word(s->verdict) : "not known", judge);
	s->known = true;
	s->verdict = verdict;
}

void announced_verdict_take(struct announced_verdict *announced, enum verdict verdict)
{
	announced->heard_ms = host_now_ms(announced->host);
	take_verdict(announced, verdict, "It is the collector's.");
}

void announced_verdict_judge(struct announced_verdict *announced, const struct report *report,
			     bool has_collector)
{
	struct announced_verdict *s = announced;
	uint64_t now_ms = host_now_ms(s->host);

	if (!has_collector) {
		s->heard_ms = now_ms; /* one that is set later gets its time to answer */
		take_verdict(s, exposure_verdict_alone(report),
			     "It is this server's own; no collector is set.");
		return;
	}
	if (now_ms - s->heard_ms < ANNOUNCED_VERDICT_ALONE_S * UINT64_C(1000))
		return;
	enum verdict verdict = exposure_verdict_alone(report);
	if (verdict_is_alarm(verdict))
		take_verdict(s, verdict, "It is this server's own; the collector is away.");
}
