#include "collector/commands/mail_host.h"

#include <stdbool.h>
#include <string.h>

#include "collector/daemon/options.h"
#include "collector/hooks/settings.h"
#include "collector/model/server_key.h"
#include "collector/store/engine.h"

/* Hosts that are looked for; `is_watched` is what came of it. */
struct look {
	const char *key;
	bool is_watched;
};

static enum status see_expected(void *user, const struct record_expected *expected)
{
	struct look *look = user;

	look->is_watched |= strcmp(expected->key, look->key) == 0;
	return STATUS_OK;
}

static bool is_watched(const struct store_engine *engine, struct store_db *db, const char *key)
{
	struct look look = { .key = key };
	struct record_report latest;
	struct record_server server;
	char error[STORE_ERROR_SIZE];
	struct arena arena;

	arena_init(&arena);
	look.is_watched =
		engine->read_server(db, key, &arena, &server, &latest, error) == STATUS_OK;
	arena_deinit(&arena);
	(void)engine->read_expected(db, see_expected, &look, error);
	return look.is_watched;
}

/* "mail.example.com" of "smtp://mail.example.com:587"; "" of an address, which has no name. */
static const char *host_of(const char *url, struct arena *arena)
{
	const char *host = strstr(url, "://") + 3;
	size_t n = strcspn(host, ":/?#");

	if (*host == '[' || strspn(host, "0123456789.") == n)
		return "";
	return arena_strndup(arena, host, n);
}

static void look_at(const struct options *options, struct store_db *db,
		    const struct hook_settings *hook, mail_host_tell *tell, void *user)
{
	char key[SERVER_KEY_SIZE];
	struct arena arena;

	arena_init(&arena);
	const char *host = host_of(hook->smtp, &arena);
	if (*host && is_watched(options->store.engine, db, server_key(host, key)))
		tell(user,
		     arena_printf(&arena,
				  "[hook %s]: %s is a server that mtawatch watches: mail about its "
				  "MTA would not come through while that is down; name another "
				  "mail server in smtp",
				  hook->name, host));
	arena_deinit(&arena);
}

static bool is_meant(const struct hook_settings *hook, const char *name)
{
	return hook->type == HOOK_TYPE_EMAIL && (!name || strcmp(hook->name, name) == 0);
}

void mail_host_check(const struct options *options, const char *hook, mail_host_tell *tell,
		     void *user)
{
	const struct store_engine *engine = options->store.engine;
	struct store_db *db = NULL;
	char error[STORE_ERROR_SIZE];

	for (const struct hook_settings *s = options->hooks; s; s = s->next) {
		if (!is_meant(s, hook))
			continue;
		if (!db && (!engine->exists(&options->store) ||
			    engine->open_reader(&db, &options->store, error) != STATUS_OK))
			return;
		look_at(options, db, s, tell, user);
	}
	if (db)
		engine->close(db);
}
