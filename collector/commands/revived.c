#include "collector/commands/revived.h"

#include <stdbool.h>
#include <stdio.h>

#include "collector/base/loop.h"
#include "collector/cli/terminal.h"
#include "collector/model/record_report.h"

/* Lines that are printed of one kind; there may be very many agents. */
#define MAX_LINES 100

struct kind {
	enum record_kind kind;
	const char *noun;
	const char *action; /* of the audit row that ends one */
};

static const struct kind kinds[] = {
	{ RECORD_KIND_TOKEN, "token", "token.revoke" },
	{ RECORD_KIND_SECRET, "enrolment secret", "secret.revoke" },
	{ RECORD_KIND_AGENT, "agent", "agent.release" },
};
static const struct kind sessions = { RECORD_KIND_SESSION, "session", "session.end" };

struct reviving {
	struct local *local;
	struct store_admin *present; /* NULL: it is not at hand */
	const struct kind *kind;
	size_t n;
	char *error;
};

static void print_identity(struct reviving *r, const char *name, const char *what)
{
	if (r->n++ < MAX_LINES)
		terminal_print("%s %s: %s\n", r->kind->noun, name, what);
}

static void tell_rest(const struct reviving *r)
{
	if (r->n > MAX_LINES)
		terminal_print("... and %zu more of these\n", r->n - MAX_LINES);
}

static enum status drop_identity(struct reviving *r, const struct record_identity *identity)
{
	struct record_identity gone = *identity;
	return local_drop(r->local, &gone, r->kind->action, r->error);
}

/* An identity that was made anew under the same name is another one. */
static enum status is_there(struct reviving *r, const struct record_identity *identity, bool *out)
{
	struct record_identity stored;
	struct arena arena;

	arena_init(&arena);
	enum status status = store_admin_read_identity(r->present, identity->kind, identity->name,
						       &arena, &stored, r->error);
	*out = status == STATUS_OK && secret_hash_equal(stored.hash, identity->hash);
	arena_deinit(&arena);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status judge_identity(void *user, const struct record_identity *identity)
{
	struct reviving *r = user;
	bool stays;

	if (!r->present) {
		print_identity(r, identity->name,
			       "may call again, also if it was revoked since the backup");
		return STATUS_OK;
	}
	enum status status = is_there(r, identity, &stays);
	if (status != STATUS_OK || stays)
		return status;
	print_identity(r, identity->name, "was revoked since the backup, so it is again");
	return drop_identity(r, identity);
}

/* It would be a stranger, and has erased the secret that it enrolled with. */
static enum status keep_agent(void *user, const struct record_identity *agent)
{
	struct reviving *r = user;
	struct record_identity stored;
	struct arena arena;
	struct record_audit audit = {
		.at_ms = loop_wall_ms(),
		.who = r->local->who,
		.origin = "terminal",
		.action = "agent.enroll",
		.kind = agent->kind,
		.object = agent->name,
		.object_id = agent->id,
	};
	struct store_change change = { .add_identity = agent, .audit = &audit };

	arena_init(&arena);
	enum status status = store_admin_read_identity(r->local->store, agent->kind, agent->name,
						       &arena, &stored, r->error);
	arena_deinit(&arena);
	if (status != STATUS_NOT_FOUND)
		return status;
	print_identity(r, agent->name, "enrolled since the backup, so it stays enrolled");
	return store_admin_change(r->local->store, &change, r->error);
}

static enum status keep_agents(struct reviving *r)
{
	static const struct kind agents = { RECORD_KIND_AGENT, "agent", "agent.enroll" };

	r->kind = &agents;
	r->n = 0;
	enum status status =
		store_admin_read_identities(r->present, agents.kind, keep_agent, r, r->error);
	tell_rest(r);
	return status;
}

static enum status end_session(void *user, const struct record_identity *session)
{
	return drop_identity(user, session);
}

static enum status judge_identities(struct reviving *r)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < sizeof kinds / sizeof *kinds; i++) {
		r->kind = &kinds[i];
		r->n = 0;
		status = store_admin_read_identities(r->local->store, r->kind->kind, judge_identity,
						     r, r->error);
		tell_rest(r);
	}
	r->kind = &sessions;
	return status == STATUS_OK ? store_admin_read_identities(r->local->store, sessions.kind,
								 end_session, r, r->error)
				   : status;
}

static enum status remove_again(struct reviving *r, const struct record_removal *removal)
{
	struct record_audit audit = {
		.at_ms = loop_wall_ms(),
		.who = r->local->who,
		.origin = "terminal",
		.action = "server.remove",
		.kind = RECORD_KIND_SERVER,
		.object = removal->key,
	};
	struct store_change change = { .removal = removal, .audit = &audit };

	print_identity(r, removal->server, "was removed since the backup, so it is again");
	return store_admin_change(r->local->store, &change, r->error);
}

/* A server that has come back since it was removed stays. */
static enum status judge_removal(void *user, const struct record_removal *removal)
{
	struct reviving *r = user;
	bool is_present = false;
	bool is_restored = false;

	enum status status =
		store_admin_has_server(r->present, removal->key, &is_present, r->error);
	if (status == STATUS_OK)
		status = store_admin_has_server(r->local->store, removal->key, &is_restored,
						r->error);
	if (status == STATUS_OK && is_restored && !is_present)
		status = remove_again(r, removal);
	return status;
}

static enum status judge_servers(struct reviving *r)
{
	static const struct kind servers = { RECORD_KIND_SERVER, "server", "server.remove" };

	r->kind = &servers;
	r->n = 0;
	enum status status = store_admin_read_removals(r->present, judge_removal, r, r->error);
	tell_rest(r);
	return status;
}

int revived_put_to_rest(struct local *local, struct store_admin *present)
{
	char error[STORE_ERROR_SIZE] = "";
	struct reviving r = { .local = local, .present = present, .error = error };

	enum status status = judge_identities(&r);
	if (status == STATUS_OK && present)
		status = keep_agents(&r);
	if (status == STATUS_OK && present)
		status = judge_servers(&r);
	if (status != STATUS_OK)
		return terminal_fail("the store is restored, but what was revoked since the backup "
				     "may call again, so start no collector: %s",
				     error);
	if (!present)
		terminal_print("Servers that were removed since the backup are watched again. "
			       "restore --present DIRECTORY compares with the store before.\n");
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}
