#include "collector/pipeline/self_check.h"

#include <inttypes.h>
#include <sys/statvfs.h>

#include "collector/pipeline/alerting.h"
#include "proto/base/timestamp.h"

#define MS_A_DAY (INT64_C(86400) * 1000)

bool alerting_is_short(int64_t free_bytes, int64_t all_bytes)
{
	return free_bytes < ALERTING_MIN_FREE_BYTES &&
	       free_bytes < all_bytes / 100 * ALERTING_MIN_FREE_PERCENT;
}

static struct alerting_ill look_at_disk(const char *data, struct arena *arena)
{
	struct alerting_ill ill = { false, "", "" };
	struct statvfs disk;

	if (statvfs(data, &disk) != 0 || disk.f_blocks == 0)
		return ill; /* the store says what is wrong with its directory */
	int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
	ill.holds = alerting_is_short(free_bytes, (int64_t)disk.f_blocks * (int64_t)disk.f_frsize);
	ill.text = arena_printf(arena,
				"Of the file system of %s only %" PRId64 " MB are free: when it is "
				"full, no report can be stored.",
				data, free_bytes / (INT64_C(1024) * 1024));
	ill.remedy = "Make room there, or let the collector keep less: keep-reports, "
		     "keep-report-days, keep-mb.";
	return ill;
}

static struct alerting_ill look_at_certificate(int64_t end_ms, int64_t now_ms, struct arena *arena)
{
	struct alerting_ill ill = { false, "", "" };
	char end[TIMESTAMP_TEXT_SIZE];

	if (end_ms == TIMESTAMP_NONE)
		return ill;
	ill.holds = end_ms - now_ms < MS_A_DAY * ALERTING_CERTIFICATE_DAYS;
	ill.text = arena_printf(arena,
				"The certificate of the collector ends %s: from then on no agent "
				"reports any more.",
				timestamp_format(end_ms, end));
	ill.remedy = "Put a new certificate in its place and send the collector SIGHUP.";
	return ill;
}

static struct alerting_ill look_at_dead_letters(int64_t last_ms, int64_t now_ms,
						struct arena *arena)
{
	struct alerting_ill ill = { false, "", "" };
	char at[TIMESTAMP_TEXT_SIZE];

	if (last_ms == TIMESTAMP_NONE)
		return ill;
	ill.holds = now_ms - last_ms < ALERTING_DEAD_LETTER_MS;
	ill.text = arena_printf(arena,
				"A notification could not be delivered, the last one at %s: "
				"GET /v1/deliveries?state=dead lists them and says why.",
				timestamp_format(last_ms, at));
	ill.remedy = "Mend the hook, then send them again: POST /v1/deliveries/{id}/retry.";
	return ill;
}

struct alerting_ill alerting_look(const struct alerting_facts *facts, enum condition condition,
				  int64_t now_ms, struct arena *arena)
{
	switch (condition) {
	case CONDITION_DISK:
		return look_at_disk(facts->data, arena);
	case CONDITION_CERTIFICATE:
		return look_at_certificate(facts->certificate_end_ms, now_ms, arena);
	case CONDITION_DEAD_LETTERS:
		return look_at_dead_letters(facts->last_dead_ms, now_ms, arena);
	default:
		return (struct alerting_ill){ false, "", "" };
	}
}
