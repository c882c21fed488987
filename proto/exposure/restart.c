#include "proto/exposure/restart.h"

enum restart restart_judge(enum verdict verdict, bool starting_is_left)
{
	switch (verdict) {
	case VERDICT_FAILING:
		return starting_is_left ? RESTART_CANNOT_TELL : RESTART_NO;
	case VERDICT_EXPOSED:
		return RESTART_NO;
	case VERDICT_AT_RISK:
	case VERDICT_UNKNOWN:
		return RESTART_CANNOT_TELL;
	case VERDICT_CLEAR:
	case VERDICT_PROTECTED:
	case VERDICT_NOT_APPLICABLE:
		return RESTART_YES;
	}
	return RESTART_CANNOT_TELL;
}

bool remedy_is_to_start(const struct remedy *remedy)
{
	return remedy->n_options > 0 && remedy->options[0].n_steps == 1 &&
	       remedy->options[0].steps[0].action == REMEDY_START_MTA;
}

const char *restart_name(enum restart restart)
{
	static const char *const names[] = {
		[RESTART_NO] = "no",
		[RESTART_CANNOT_TELL] = "cannot_tell",
		[RESTART_YES] = "yes",
	};

	return names[restart];
}

static const char *answer_words(enum restart restart, enum verdict verdict)
{
	if (restart == RESTART_YES)
		return "Yes, it may be restarted.";
	if (restart == RESTART_NO)
		return "No, its MTA would not start again.";
	if (verdict == VERDICT_FAILING)
		return "Cannot tell: what its last start failed for is not to be seen any more. "
		       "Start the MTA first, and see.";
	return "Cannot tell whether its MTA would start again.";
}

const char *restart_sentence(enum restart restart, enum verdict verdict, const char *why,
			     struct arena *arena)
{
	const char *words = answer_words(restart, verdict);

	return why ? arena_printf(arena, "%s %s", words, why) : words;
}
