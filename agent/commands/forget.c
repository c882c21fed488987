#include "agent/commands/forget.h"

#include "agent/platform/files.h"
#include "agent/platform/keystore.h"

/* Files that agent/uplink/ and agent/run/ keep beside the key and the spool. */
static const char *const ours[] = {
	"identity",
	"sequence",
	"answer.json",
	"history",
	"collectors",
	"mtawatch-agent.log",
	"mtawatch-agent.log.old",
};

struct forgetting {
	struct arena *arena;
	enum status status; /* the first failure */
	const char *what;
};

static void note_failure(struct forgetting *f, enum status status, const char *path)
{
	if (status == STATUS_OK || f->status != STATUS_OK)
		return;
	f->status = status;
	f->what = path;
}

static void remove_file(struct forgetting *f, const char *dir, const char *name)
{
	const char *path = files_join(f->arena, dir, name);
	note_failure(f, files_remove(path), path);
}

/* A folder that holds nothing but our files. */
static void remove_folder(struct forgetting *f, const char *state_dir, const char *name)
{
	const char *dir = files_join(f->arena, state_dir, name);
	const char **names = NULL;
	size_t n = 0;
	enum status status = files_list(dir, f->arena, &names, &n);

	if (status == STATUS_NOT_FOUND)
		return;
	note_failure(f, status, dir);
	for (size_t i = 0; i < n; i++)
		remove_file(f, dir, names[i]);
	note_failure(f, files_remove_dir(dir), dir);
}

enum status forget_state(const char *state_dir, bool keep_spool, struct arena *arena,
			 const char **what)
{
	struct forgetting f = { .arena = arena };

	note_failure(&f, keystore_remove(state_dir), state_dir);
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		remove_file(&f, state_dir, ours[i]);
		remove_file(&f, state_dir, arena_printf(arena, "%s.tmp", ours[i]));
	}
	if (!keep_spool) {
		remove_folder(&f, state_dir, "spool");
		remove_folder(&f, state_dir, "rejected");
	}
	enum status status = files_remove_dir(state_dir);
	if (status != STATUS_CONFLICT) /* somebody else's file is no failure of ours */
		note_failure(&f, status, state_dir);
	*what = f.what;
	return f.status;
}
