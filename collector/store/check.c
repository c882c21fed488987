#include "collector/store/check.h"

#include "collector/store/engine.h"

const char *store_locate(const struct store_location *location, struct arena *arena)
{
	return location->engine->locate(location, arena);
}

enum status store_check(const struct store_location *location, void (*tell)(const char *fault),
			struct store_check *out, char error[STORE_ERROR_SIZE])
{
	return location->engine->check(location, tell, out, error);
}

enum status store_check_backup(const struct store_engine *engine, const char *path,
			       void (*tell)(const char *fault), struct store_check *out,
			       char error[STORE_ERROR_SIZE])
{
	return engine->check_backup(path, tell, out, error);
}
