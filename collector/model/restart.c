#include "collector/model/restart.h"

#include <string.h>

#include "collector/model/findings.h"
#include "proto/base/timestamp.h"

/* Is the first way to mend a failing server to start the MTA, and nothing else? */
static bool starting_is_left(const struct findings *findings)
{
	const struct findings_option *first = findings->options;

	return findings->n_options > 0 && first->n == 1 && first->steps[0].action &&
	       strcmp(first->steps[0].action, remedy_action_name(REMEDY_START_MTA)) == 0;
}

static enum restart judge_findings(const struct view *view, const struct findings *findings)
{
	if (view->silent || view->not_monitored)
		return RESTART_CANNOT_TELL;
	return restart_judge(view->verdict, starting_is_left(findings));
}

enum restart view_restart(const struct view *view)
{
	struct findings findings = { .n_options = 0 };
	struct arena arena;

	arena_init(&arena);
	if (view->verdict == VERDICT_FAILING) /* of others they say nothing about it */
		(void)findings_of_view(view, &arena, &findings);
	enum restart restart = judge_findings(view, &findings);
	arena_deinit(&arena);
	return restart;
}

static const char *silent_text(const struct view *view, const char *why, struct arena *arena)
{
	char at[TIMESTAMP_TEXT_SIZE];

	return arena_printf(arena,
			    "Cannot tell whether its MTA would start again: no report has come "
			    "since %s. It was %s then%s%s",
			    timestamp_format(view->reported_at_ms, at), verdict_word(view->verdict),
			    why ? ": " : ".", why ? why : "");
}

const char *view_restart_text(const struct view *view, struct arena *arena)
{
	struct findings findings;

	(void)findings_of_view(view, arena, &findings);
	const char *why = findings_lead(&findings)->text;
	if (view->silent)
		return silent_text(view, why, arena);
	return restart_sentence(judge_findings(view, &findings), view->verdict, why, arena);
}
