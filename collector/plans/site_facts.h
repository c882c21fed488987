/*
 * The facts of one site at one moment, as what-if and plan start from: its servers with what the
 * others need of each, and a way to its whole report. Whoever makes them owns all of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/exposure/exposure.h"
#include "proto/report/report.h"
#include "proto/site/index.h"
#include "proto/site/member.h"

/* Servers of a site that what-if and plan look at. */
#define SITE_FACTS_MAX_SERVERS 2000

struct site_facts_server {
	const char *key;             /* short host name in lower case */
	const char *name;            /* as it was reported */
	struct site_member *member;  /* of the latest report; in no index */
	const struct report *report; /* the latest; NULL: `read` gets it */
	bool fresh;                  /* else it is silent */
	bool holds;                  /* its addresses: not one that reports under another name */
	enum verdict verdict;        /* of now; a silent one keeps it */
};

struct site_facts {
	const char *organization; /* "" where the reports name none */
	const char *site;
	struct site_facts_server *servers; /* in the order of their keys */
	size_t n;
	site_is_elsewhere *is_elsewhere; /* NULL: nothing is known of other sites */
	void *elsewhere_user;
	/* Sets `report` of a server. False: it could not be read. NULL: all are there. */
	bool (*read)(void *user, struct site_facts_server *server);
	void *user;
};
