#include "agent/commands/forget.h"

#include "agent/platform/files.h"
#include "agent/platform/keystore.h"

/* Files that agent/uplink/identity.c, cycle.c and run.c keep beside the key and the spool. */
static const char *const ours[] = { "identity", "sequence",           "answer.json",
				    "history",  "mtawatch-agent.log", "mtawatch-agent.log.old" };

struct forgetting {
	struct arena *arena;
	enum status status; /* the first failure */
	const char *what;
};

static void note(struct forgetting *f, enum status st, const char *path)
{
	if (st == STATUS_OK || f->status != STATUS_OK)
		return;
	f->status = st;
	f->what = path;
}

static void remove_file(struct forgetting *f, const char *dir, const char *name)
{
	const char *path = files_join(f->arena, dir, name);
	note(f, files_remove(path), path);
}

/* A folder that holds nothing but our files. */
static void remove_folder(struct forgetting *f, const char *state_dir, const char *name)
{
	const char *dir = files_join(f->arena, state_dir, name);
	const char **names = NULL;
	size_t n = 0;
	enum status st = files_list(dir, f->arena, &names, &n);

	if (st == STATUS_NOT_FOUND)
		return;
	note(f, st, dir);
	for (size_t i = 0; i < n; i++)
		remove_file(f, dir, names[i]);
	note(f, files_remove_dir(dir), dir);
}

enum status forget_state(const char *state_dir, bool keep_spool, struct arena *arena,
			 const char **what)
{
	struct forgetting f = { .arena = arena };

	note(&f, keystore_remove(state_dir), state_dir);
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		remove_file(&f, state_dir, ours[i]);
		remove_file(&f, state_dir, arena_printf(arena, "%s.tmp", ours[i]));
	}
	if (!keep_spool) {
		remove_folder(&f, state_dir, "spool");
		remove_folder(&f, state_dir, "rejected");
	}
	enum status st = files_remove_dir(state_dir);
	if (st != STATUS_CONFLICT) /* somebody else's file is no failure of ours */
		note(&f, st, state_dir);
	*what = f.what;
	return f.status;
}
