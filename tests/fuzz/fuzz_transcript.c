/*
 * Any bytes as what goes over the line of a hook: what is shown of it is one line at a time, holds
 * nothing that turns a terminal, never a secret of the request, whoever says it, and never what
 * follows "AUTH LOGIN " or "Authorization: Basic ".
 * The first byte tells whether we sent it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/transfer/transcript.h"
#include "proto/base/mem.h"

#define SECRET "t0ken"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void show(void *user, bool sent, const char *line)
{
	static const char *const secret[] = { "AUTH LOGIN ", "Authorization: Basic " };
	(void)user;

	for (const char *at = line; *at; at++)
		require((unsigned char)*at >= ' ' && *at != 0x7f);
	require(!strstr(line, SECRET));
	for (size_t i = 0; sent && i < sizeof secret / sizeof *secret; i++) {
		size_t n = strlen(secret[i]);
		require(strncmp(line, secret[i], n) != 0 || strcmp(line + n, "(hidden)") == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct transfer_secrets secrets = { .texts = { SECRET }, .n = 1 };
	struct transcript transcript = { .secrets = &secrets, .show = show };

	if (size == 0)
		return 0;
	char *bytes = mem_strndup((const char *)data + 1, size - 1);
	transcript_add(&transcript, data[0] & 1, bytes, size - 1);
	transcript_add(&transcript, !(data[0] & 1), bytes, size - 1);
	free(bytes);
	return 0;
}
