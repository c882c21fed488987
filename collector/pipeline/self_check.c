#include "collector/pipeline/self_check.h"

#include <inttypes.h>
#include <sys/statvfs.h>

#include "collector/pipeline/alerting.h"
#include "proto/base/timestamp.h"

#define MS_A_DAY (INT64_C(86400) * 1000)

bool self_check_is_short(int64_t free_bytes, int64_t all_bytes)
{
	return free_bytes < SELF_CHECK_MIN_FREE_BYTES &&
	       free_bytes < all_bytes / 100 * SELF_CHECK_MIN_FREE_PERCENT;
}

/* For sentences: nobody asks for milliseconds there. */
static const char *format_seconds(int64_t ms, char out[TIMESTAMP_TEXT_SIZE])
{
	return timestamp_format(ms / 1000 * 1000, out);
}

static struct alert_ill check_disk(const struct self_check_facts *facts, int64_t now_ms,
				   struct arena *arena)
{
	struct alert_ill result = { .text = "", .remedy = "" };
	struct statvfs disk;
	(void)now_ms;

	if (statvfs(facts->data, &disk) != 0 || disk.f_blocks == 0)
		return result; /* the store says what is wrong with its directory */
	int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
	result.active =
		self_check_is_short(free_bytes, (int64_t)disk.f_blocks * (int64_t)disk.f_frsize);
	result.text = arena_printf(
		arena, "Of the file system of %s%s %" PRId64 " MB are free%s.", facts->data,
		result.active ? " only" : "", free_bytes / (INT64_C(1024) * 1024),
		result.active ? ": when it is full, no report can be stored" : "");
	result.remedy = "Make room there, or let the collector keep less: keep-reports, "
			"keep-report-days, keep-mb.";
	return result;
}

static struct alert_ill check_certificate(const struct self_check_facts *facts, int64_t now_ms,
					  struct arena *arena)
{
	int64_t end_ms = facts->certificate_end_ms;
	struct alert_ill result = { .text = "", .remedy = "" };
	char ends[TIMESTAMP_TEXT_SIZE];

	if (end_ms == TIMESTAMP_NONE)
		return result;
	result.active = end_ms - now_ms < MS_A_DAY * SELF_CHECK_CERTIFICATE_DAYS;
	result.text = arena_printf(arena, "The certificate of the collector ends %s%s.",
				   format_seconds(end_ms, ends),
				   result.active ? ": from then on no agent reports any more" : "");
	result.remedy = "Put a new certificate in its place and send the collector SIGHUP.";
	return result;
}

static struct alert_ill check_store_lost(const struct self_check_facts *facts, int64_t now_ms,
					 struct arena *arena)
{
	struct alert_ill result = { .text = "The database has what it confirmed.", .remedy = "" };
	char at[TIMESTAMP_TEXT_SIZE];

	if (facts->lost_commits == 0)
		return result;
	format_seconds(facts->lost_ms, at);
	result.active = now_ms - facts->lost_ms < SELF_CHECK_STORE_LOST_MS;
	if (!result.active) {
		result.text =
			arena_printf(arena, "Since %s the database has had what it confirmed.", at);
		return result;
	}
	result.text = arena_printf(arena,
				   "Since %s the database has lacked the last %" PRId64
				   " commits that it had confirmed before: another server took its "
				   "place without them, or a backup was restored.",
				   at, facts->lost_commits);
	result.remedy = "Reports come anew by themselves. Look once more at what people changed "
			"shortly before: acknowledgements, silences, identities, the inventory. A "
			"synchronous standby (synchronous_standby_names) prevents it.";
	return result;
}

static struct alert_ill check_store_async(const struct self_check_facts *facts, int64_t now_ms,
					  struct arena *arena)
{
	(void)now_ms;
	(void)arena;

