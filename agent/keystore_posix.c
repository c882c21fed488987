#include "agent/keystore.h"

#include <string.h>

#include "agent/files.h"
#include "proto/arena.h"

#define KEY_FILE "key"

enum status keystore_load(const char *state_dir, char **text)
{
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	enum status st =
		files_read(files_join(&arena, state_dir, KEY_FILE), KEYSTORE_MAX_TEXT, text, &n);
	arena_deinit(&arena);
	return st;
}

/* Every file of the agent's is made with mode 0600. */
enum status keystore_save(const char *state_dir, const char *text)
{
	struct arena arena;

	arena_init(&arena);
	enum status st = files_replace(files_join(&arena, state_dir, KEY_FILE), text, strlen(text));
	arena_deinit(&arena);
	return st;
}

enum status keystore_remove(const char *state_dir)
{
	struct arena arena;

	arena_init(&arena);
	enum status st = files_remove(files_join(&arena, state_dir, KEY_FILE));
	arena_deinit(&arena);
	return st;
}
