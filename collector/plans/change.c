#include "collector/plans/change.h"

#include <string.h>

#include "proto/base/ipv4.h"
#include "proto/exposure/advisory.h"
#include "proto/site/member.h"

static const struct {
	const char *name;
	bool of_adapter;
} actions[CHANGE_ACTIONS] = {
	[CHANGE_DISABLE_ADAPTER] = { "disable_adapter", true },
	[CHANGE_ADD_ADAPTER] = { "add_adapter", true },
	[CHANGE_CONNECT_ADAPTER] = { "connect_adapter", true },
	[CHANGE_INSTALL_SERVICE_PACK] = { "install_service_pack", false },
	[CHANGE_INSTALL_FIX] = { "install_fix", false },
	[CHANGE_START_MTA] = { "start_mta", false },
	[CHANGE_REMOVE_SERVER] = { "remove_server", false },
};

const char *change_action_name(enum change_action action)
{
	return actions[action].name;
}

/* "EXCH2 and EXCH3", "every server of the site" */
static const char *peers_text(const struct change *change, struct arena *arena)
{
	const char *text = NULL;

	if (change->n_peers == 0)
		return "every server of the site";
	for (size_t i = 0; i < change->n_peers; i++) {
		const char *joint = !text ? "" : i + 1 == change->n_peers ? " and " : ", ";
		text = arena_printf(arena, "%s%s%s", text ? text : "", joint, change->peers[i]);
	}
	return text;
}

const char *change_text(const struct change *change, struct arena *arena)
{
	const char *server = change->server;

	switch (change->action) {
	case CHANGE_DISABLE_ADAPTER:
		return arena_printf(arena, "Disable adapter %s of %s.", change->adapter, server);
	case CHANGE_ADD_ADAPTER:
		return arena_printf(arena, "Add adapter %s to %s, with a way to %s.",
				    change->adapter, server, peers_text(change, arena));
	case CHANGE_CONNECT_ADAPTER:
		return arena_printf(arena, "Give adapter %s of %s a way to %s.", change->adapter,
				    server, peers_text(change, arena));
	case CHANGE_INSTALL_SERVICE_PACK:
		return arena_printf(arena, "Install Exchange Server 5.5 Service Pack 4 on %s.",
				    server);
	case CHANGE_INSTALL_FIX:
		return arena_printf(arena,
				    "Bring Emsmta.exe and the other files of the set to "
				    "5.5.2654.54 or later on %s.",
				    server);
	case CHANGE_START_MTA:
		return arena_printf(arena, "Start the MTA of %s.", server);
	case CHANGE_REMOVE_SERVER:
		break;
	}
	return arena_printf(arena, "Take %s out.", server);
}

/* Reading. */

static bool find_action(const char *name, enum change_action *out)
{
	for (int i = 0; i < CHANGE_ACTIONS; i++) {
		if (strcmp(name, actions[i].name) == 0) {
			*out = (enum change_action)i;
			return true;
		}
	}
	return false;
}

static bool is_usable(const char *address)
{
	struct ipv4_prefix prefix;

	return strchr(address, '/') && ipv4_prefix_parse(address, &prefix) &&
	       site_address_usable(&prefix);
}

static void read_addresses(struct json_reading *in, const struct json_place *at,
			   struct change *change)
{
	json_require(in, at, "addresses");
	json_get_texts(in, at, "addresses", &change->addresses, &change->n_addresses);
	if (in->status != STATUS_OK)
		return;
	if (change->n_addresses == 0 || change->n_addresses > CHANGE_MAX_ADDRESSES)
		json_refuse(in, at, "addresses", STATUS_INVALID, "expected 1 to 16 addresses");
	for (size_t i = 0; i < change->n_addresses && in->status == STATUS_OK; i++) {
		if (!is_usable(change->addresses[i]))
			json_refuse(in, at, "addresses", STATUS_INVALID,
				    "expected IPv4 addresses with their length, as 10.0.3.5/24");
	}
}

static void read_peers(struct json_reading *in, const struct json_place *at, struct change *change)
{
	json_get_texts(in, at, "peers", &change->peers, &change->n_peers);
	if (in->status == STATUS_OK && change->peers && change->n_peers == 0)
		json_refuse(in, at, "peers", STATUS_INVALID,
			    "expected names; without the member it is every server of the site");
}

static void refuse_where(struct json_reading *in, const struct json_place *at, const char *member,
			 bool refused)
{
	const char **texts = NULL;
	size_t n = 0;

	if (in->status != STATUS_OK || !refused)
		return;
	json_get_texts(in, at, member, &texts, &n);
	if (texts || n > 0)
		json_refuse(in, at, member, STATUS_INVALID, "this action has no such member");
}

static void read_change(struct json_reading *in, const struct json_place *at, void *item)
{
	struct change *change = item;
	const char *action = NULL;

	json_require(in, at, "action");
	json_require(in, at, "server");
	json_get_name(in, at, "action", &action);
	json_get_name(in, at, "server", &change->server);
	if (in->status != STATUS_OK)
		return;
	if (!find_action(action, &change->action)) {
		json_refuse_choice(in, at, "action");
		return;
	}
	bool adds = change->action == CHANGE_ADD_ADAPTER;
	bool gives_way = adds || change->action == CHANGE_CONNECT_ADAPTER;
	if (actions[change->action].of_adapter) {
		json_require(in, at, "adapter");
		json_get_name(in, at, "adapter", &change->adapter);
	}
	if (adds)
		read_addresses(in, at, change);
	if (gives_way)
		read_peers(in, at, change);
	refuse_where(in, at, "addresses", !adds);
	refuse_where(in, at, "peers", !gives_way);
}

