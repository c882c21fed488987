/*
 * The exposure rule: is this server exposed to the failure of article Q285350, why, and what is to
 * be done? Pure: same site view in, same assessment out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/site/site.h"

/* Worst first. */
enum verdict {
#define X(symbol, name, word, meaning) VERDICT_##symbol,
#include "proto/exposure/verdicts.def"
#undef X
};
#define VERDICT_COUNT 7

/* A piece of evidence: a text, a number, or a list of texts. */
struct evidence {
	const char *key; /* "adapter", "peer", "file", "event" ... */
	const char *text;
	int64_t number; /* where `text` and `list` are NULL */
	const char **list;
	size_t n_list;
};

#define REASON_MAX_EVIDENCE 8

struct reason {
	const char *code; /* stable: "adapter_isolated" ... */
	const char *text; /* a sentence that an administrator understands */
	struct evidence evidence[REASON_MAX_EVIDENCE];
	size_t n_evidence;
};

enum remedy_action {
	REMEDY_DISABLE_ADAPTER,
	REMEDY_CONNECT_ADAPTER, /* its network, to the site's servers: where it may be a heartbeat */
	REMEDY_INSTALL_SERVICE_PACK,
	REMEDY_INSTALL_FIX,
	REMEDY_START_MTA,
};

struct remedy_step {
	enum remedy_action action;
	const char *adapter; /* of REMEDY_DISABLE_ADAPTER and _CONNECT_ADAPTER, else NULL */
	enum verdict verdict_after;
	const char *text;
};

/* A way to mend the server: its steps in order. */
struct remedy_option {
	struct remedy_step *steps;
	size_t n_steps;
};

/* A path that would have to work where no adapter can be spared. */
struct missing_path {
	const char *adapter;
	const char *peer;
	enum grade grade;       /* how far it got; GRADE_UNKNOWN: not probed */
	enum probe_error error; /* what ended it there */
	enum grade proven;      /* how far it should have got */
};

struct remedy {
	struct remedy_option *options; /* alternatives; none where there is nothing to mend */
	size_t n_options;
	const char *text; /* why disabling is no option, and what else to look at; or NULL */
	struct missing_path *missing_paths;
	size_t n_missing_paths;
};

struct assessment {
	enum verdict verdict;
	struct reason *reasons; /* what decided first, its first sentence short; notes last */
	size_t n_reasons;
	struct remedy remedy;
};

/* Judges a server by its view, made with its report; everything in `out` lives in `arena`. */
void exposure_assess(const struct site_server *server, struct assessment *out, struct arena *arena);

/*
 * The same of a server of which only its own report is there. Nobody else's proofs and self-probes
 * are known, so a peer that does not answer at all proves nothing, and a verdict may be `unknown`
 * that the whole site's reports decide.
 */
void exposure_assess_alone(const struct report *report, struct assessment *out,
			   struct arena *arena);
enum verdict exposure_verdict_alone(const struct report *report);

/* Does it call for somebody at once: exposed or failing? */
bool verdict_is_alarm(enum verdict verdict);

/* "failing" ...; never NULL. */
const char *verdict_name(enum verdict verdict);
/* The words for people: "at risk", and a sentence that says what it means; never NULL. */
const char *verdict_word(enum verdict verdict);
const char *verdict_meaning(enum verdict verdict);
bool verdict_from_name(const char *name, enum verdict *out);

/* The word of a verdict that is given by its name; of another text the text. */
const char *verdict_word_of(const char *name);

/* "disable_adapter" ...; never NULL. */
const char *remedy_action_name(enum remedy_action action);
