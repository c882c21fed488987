#include "proto/report/probe_words.h"

#include <stddef.h>

static const struct {
	const char *word;
	const char *at_none;
} errors[] = {
	[PROBE_OK] = { 0 },
#define X(symbol, word, at_none) [PROBE_##symbol] = { word, at_none },
#include "proto/report/probe_words.def"
#undef X
};

static const char *const grades[] = {
	[GRADE_NONE] = "nothing answers on port 135",
	[GRADE_TCP] = "port 135 accepts and says nothing",
	[GRADE_EPM] = "the endpoint mapper answers and names no MTA",
	[GRADE_MAPPED] = "the MTA's endpoint is named and does not answer",
	[GRADE_MTA] = "the MTA answers",
};

const char *probe_error_words(enum probe_error error)
{
	return errors[error].word;
}

const char *probe_words(enum grade grade, enum probe_error error)
{
	if (grade == GRADE_UNKNOWN)
		return "not probed";
	return grade == GRADE_NONE && errors[error].at_none ? errors[error].at_none : grades[grade];
}
