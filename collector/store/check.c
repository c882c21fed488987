#include "collector/store/check.h"

#include "collector/store/engine.h"

const char *store_locate(const struct store_engine *engine, const char *location,
			 struct arena *arena)
{
	return engine->locate(location, arena);
}

enum status store_check(const struct store_engine *engine, const char *location,
			void (*tell)(const char *fault), struct store_check *out,
			char error[STORE_ERROR_SIZE])
{
	return engine->check(location, tell, out, error);
}
