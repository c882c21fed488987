/*
 * A change that somebody thinks of: what is done to one server. What it makes of the server's
 * report is a pure function; what the site sees then is collector/plans/what_if.h's.
 *
 * Whatever is changed of a server, its MTA is started afterwards: what its last start failed for
 * is taken as history.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/json/fields.h"
#include "proto/report/report.h"

#define CHANGE_MAX_CHANGES   500 /* of one question */
#define CHANGE_MAX_ADDRESSES 16  /* of an adapter that is added */

enum change_action {
	CHANGE_DISABLE_ADAPTER,
	CHANGE_ADD_ADAPTER,     /* a new one that reaches the peers */
	CHANGE_CONNECT_ADAPTER, /* one that is there gets a way to the peers */
	CHANGE_INSTALL_SERVICE_PACK,
	CHANGE_INSTALL_FIX,
	CHANGE_START_MTA,
	CHANGE_REMOVE_SERVER, /* it is taken out, as by `decommission` */
};
#define CHANGE_ACTIONS 7

struct change {
	enum change_action action;
	const char *server;     /* its host name */
	const char *adapter;    /* its id, of the first three */
	const char **addresses; /* "10.0.3.5/24", of an added one */
	size_t n_addresses;
	const char **peers; /* Exchange server names; none: every server of the site */
	size_t n_peers;
};

/* "disable_adapter" ...; never NULL. */
const char *change_action_name(enum change_action action);

/* "Disable adapter B of EXCH1." */
const char *change_text(const struct change *change, struct arena *arena);

/* Reads the array "changes" of an object; `*n` is 1 or more unless the reading has failed. */
struct change *change_read_list(struct json_reading *in, const struct json_place *at, size_t *n);

/* A copy whose members may be set; its list of adapters is its own. */
struct report *change_copy_report(const struct report *report, struct arena *arena);

/*
 * These work on such a copy. `adapter` is its number. Rows that were made by an adapter that is
 * disabled, or left through it, tell nothing any more, nor do probes of its addresses.
 */
void change_disable_adapter(struct report *report, size_t adapter, struct arena *arena);
void change_add_adapter(struct report *report, const struct change *change, struct arena *arena);
void change_set_mta_version(struct report *report, const char *version, struct arena *arena);
void change_forget_failure(struct report *report, struct arena *arena);

/* Makes room for rows, and adds one that reaches a peer so far, as if it had always been so. */
void change_reserve_ways(struct report *report, size_t most, struct arena *arena);
void change_add_way(struct report *report, const char *adapter, const char *peer, enum grade grade);

/* Leaves out the rows that `drops` says. */
typedef bool change_drops(const struct report_probe *row, void *user);
void change_drop_rows(struct report *report, change_drops *drops, void *user, struct arena *arena);
