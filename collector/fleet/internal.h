/*
 * Inside the fleet: its servers and sites, and what its parts do for each other. Only this folder
 * includes this; collector/fleet/fleet.h is the contract. Parts with a state of their own have a
 * header: changes.h, expiry.h, renames.h, rows.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "collector/base/text_map.h"
#include "collector/fleet/changes.h"
#include "collector/fleet/expiry.h"
#include "collector/fleet/fleet.h"
#include "collector/fleet/probe_mesh.h"
#include "collector/fleet/renames.h"
#include "collector/fleet/rows.h"
#include "collector/model/snapshot.h"
#include "collector/model/view.h"
#include "proto/site/site.h"

struct fleet_site;
struct fleet_name;

/*
 * Of the latest report stays in memory what others of the site need (`member`) and what is shown
 * (the views); the whole is read from the store when it is needed: fleet_read_latest().
 */
struct fleet_server {
	struct site_member *member;
	struct snapshot *unstored; /* the latest report while it is not durable, else NULL */
	struct view *current;      /* as judged last; ahead of its row until the commit */
	struct fleet_site *site;
	struct fleet_name *name;
	struct fleet_server *next_of_name;

	/* What the latest report says of itself, to tell whether another one is later. */
	uint64_t agent_epoch_hash; /* a hash of the agent's id and epoch */
	int64_t sequence;
	uint64_t fingerprint; /* hash of what its history tells (collector/model/report_diff.h) */
	/*
	 * Hash of what is stored of its adapters: of the states that its history told last, or of
	 * the adapters of a silent server, which are no such text and so are told again; 0: nothing.
	 */
	uint64_t reach;

	/* The highest sequence of its agent's reports under one epoch, stored or on their way. */
	struct report_stream {
		uint64_t agent_epoch_hash; /* of the agent and epoch; 0: not known yet */
		int64_t last_sequence;
		uint64_t n_imported; /* the fleet's count when imports were looked at */
	} stream;

	char *drift; /* collector/model/drift.h; NULL: there is none */

	struct fleet_card *cards; /* the network cards of its latest report */
	uint32_t n_cards;

	uint64_t signature; /* of the view of the site that `current` was judged by */
	bool is_judged;     /* by its latest report: `signature` is valid */
	bool silent;
	bool stands; /* its latest report is of an agent of standing */

	int64_t expires_ms; /* the first moment at which its latest report is not fresh */
	size_t expiry_slot; /* place in the heap; EXPIRY_NOT_QUEUED while the server is silent */
	struct fleet_server *next_expired;

	bool needs_rejudge; /* silent, and a late report may change its verdict */
	struct fleet_server *next_to_rejudge;

	size_t row; /* place of its published row when last looked up */

	uint64_t changes_id; /* of the change set that has a view of it... */
	size_t changes_at;   /* ...and which one */

	char key[];
};

struct fleet_site {
	struct fleet *fleet;
	uint32_t number;    /* the site's place in the fleet's list */
	char *organization; /* as its first report spells them */
	char *name;
	struct site_index index;
	struct probe_mesh mesh;
	int64_t silent_until_ms; /* the latest of the last fresh moments of its silent servers */
	bool is_touched;         /* has dirty servers to judge before the call ends */
	struct fleet_site *next_touched;
	char key[];
};

/* The machines that carry one Exchange server name, wherever they are. */
struct fleet_name {
	struct fleet_server *first;
	struct fleet_site *
		*askers; /* sites whose rows name it, although it may be of none of theirs */
	size_t n_askers;
	char key[]; /* in lower case */
};

struct fleet {
	const struct store_connection *store;
	struct text_map by_key;
	struct fleet_server **servers; /* in order of arrival */
	size_t n;
	size_t room;
	struct published published;
	struct text_map removals; /* to struct record_removal */
	struct arena removals_arena;
	struct text_map by_site;
	struct fleet_site **sites;
	size_t n_sites;
	size_t sites_room;
	struct text_map by_name;
	struct fleet_name **names;
	size_t n_names;
	size_t names_room;
	struct card_index cards;
	struct expiry_heap expiry;
	struct fleet_server *to_rejudge; /* in no order */
	uint64_t n_past; /* reports of the past so far that fleet_read_until() found */
	LIST_HEAD(, fleet_ahead) aheads; /* what was read before it is needed, or is being read */
	struct fleet_site *touched;
	struct flights flights;
	uint64_t n_imported; /* reports so far that did not come from the agents that they name */
	/* The highest sequence of these, by agent and epoch (imports.c). */
	struct text_map imports;
	struct arena imports_arena;
	int64_t newest_ms; /* the latest time of a report: it is never earlier than that here */
};

