#include "agent/https/named_file.h"

#include <stdlib.h>

#include "agent/platform/files.h"

const char *named_file_fault(const char *path)
{
	char *bytes = NULL;
	size_t n = 0;

	enum status status = path ? files_read(path, 0, &bytes, &n) : STATUS_OK;
	free(bytes);
	return status == STATUS_INVALID ? "it is no file, but a directory, a pipe or a device"
					: NULL;
}

const char *named_files_fault(const struct send_options *options, struct arena *arena)
{
	const struct {
		const char *what, *path;
	} files[] = {
		{ "the CA file", options->ca_file },
		{ "the client certificate", options->client_cert },
		{ "the client key", options->client_key },
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *fault = named_file_fault(files[i].path);
		if (fault)
			return arena_printf(arena, "could not use %s %s: %s", files[i].what,
					    files[i].path, fault);
	}
	return NULL;
}
