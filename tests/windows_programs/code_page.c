/*
 * code_page PAGE FROM TO: the UTF-8 text in the file FROM, in the code page PAGE as a console gets
 * it, into the file TO; status 1 where there is no such page.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/platform/win32/text.h"

static bool write_file(const char *name, const char *bytes, size_t n)
{
	FILE *file = fopen(name, "wb");

	return file && fwrite(bytes, 1, n, file) == n && fclose(file) == 0;
}

int main(int argc, char **argv)
{
	FILE *from = argc == 4 ? fopen(argv[2], "rb") : NULL;
	char text[4096];
	size_t n = 0;

	if (!from)
		return 2;
	size_t length = fread(text, 1, sizeof text, from);
	char *out = win32_to_code_page(text, length, (unsigned)strtoul(argv[1], NULL, 10), &n);
	bool written = out && write_file(argv[3], out, n);
	free(out);
	return written ? 0 : 1;
}