/* ahead.c: what is told in fleet.h, for the fleet itself. */

/* The report that the store has until then, or NULL; false: it was not read ahead. */
bool fleet_ahead_find(const struct fleet *fleet, const char *key, int64_t until_ms,
		      struct snapshot **out);
/* Was something read ahead for what is done now? And all that judging this silent server takes? */
bool fleet_ahead_is_in_use(const struct fleet *fleet);
bool fleet_ahead_covers(const struct fleet *fleet, const struct fleet_server *server);
/* A report of that server, or of any (NULL), was stored: what was read ahead of it is not right. */
void fleet_ahead_outdate(struct fleet *fleet, const char *key);

/* imports.c: reports that did not come from the agents that they name. */

/* The highest sequence of those of that agent and epoch; INT64_MIN: there are none. */
int64_t fleet_imports_last_sequence(const struct fleet *fleet, uint64_t agent_epoch_hash);
void fleet_imports_note(struct fleet *fleet, uint64_t agent_epoch_hash, int64_t sequence);
void fleet_imports_clear(struct fleet *fleet);

/* servers.c: servers and sites as such. */

/* The server of that key, or NULL. */
struct fleet_server *fleet_server_find(const struct fleet *fleet, const char *key);

/* A new server with its first report; not judged, not among the expiries. */
struct fleet_server *fleet_server_add(struct fleet *fleet, const struct snapshot *latest,
				      bool fresh);

/* Makes it the latest report; moves the server where it names another site. */
void fleet_server_set_latest(struct fleet *fleet, struct fleet_server *server,
			     const struct snapshot *latest, bool fresh);

/* A hash of the agent's id and epoch. */
uint64_t fleet_agent_epoch_hash(const struct report *report);

/* Is this report a later one than the server's latest? */
bool fleet_server_is_later(const struct fleet_server *server, const struct snapshot *snapshot);

/* sites.c: sites and names. */

/* The site that a report names, or NULL where no server ever did. */
struct fleet_site *fleet_site_find(const struct fleet *fleet, const struct snapshot *snapshot);
struct fleet_site *fleet_site_find_or_add(struct fleet *fleet, const struct snapshot *snapshot);

/* Has the site's dirty servers judged by the next fleet_assess_touched(). */
void fleet_site_touch(struct fleet_site *site);

/* The first of the machines that carry an Exchange server name, without case, or NULL. */
const struct fleet_server *fleet_name_find(const struct fleet *fleet, const char *server_name);

/* The server carries the name of its member; its site is set. */
void fleet_name_join(struct fleet *fleet, struct fleet_server *server);
void fleet_name_leave(struct fleet_server *server);

/* Frees all servers, sites and names. */
void fleet_servers_clear(struct fleet *fleet);
void fleet_sites_clear(struct fleet *fleet);

/*
 * `now_ms`, or the latest time of a report where the system's clock was set back: no report may lie
 * after the moment that it is judged at.
 */
int64_t fleet_clock(const struct fleet *fleet, int64_t now_ms);

/* Marks the server and its site's record of silent ones. */
void fleet_server_set_silent(struct fleet_server *server);

/* Takes the server out and frees it. */
void fleet_server_drop(struct fleet *fleet, struct fleet_server *server);

/* remove.c: a server was removed, so that reports from before do not bring it back. */
void fleet_note_removal(struct fleet *fleet, const struct record_removal *removal);
bool fleet_is_from_before_removal(const struct fleet *fleet, const struct snapshot *snapshot);

/* history.c: what is told of a server afterwards. */

/*
 * What a report that is about to become the latest of its server shows to have changed; from then
 * on the server is compared with it.
 *
 * STATUS_SYSTEM ...  the report before could not be read
 */
enum status fleet_note_report(struct fleet *fleet, struct fleet_server *server,
			      const struct snapshot *latest, struct changes *changes,
			      char error[FLEET_ERROR_SIZE]);

/* A server is judged for the first time; what is told of that comes after it. */
void fleet_note_first_report(struct changes *changes, const struct fleet_server *server,
			     int64_t reported_at_ms);

/* Notes the changes that a view shows which is about to become the current one. */
void fleet_note_view(struct changes *changes, const struct fleet_server *server,
		     const struct view *view);

