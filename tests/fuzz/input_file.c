#include "tests/fuzz/input_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PATH 256

static char folder[MAX_PATH];
static char path[MAX_PATH + 64];

static void require(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	abort();
}

static void clean_up(void)
{
	/* A target that was ended may have left the folder without its file. */
	(void)remove(path);
	(void)rmdir(folder);
}

const char *input_file_folder(void)
{
	if (folder[0])
		return folder;
	const char *below = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(folder, sizeof folder, "%s/mtawatch-fuzz.XXXXXX", below);
	require(mkdtemp(folder) != NULL, folder);
	require(atexit(clean_up) == 0, "atexit");
	return folder;
}

const char *input_file_put(const char *name, const uint8_t *data, size_t size)
{
	(void)snprintf(path, sizeof path, "%s/%s", input_file_folder(), name);
	FILE *file = fopen(path, "wb");

	require(file != NULL, path);
	require(fwrite(data, 1, size, file) == size, path);
	require(fclose(file) == 0, path);
	return path;
}