	if (!facts->is_asynchronous)
		return (struct alert_ill){
			.text = "The database confirms what a synchronous standby has.",
			.remedy = ""
		};
	return (struct alert_ill){
		.active = true,
		.text = "The database has " STORE_ASYNCHRONOUS ": no report is taken, and nothing "
			"that people change.",
		.remedy = "Let the database wait for a synchronous standby "
			  "(synchronous_standby_names), or set require-synchronous = no.",
	};
}

static struct alert_ill check_dead_letters(const struct self_check_facts *facts, int64_t now_ms,
					   struct arena *arena)
{
	int64_t last_ms = facts->last_dead_ms;
	struct alert_ill result = { .text = "No notification is left undelivered.", .remedy = "" };
	char at[TIMESTAMP_TEXT_SIZE];

	if (last_ms == TIMESTAMP_NONE)
		return result;
	result.active = now_ms - last_ms < SELF_CHECK_DEAD_LETTER_MS;
	result.text =
		arena_printf(arena,
			     result.active ? "A notification could not be delivered, the last "
					     "one at %s. The deliveries that failed say why."
					   : "Since %s every notification was delivered.",
			     format_seconds(last_ms, at));
	result.remedy = "Mend the hook, then send them again from the list of deliveries.";
	return result;
}

static struct alert_ill check_hooks(const struct self_check_facts *facts, int64_t now_ms,
				    struct arena *arena)
{
	struct alert_ill result = { .text = "Every hook takes what it is told.", .remedy = "" };
	char at[TIMESTAMP_TEXT_SIZE];
	(void)now_ms;

	if (!facts->stuck_hook)
		return result;
	result.active = true;
	result.text = arena_printf(arena,
				   "The hook %s has taken nothing since %s; what it is to be "
				   "told waits.",
				   facts->stuck_hook, format_seconds(facts->stuck_ms, at));
	result.remedy = arena_printf(arena,
				     "Look at its deliveries, which say why, and try it: "
				     "mtawatch-collector hook test %s.",
				     facts->stuck_hook);
	return result;
}

static struct alert_ill check_collectors(const struct self_check_facts *facts, int64_t now_ms,
					 struct arena *arena)
{
	struct alert_ill result = { .text = "Every collector of the database gives a sign, and "
					    "their clocks agree.",
				    .remedy = "" };
	const char *away = "";
	const char *apart = "";
	(void)now_ms;

	if (!facts->away && !facts->clocks_apart)
		return result;
	if (facts->away)
		away = arena_printf(arena,
				    "Of the collectors that share the database these give no sign "
				    "any more, and had not ended: %s.",
				    facts->away);
	if (facts->clocks_apart)
		apart = arena_printf(arena,
				     "The clocks of the collectors are apart; so far each is ahead "
				     "of the database's: %s.",
				     facts->clocks_apart);
	const char *blank = facts->away && facts->clocks_apart ? " " : "";
	result.active = true;
	result.text = arena_printf(arena, "%s%s%s", away, blank, apart);
	result.remedy = arena_printf(
		arena, "%s%s%s",
		facts->away ? "Start it again, or, if it is no more, run mtawatch-collector "
			      "collectors forget NAME."
			    : "",
		blank, facts->clocks_apart ? "Set the clocks of their machines by NTP." : "");
	return result;
}

/* A check for each condition of the collector's own; test_self_check runs them all. */
static struct alert_ill (*const checks[CONDITION_COUNT])(const struct self_check_facts *facts,
							 int64_t now_ms, struct arena *arena) = {
	[CONDITION_DISK] = check_disk,
	[CONDITION_CERTIFICATE] = check_certificate,
	[CONDITION_STORE_LOST] = check_store_lost,
	[CONDITION_STORE_ASYNC] = check_store_async,
	[CONDITION_DEAD_LETTERS] = check_dead_letters,
	[CONDITION_HOOK] = check_hooks,
	[CONDITION_COLLECTOR] = check_collectors,
};

struct alert_ill self_check_run(const struct self_check_facts *facts, enum condition condition,
				int64_t now_ms, struct arena *arena)
{
	struct alert_ill ill = checks[condition](facts, now_ms, arena);

	ill.since_ms = now_ms;
	return ill;
}
