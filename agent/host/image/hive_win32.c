#include "agent/host/image/hive.h"

#include "agent/platform/error.h"

enum status hive_open(struct hive **out, const char *path, struct os_error *error)
{
	(void)out;
	return os_fail(error, STATUS_UNSUPPORTED, REPORT_ABSENT,
		       "%s: only mtawatch-agent for Linux reads hives; export the keys, or load "
		       "the hive with regedt32 and export it there",
		       path);
}

void hive_close(struct hive *hive)
{
	(void)hive;
}

bool hive_is_dirty(const struct hive *hive)
{
	(void)hive;
	return false;
}

bool hive_has_key(struct hive *hive, const char *path)
{
	(void)hive;
	(void)path;
	return false;
}

enum status hive_find(struct hive *hive, const char *path, const char *name, struct arena *arena,
		      struct regfile_value *out)
{
	(void)hive;
	(void)path;
	(void)name;
	(void)arena;
	(void)out;
	return STATUS_NOT_FOUND;
}
