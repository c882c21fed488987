/* How far a probe got and what ended it, in the words of everything that people read. */
#pragma once

#include "proto/rpc/grade.h"

/* "no route", "timeout"; NULL for PROBE_OK. */
const char *probe_error_words(enum probe_error error);

/* "no route", "nothing answers on port 135", "the MTA answers"; "not probed". Never NULL. */
const char *probe_words(enum grade grade, enum probe_error error);
