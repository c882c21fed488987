/*
 * The verdict on this machine alone, without a collector: exposure_assess_alone() over
 * the one report that the agent can make, told to a person or printed for a program.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "proto/exposure/exposure.h"
#include "proto/exposure/restart.h"
#include "proto/report/report.h"

/* How the page looks. */
struct check_page_style {
	bool json;
	bool color;
	bool before_restart;    /* instead of the page: may the server be restarted? */
	const char *collectors; /* what the running agent noted of them; NULL: nothing */
};

struct check_page_answer {
	enum verdict verdict;
	enum restart restart;
};

/*
 * Judges the report and prints the verdict, its reasons, what to do and what is not known; with
 * `json` the object of proto/exposure/verdict_json.h. Texts are made harmless for a terminal.
 *
 * STATUS_SYSTEM  it could not be printed
 */
enum status check_page_print(FILE *stream, const struct report *report,
			     const struct check_page_style *style, struct check_page_answer *out);
