/*
 * What an alert can be about: a condition of a server (its verdict, or its silence), or a
 * trouble of the collector's own. Each is a row of conditions.def, and a smaller one is a worse
 * one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum condition {
#define X(id, name, word, kind, key, scope, hold_ms, severity, alertname, summary) CONDITION_##id,
#include "collector/model/conditions.def"
#undef X
	CONDITION_COUNT,
};

enum condition_scope {
	CONDITION_SCOPE_SERVER,
	CONDITION_SCOPE_COLLECTOR,
	CONDITION_SCOPE_PLACE, /* a site, or, where none is named, all of them */
};

/* The hold of a condition that never fires. */
#define CONDITION_NEVER INT64_MAX

struct condition_info {
	const char *name;    /* "at_risk" */
	const char *word;    /* for people: "at risk" */
	enum condition kind; /* the worst condition of the same incident */
	enum condition_scope scope;
	int64_t hold_ms;       /* how long it must last before it fires, unless settings differ */
	const char *severity;  /* "critical", "warning", "info" */
	const char *alertname; /* "ExchangeMtaAtRisk" */
	const char *summary;   /* in words; "%s": the server */
};

/* A set of conditions. */
#define CONDITION_BIT(condition) (1U << (unsigned)(condition))
#define CONDITION_ALL            (CONDITION_BIT(CONDITION_COUNT) - 1U)

const struct condition_info *condition_info(enum condition condition);

/*
 * The kind of incident that it is a degree of, named by the worst degree: failing, exposed, at risk
 * and unknown are those of CONDITION_FAILING, all others have a kind of their own.
 */
enum condition condition_kind(enum condition condition);

/* Is it a condition of the collector itself, not of a server? */
bool condition_is_own(enum condition condition);

/* Bytes of a set of conditions as text. */
#define CONDITION_SET_TEXT_SIZE 256

/* For the store: "failing exposed". What is no condition is left out. */
const char *condition_set_text(unsigned set, char text[CONDITION_SET_TEXT_SIZE]);
unsigned condition_set_from_text(const char *text);

/* "at_risk"; never NULL. */
const char *condition_name(enum condition condition);

/* For people: "at risk"; never NULL. */
const char *condition_word(enum condition condition);

bool condition_from_name(const char *name, enum condition *out);

/* For messages about a list of them: "failing, exposed, ..., several with commas". */
const char *condition_names(void);
