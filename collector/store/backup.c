#include "collector/store/backup.h"

#include "collector/store/engine.h"

enum status store_backup(const struct store_location *location, const char *path, bool replace,
			 char error[STORE_ERROR_SIZE])
{
	return location->engine->backup(location, path, replace, error);
}

enum status store_restore(const char *path, const struct store_location *location,
			  void (*tell)(const char *fault), char error[STORE_ERROR_SIZE])
{
	return location->engine->restore(path, location, tell, error);
}
