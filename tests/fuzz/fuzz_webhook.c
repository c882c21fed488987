/*
 * Any bytes as a notification, as the outbox reads it from the store, in each format of a webhook:
 * what comes out is JSON, no longer than the receiver takes, and the routing key is in it as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hooks/formats.h"
#include "collector/hooks/webhook.h"
#include "proto/base/mem.h"
#include "proto/json/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "0123456789abcdef0123456789abcdef"

/* Bytes of a body; an Alertmanager's receivers name no limit. */
static const size_t limits[HOOK_FORMAT_COUNT] = {
	[HOOK_FORMAT_ALERTMANAGER] = SIZE_MAX,
	[HOOK_FORMAT_SLACK] = 4 * (size_t)HOOK_SLACK_MAX_TEXTS,
	[HOOK_FORMAT_TEAMS] = HOOK_TEAMS_MAX_BYTES,
	[HOOK_FORMAT_PAGERDUTY] = HOOK_PAGERDUTY_MAX_BYTES,
};

static void check(const struct notification *notification, enum hook_format format)
{
	const struct hook_settings settings = { .format = format, .routing_key = KEY };
	struct json_fault fault;
	struct buffer out;

	buffer_init(&out);
	hook_webhook_write(&settings, notification, &out);
	if (json_check(out.bytes, out.size, &fault) != STATUS_OK || out.size > limits[format])
		abort();
	if ((format == HOOK_FORMAT_PAGERDUTY) != (strstr(out.bytes, KEY) != NULL))
		abort();
	buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notification notification;
	struct arena arena;
	char *text = mem_strndup((const char *)data, size);

	arena_init(&arena);
	if (!memmem(data, size, KEY, strlen(KEY)) &&
	    notification_read(text, size, &arena, &notification) == STATUS_OK) {
		for (unsigned i = 0; i < HOOK_FORMAT_COUNT; i++)
			check(&notification, (enum hook_format)i);
	}
	arena_deinit(&arena);
	free(text);
	return 0;
}
