/*
 * Runs a fuzz target without a fuzzer: over each file of a folder that has to be there and hold
 * some, and of further folders below the one that the variable MTAWATCH_TESTDATA names, which are
 * left out where they are absent. A file's name is printed before it is run, so that the last one
 * is the culprit.
 *
 *   fuzz_NAME FOLDER [FOLDER_OF_THE_MATERIAL...]
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_PATH_SIZE 4096

static void give_up(const char *what, const char *path)
{
	fprintf(stderr, "cannot %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

/* Not a byte more than the file has, so that a sanitizer sees who reads behind it. */
static void run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = mem_alloc(size);

	if (!file || fread(bytes, 1, size, file) != size)
		give_up("read", path);
	fclose(file);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

static bool is_packed(const char *name)
{
	size_t n = strlen(name);
	return n > 3 && strcmp(name + n - 3, ".gz") == 0;
}

/* How many files were run. */
static size_t run_entries(DIR *folder, const char *folder_path)
{
	char path[MAX_PATH_SIZE];
	struct stat info;
	size_t n = 0;

	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (is_packed(entry->d_name))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder_path, entry->d_name);
		if (stat(path, &info) != 0)
			give_up("look at", path);
		if (!S_ISREG(info.st_mode))
			continue;
		run_file(path, (size_t)info.st_size);
		n++;
	}
	return n;
}

static size_t run_folder(const char *path)
{
	DIR *folder = opendir(path);

	if (!folder && errno == ENOENT)
		return 0;
	if (!folder)
		give_up("list", path);
	size_t n = run_entries(folder, path);
	closedir(folder);
	return n;
}

static void run_material(const char *folder)
{
	const char *named = getenv("MTAWATCH_TESTDATA");
	char path[MAX_PATH_SIZE];

	snprintf(path, sizeof path, "%s/%s", named && *named ? named : MATERIAL_DEFAULT, folder);
	size_t n = run_folder(path);
	if (n == 0)
		printf("skipped: %s is not there\n", path);
	else
		printf("%zu files of %s\n", n, path);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER [FOLDER_OF_THE_MATERIAL...]\n", argv[0]);
		return 2;
	}
	/* The empty input needs no file. */
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	size_t n = run_folder(argv[1]);
	if (n == 0) {
		fprintf(stderr, "there are no seeds in %s\n", argv[1]);
		return 1;
	}
	printf("%zu seeds of %s\n", n, argv[1]);
	for (int i = 2; i < argc; i++)
		run_material(argv[i]);
	return 0;
}
