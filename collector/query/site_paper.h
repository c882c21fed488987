/*
 * A site at one moment, as it goes on paper. Texts are NULL where nothing is known. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/findings.h"
#include "proto/base/buffer.h"

/* A server, and what its verdict was since the report's `since_ms`. */
struct site_paper_server {
	const char *name;
	const char *organization;
	const char *site;
	const char *verdict; /* as on the wire */
	bool silent;
	int64_t since_ms;
	int64_t reported_ms; /* or TIMESTAMP_NONE */
	int64_t interval_s;
	const char *build;
	const char *mta;
	const char *os;
	struct findings findings;

	size_t n_changes;   /* of the verdict */
	const char *before; /* the first of them; of a new server the one that it began with */
	int64_t changed_ms; /* when the last one was */
	bool is_new;        /* nobody knew it at the beginning */
};

/* Since when there were how many that are failing, exposed or at risk. */
struct site_paper_count {
	int64_t at_ms;
	int64_t n;
};

struct site_paper_gap {
	int64_t from_ms;
	int64_t to_ms;
};

struct site_paper {
	const char *organization;
	const char *site;
	const char *collector; /* its URL, or NULL */
	int64_t at_ms;         /* by the collector's clock */
	int64_t since_ms;
	struct site_paper_server *servers; /* worst first */
	size_t n;
	struct site_paper_count *trend; /* in the order of time, the last one is now */
	size_t n_trend;
	struct site_paper_gap *gaps; /* when nothing was counted */
	size_t n_gaps;
};

/* Adds the page: one HTML document that loads nothing and is well-formed XML, too. */
void site_paper_write(const struct site_paper *report, struct arena *arena, struct buffer *out);
