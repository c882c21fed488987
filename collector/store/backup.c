#include "collector/store/backup.h"

#include "collector/store/engine.h"

enum status store_backup(const struct store_engine *engine, const char *location, const char *path,
			 bool replace, char error[STORE_ERROR_SIZE])
{
	return engine->backup(location, path, replace, error);
}

enum status store_restore(const struct store_engine *engine, const char *path, const char *location,
			  void (*tell)(const char *fault), char error[STORE_ERROR_SIZE])
{
	return engine->restore(path, location, tell, error);
}
