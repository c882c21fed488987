#include "agent/platform/keystore.h"

#include "agent/platform/keystore_file.h"

enum status keystore_load(const char *state_dir, char **text)
{
	return keystore_load_file(state_dir, text);
}

enum status keystore_save(const char *state_dir, const char *text)
{
	return keystore_save_file(state_dir, text);
}

enum status keystore_remove(const char *state_dir)
{
	return keystore_remove_file(state_dir);
}
