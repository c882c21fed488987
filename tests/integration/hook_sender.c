/*
 * Sends a notification by hooks of the collector, all at once: hook_sender CONFIG NOTIFICATION
 * HOOK... CONFIG is a file for `serve`, NOTIFICATION one with the JSON of
 * collector/model/notification.h. Prints a line for each attempt as it ends: the hook, how it
 * ended, what the receiver wants to wait (s), what it said.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/loop.h"
#include "collector/daemon/options.h"
#include "collector/hooks/hook.h"

#define MAX_HOOKS 16

static struct loop *loop;
static struct hooks *hooks;
static size_t n_left;

static void end(void *user)
{
	(void)user;
	hooks_close(hooks, NULL, NULL);
	loop_release(loop);
}

static void on_done(void *user, const struct hook_result *result)
{
	static const char *const outcomes[] = { "delivered", "retry", "refused", "gone" };
	const char *name = user;

	printf("%s %s %" PRId64 " %s\n", name, outcomes[result->outcome], result->retry_s,
	       result->text);
	fflush(stdout);
	if (--n_left == 0)
		end(NULL);
}

static int fail(const char *text)
{
	fprintf(stderr, "hook_sender: %s\n", text);
	return 1;
}

static enum status read_notification(const char *path, struct arena *arena,
				     struct notification *out)
{
	char *text = arena_alloc(arena, NOTIFICATION_MAX_BYTES);
	FILE *file = fopen(path, "rb");

	if (!file)
		return STATUS_NOT_FOUND;
	size_t n = fread(text, 1, NOTIFICATION_MAX_BYTES, file);
	fclose(file);
	return notification_read(text, n, arena, out);
}

static int send_all(const struct options *options, const struct notification *notification,
		    char **names, int n)
{
	if (loop_open(&loop, end, NULL) != STATUS_OK)
		return fail("no loop");
	hooks = hooks_open(loop_uv(loop), options->hooks);
	n_left = (size_t)n;
	for (int i = 0; i < n; i++) {
		struct hook *hook = hooks_find(hooks, names[i]);
		if (!hook)
			return fail("there is no such hook");
		hook_send(hook, notification, on_done, names[i]);
	}
	loop_run(loop);
	return loop_close(loop) != STATUS_OK;
}

int main(int argc, char **argv)
{
	char config[] = "--config";
	char *arguments[] = { config, argc > 1 ? argv[1] : NULL };
	struct options options;
	struct faults faults;
	struct notification notification;
	struct arena arena;
	int rc = 1;

	arena_init(&arena);
	if (argc < 4 || argc > 3 + MAX_HOOKS)
		rc = fail("expected CONFIG NOTIFICATION HOOK...");
	else if (options_read(&options, 2, arguments, &arena, &faults) != STATUS_OK)
		rc = fail(faults.texts[0]);
	else if (read_notification(argv[2], &arena, &notification) != STATUS_OK)
		rc = fail("that is no notification");
	else
		rc = send_all(&options, &notification, argv + 3, argc - 3);
	arena_deinit(&arena);
	return rc;
}
