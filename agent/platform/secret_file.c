#include "agent/platform/secret_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "proto/base/mem.h"
#include "proto/base/text_file.h"

enum status secret_file_read(const char *path, struct arena *arena, char **out, const char **wrong)
{
	const char *word = NULL;
	char *bytes = NULL;
	size_t n = 0;
	enum status status = files_read(path, SECRET_FILE_MAX, &bytes, &n);

	if (status != STATUS_OK) {
		*wrong = status_text(status);
		return status;
	}
	const char *no_word = text_file_decode_word(arena, bytes, n, &word);
	if (no_word) {
		*wrong = no_word;
	} else {
		*out = mem_strdup(word);
		mem_wipe((char *)(uintptr_t)word, strlen(word)); /* ours, in the arena */
	}
	mem_wipe(bytes, n);
	free(bytes);
	return no_word ? STATUS_MALFORMED : STATUS_OK;
}

void secret_file_free(char *secret)
{
	if (secret)
		mem_wipe(secret, strlen(secret));
	free(secret);
}
