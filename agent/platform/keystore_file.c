#include "agent/platform/keystore_file.h"

#include <string.h>

#include "agent/platform/files.h"
#include "agent/platform/keystore.h"
#include "proto/base/arena.h"

#define KEY_FILE "key"

enum status keystore_load_file(const char *state_dir, char **text)
{
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	enum status status =
		files_read(files_join(&arena, state_dir, KEY_FILE), KEYSTORE_MAX_TEXT, text, &n);
	arena_deinit(&arena);
	return status;
}

enum status keystore_save_file(const char *state_dir, const char *text)
{
	struct arena arena;

	arena_init(&arena);
	enum status status =
		files_replace_private(files_join(&arena, state_dir, KEY_FILE), text, strlen(text));
	arena_deinit(&arena);
	return status;
}

enum status keystore_remove_file(const char *state_dir)
{
	struct arena arena;

	arena_init(&arena);
	enum status status = files_remove(files_join(&arena, state_dir, KEY_FILE));
	arena_deinit(&arena);
	return status;
}