/*
 * Notes the states of a server's adapters where the history has not told these yet; where it tells
 * none, from the time of the report on. What is to be stored of them, in `arena`; NULL: nothing
 * new.
 */
const char *fleet_note_reach(struct changes *changes, struct fleet_server *server,
			     const struct site_server *seen, int64_t now_ms, int64_t reported_at_ms,
			     struct arena *arena);

/* A server is removed. */
void fleet_note_gone(struct changes *changes, const struct record_removal *removal);

/* drift.c: what announces trouble. */

/* `before` is the report before, or NULL where `latest` tells the same facts. */
void fleet_drift_follow_report(struct fleet_server *server, const struct report *before,
			       const struct snapshot *latest);
void fleet_drift_follow_peers(struct fleet_server *server, const struct site_member *before,
			      const struct site_member *after);

/* What is to be shown of it beside a view of the latest report; borrowed until the next report. */
const char *fleet_drift_look(struct fleet_server *server, const struct site_server *seen,
			     struct arena *arena);

/* judged.c: fleet_read_judged(), with the row of the store, which lies in `arena`, too. */
enum status fleet_judge_stored(struct fleet *fleet, const struct view *view, struct arena *arena,
			       struct record_server *row, struct site_server *out,
			       struct snapshot **latest, char error[FLEET_ERROR_SIZE]);

/* reports.c: whole reports. */

/* A stored report as a snapshot, a reference. */
enum status fleet_parse_stored(const struct record_report *record, struct snapshot **out,
			       char error[FLEET_ERROR_SIZE]);

/* The latest report of a server, a reference. */
enum status fleet_read_latest(struct fleet *fleet, const struct fleet_server *server,
			      struct snapshot **out, char error[FLEET_ERROR_SIZE]);

/*
 * The report by which a server counted at a moment that lies before the time of its latest one, a
 * reference; NULL where it had none yet.
 */
enum status fleet_read_until(struct fleet *fleet, const struct fleet_server *server,
			     int64_t until_ms, struct snapshot **out, char error[FLEET_ERROR_SIZE]);

/* The same of what is stored alone; any thread. */
enum status fleet_read_stored_until(const struct store_connection *reader, const char *key,
				    int64_t until_ms, struct snapshot **out,
				    char error[FLEET_ERROR_SIZE]);

/* judge.c: verdicts of servers with a fresh report. */

/*
 * Judges in every touched site whose view has changed, and who has a new report.
 *
 * STATUS_SYSTEM ...  a report could not be read
 */
enum status fleet_assess_touched(struct fleet *fleet, int64_t now_ms, struct changes *changes,
				 char error[FLEET_ERROR_SIZE]);

/*
 * Assesses what a site shows of a server (`seen`, with the report attached) and adds the view to
 * the changes where it shows something else than the current one. Of `verdict` the caller sets
 * silent, renamed_to, and since_ms for a verdict that is new.
 */
void fleet_judge_seen(struct fleet_server *server, const struct snapshot *report,
		      const struct site_server *seen, struct view_verdict verdict,
		      struct changes *changes, struct arena *arena);

/*
 * After loading: computes the signature of each server whose stored verdict still holds, so that it
 * is not judged again.
 */
void fleet_restore_signatures(struct fleet_site *site);

/*
 * Makes the servers silent whose reports have expired by `now_ms`, in order of expiry, and judges
 * the servers that this concerns; stops once `most` or more are silent.
 */
enum status fleet_expire(struct fleet *fleet, int64_t now_ms, size_t most, struct changes *changes,
			 char error[FLEET_ERROR_SIZE]);

/* silent.c: verdicts that silent servers keep. */

/*
 * Judges a silent server at its last fresh moment, from the reports collected until then.
 *
 * STATUS_SYSTEM ...  an earlier report could not be read
 */
enum status fleet_silent_judge(struct fleet *fleet, struct fleet_server *server,
			       struct changes *changes, char error[FLEET_ERROR_SIZE]);

/* After a late report: marks the site's silent servers that were still heard of at its time. */
void fleet_silent_mark_for_rejudge(struct fleet *fleet, const struct fleet_site *site,
				   int64_t at_ms);

/* Judges the marked servers again, up to FLEET_MAX_SILENT_JUDGED and FLEET_MAX_READ_AGAIN. */
enum status fleet_silent_rejudge_marked(struct fleet *fleet, struct changes *changes,
					char error[FLEET_ERROR_SIZE]);
