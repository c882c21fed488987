#include "collector/store/backup.h"

#include "collector/store/engine.h"

enum status store_backup(const struct store_engine *engine, const char *directory, const char *path,
			 bool replace, char error[STORE_ERROR_SIZE])
{
	return engine->backup(directory, path, replace, error);
}

enum status store_restore(const struct store_engine *engine, const char *path,
			  const char *directory, void (*tell)(const char *fault),
			  char error[STORE_ERROR_SIZE])
{
	return engine->restore(path, directory, tell, error);
}
