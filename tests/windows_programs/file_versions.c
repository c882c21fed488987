/*
 * file_versions FILE...: the version of each file, once as our reader tells it and once as Windows
 * does. One line each: the file, our answer, GetFileVersionInfo's; in place of a version stands the
 * status or "none". A damaged file on which GetFileVersionInfo runs into foreign memory has "crash"
 * and ends the program, with exit status 3.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

#include "proto/base/mem.h"
#include "proto/base/status.h"
#include "proto/windows/pe_version.h"

/* VS_FIXEDFILEINFO's file version out of `block`, which is GetFileVersionInfo's. */
static bool query_version(void *block, struct version *out)
{
	VS_FIXEDFILEINFO *fixed = NULL;
	UINT size = 0;
	if (!VerQueryValueA(block, "\\", (void **)&fixed, &size) || size < sizeof *fixed ||
	    fixed->dwSignature != VS_FFI_SIGNATURE)
		return false;
	*out = (struct version){ {
		HIWORD(fixed->dwFileVersionMS),
		LOWORD(fixed->dwFileVersionMS),
		HIWORD(fixed->dwFileVersionLS),
		LOWORD(fixed->dwFileVersionLS),
	} };
	return true;
}

static bool ask_windows(const char *path, struct version *out)
{
	DWORD ignored = 0;
	DWORD size = GetFileVersionInfoSizeA(path, &ignored);
	if (size == 0)
		return false;
	void *block = mem_alloc(size);
	bool found = GetFileVersionInfoA(path, 0, size, block) && query_version(block, out);
	free(block);
	return found;
}

/* All bytes of the file, to be passed to free(); ends the program where it cannot be read. */
static void *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "file_versions: cannot open %s\n", path);
		exit(1);
	}
	char *bytes = NULL;
	size_t got = 0;
	*size = 0;
	do {
		bytes = mem_realloc(bytes, *size + 65536);
		got = fread(bytes + *size, 1, 65536, file);
		*size += got;
	} while (got > 0);
	fclose(file);
	return bytes;
}

static void print_answers(const char *path)
{
	char text[VERSION_TEXT_SIZE];
	struct version version;
	size_t size = 0;
	void *bytes = read_file(path, &size);
	enum status status = pe_version_read(bytes, size, &version);
	printf("%s\t%s\t", path,
	       status == STATUS_OK ? version_format(&version, text) : status_text(status));
	bool told = ask_windows(path, &version);
	printf("%s\n", told ? version_format(&version, text) : "none");
	free(bytes);
}

static LONG WINAPI on_crash(EXCEPTION_POINTERS *what)
{
	(void)what;
	puts("crash");
	fflush(stdout);
	ExitProcess(3);
}

int main(int argc, char **argv)
{
	SetUnhandledExceptionFilter(on_crash);
	for (int i = 1; i < argc; i++)
		print_answers(argv[i]);
	return 0;
}