struct change *change_read_list(struct json_reading *in, const struct json_place *at, size_t *n)
{
	*n = 0;
	json_require(in, at, "changes");
	struct change *list = json_get_list(in, at, "changes", CHANGE_MAX_CHANGES, sizeof *list,
					    read_change, n, NULL);
	if (in->status == STATUS_OK && *n == 0)
		json_refuse(in, at, "changes", STATUS_INVALID, "expected at least one change");
	return list;
}

/* Reports. */

static void *copy_array(const void *from, size_t n, size_t more, size_t size, struct arena *arena)
{
	void *to = arena_alloc_array(arena, n + more, size);

	if (n > 0)
		memcpy(to, from, n * size);
	return to;
}

struct report *change_copy_report(const struct report *report, struct arena *arena)
{
	struct report *copy = copy_array(report, 1, 0, sizeof *copy, arena);

	copy->adapters = copy_array(report->adapters, report->n_adapters, 0,
				    sizeof *report->adapters, arena);
	return copy;
}

static struct report_probe *keep_rows(const struct report_probe *rows, size_t *n,
				      change_drops *drops, void *user, struct arena *arena)
{
	struct report_probe *kept = arena_alloc_array(arena, *n, sizeof *kept);
	size_t n_kept = 0;

	for (size_t i = 0; i < *n; i++) {
		if (!drops(&rows[i], user))
			kept[n_kept++] = rows[i];
	}
	*n = n_kept;
	return kept;
}

void change_drop_rows(struct report *report, change_drops *drops, void *user, struct arena *arena)
{
	report->probes = keep_rows(report->probes, &report->n_probes, drops, user, arena);
}

static bool is_made_by(const struct report_probe *row, void *user)
{
	const struct report_adapter *adapter = user;

	return (row->adapter && strcmp(row->adapter, adapter->id) == 0) ||
	       (row->via && strcmp(row->via, adapter->id) == 0);
}

static bool aims_at(const struct report_probe *row, const struct report_adapter *adapter)
{
	struct ipv4_prefix own;
	uint32_t to;

	for (size_t i = 0; row->to && i < adapter->n_addresses; i++) {
		if (ipv4_parse(row->to, &to) && ipv4_prefix_parse(adapter->addresses[i], &own) &&
		    own.address == to)
			return true;
	}
	return false;
}

static bool is_made_by_or_aims_at(const struct report_probe *row, void *user)
{
	return is_made_by(row, user) || aims_at(row, user);
}

void change_disable_adapter(struct report *report, size_t number, struct arena *arena)
{
	struct report_adapter *adapter = &report->adapters[number];

	adapter->enabled = TRISTATE_NO;
	change_drop_rows(report, is_made_by, adapter, arena);
	report->self_probes = keep_rows(report->self_probes, &report->n_self_probes,
					is_made_by_or_aims_at, adapter, arena);
}

void change_add_adapter(struct report *report, const struct change *change, struct arena *arena)
{
	report->adapters = copy_array(report->adapters, report->n_adapters, 1,
				      sizeof *report->adapters, arena);
	report->adapters[report->n_adapters++] = (struct report_adapter){
		.id = change->adapter,
		.enabled = TRISTATE_YES,
		.link = LINK_UP,
		.addresses = change->addresses,
		.n_addresses = change->n_addresses,
	};
}

void change_reserve_ways(struct report *report, size_t most, struct arena *arena)
{
	report->probes =
		copy_array(report->probes, report->n_probes, most, sizeof *report->probes, arena);
}

void change_add_way(struct report *report, const char *adapter, const char *peer, enum grade grade)
{
	report->probes[report->n_probes++] = (struct report_probe){
		.adapter = adapter,
		.peer = peer,
		.grade = grade,
		.for_s = REPORT_ABSENT,
		.ms = REPORT_ABSENT,
		.attempts = REPORT_ABSENT,
	};
}

void change_set_mta_version(struct report *report, const char *version, struct arena *arena)
{
	const struct report_file *old = report_find_file(report, ADVISORY_MTA_FILE);
	size_t at = old ? (size_t)(old - report->files) : report->n_files;

	report->files =
		copy_array(report->files, report->n_files, !old, sizeof *report->files, arena);
	report->n_files += !old;
	report->files[at] = (struct report_file){
		.name = ADVISORY_MTA_FILE,
		.state = FILE_STATE_VERSIONED,
		.version = version,
		.size = REPORT_ABSENT,
		.modified_ms = TIMESTAMP_NONE,
	};
}

static void drop_problem(struct report *report, const char *fact, struct arena *arena)
{
	struct report_problem *kept = arena_alloc_array(arena, report->n_problems, sizeof *kept);
	size_t n = 0;

	for (size_t i = 0; i < report->n_problems; i++) {
		const char *named = report->problems[i].fact;
		if (!named || strcmp(named, fact) != 0)
			kept[n++] = report->problems[i];
	}
	report->problems = kept;
	report->n_problems = n;
}

void change_forget_failure(struct report *report, struct arena *arena)
{
	bool started = report->mta.last_start.present &&
		       report->mta.last_start.outcome == START_OUTCOME_STARTED;

	report->mta.known = true;
	if (!started) {
		report->mta.last_start = (struct report_start){ .present = false };
		report->mta.last_failure = (struct report_start){ .present = false };
	}
	drop_problem(report, "mta.events", arena);
}
