#include "collector/hooks/command.h"

#include <assert.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/hooks/internal.h"
#include "proto/base/mem.h"

/* Handles of a run: the process, its three pipes, the clock. */
enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPES };

struct hook_command {
	uv_process_t process;
	uv_pipe_t pipes[PIPES];
	uv_timer_t clock;
	unsigned open_handles; /* initialised and not yet closed; 0 frees us */
	bool is_closing;

	char *command;
	char *json;
	uv_write_t write;
	hook_command_done *done;
	void *user;
	enum status status;
	bool has_exited;
	bool out_of_time;
	int open_outputs; /* output and error, until their ends */
	int64_t exit_status;
	int signal;
	int spawn_error;
	char output[HOOK_COMMAND_MAX_OUTPUT + 1];
	size_t output_size;
};

/* Variables of our environment that a program gets. */
static const char *const kept_variables[] = { "PATH", "HOME", "LANG", "TZ" };
#define N_KEPT (sizeof kept_variables / sizeof *kept_variables)

static void describe_end(const struct hook_command *run, char text[HOOK_COMMAND_MESSAGE_SIZE])
{
	int n = 0;

	if (run->spawn_error != 0)
		n = snprintf(text, HOOK_COMMAND_MESSAGE_SIZE, "could not start '%.150s': %s",
			     run->command, uv_strerror(run->spawn_error));
	else if (run->out_of_time)
		n = snprintf(text, HOOK_COMMAND_MESSAGE_SIZE,
			     "'%.150s' was killed, for it took too long", run->command);
	else if (run->signal != 0)
		n = snprintf(text, HOOK_COMMAND_MESSAGE_SIZE, "'%.150s' ended by signal %d",
			     run->command, run->signal);
	else
		n = snprintf(text, HOOK_COMMAND_MESSAGE_SIZE, "'%.150s' ended with exit status %d",
			     run->command, (int)run->exit_status);
	size_t size = run->output_size;
	while (size > 0 && run->output[size - 1] == ' ')
		size--; /* what was the end of its last line */
	if (size > 0)
		snprintf(text + n, HOOK_COMMAND_MESSAGE_SIZE - (size_t)n, ": %.*s", (int)size,
			 run->output);
}

static void on_closed(uv_handle_t *handle)
{
	struct hook_command *run = handle->data;
	char message[HOOK_COMMAND_MESSAGE_SIZE];

	if (--run->open_handles > 0)
		return;
	describe_end(run, message);
	run->done(run->user, run->status, message);
	free(run->command);
	free(run->json);
	free(run);
}

static void close_handle(struct hook_command *run, uv_handle_t *handle)
{
	handle->data = run;
	uv_close(handle, on_closed);
}

static void close_all(struct hook_command *run)
{
	if (run->is_closing)
		return;
	run->is_closing = true;
	close_handle(run, (uv_handle_t *)&run->clock);
	close_handle(run, (uv_handle_t *)&run->process);
	for (int i = 0; i < PIPES; i++) {
		if (!uv_is_closing((uv_handle_t *)&run->pipes[i]))
			close_handle(run, (uv_handle_t *)&run->pipes[i]);
	}
}

static enum status status_of_spawn(int error)
{
	switch (error) {
	case UV_ENOENT:
		return STATUS_NOT_FOUND;
	case UV_EACCES:
	case UV_EPERM:
		return STATUS_DENIED;
	default:
		return STATUS_SYSTEM;
	}
}

/* Called once the program has exited and all that it wrote is read, or its time is over. */
static void report_end(struct hook_command *run)
{
	assert(run->spawn_error != 0 || run->has_exited);
	if (run->spawn_error != 0)
		run->status = status_of_spawn(run->spawn_error);
	else if (run->out_of_time)
		run->status = STATUS_TIMED_OUT;
	else if (run->exit_status != 0 || run->signal != 0)
		run->status = STATUS_REFUSED;
	else
		run->status = STATUS_OK;
	close_all(run);
}

static void on_process_exit(uv_process_t *process, int64_t exit_status, int signal)
{
	struct hook_command *run = process->data;

	assert(!run->has_exited);
	run->has_exited = true;
	run->exit_status = exit_status;
	run->signal = signal;
	/* Processes that it left may keep the pipes open; the time limit ends that wait, too. */
	if (run->open_outputs == 0 || run->out_of_time)
		report_end(run);
}

/* The group, for a script's own commands are what hangs. */
static void kill_group(struct hook_command *run)
{
	run->out_of_time = !run->has_exited;
	if (uv_kill(-run->process.pid, SIGKILL) != 0 && !run->has_exited)
		uv_process_kill(&run->process, SIGKILL); /* it left its group */
	if (run->has_exited)
		report_end(run); /* in time; only its pipes stayed open */
}

static void on_time_limit(uv_timer_t *clock)
{
	kill_group(clock->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char shared[4096]; /* the loop's; its bytes are used before the next read */
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(shared, sizeof shared);
}

/* Keeps the beginning; a control character would disturb the log. */
static void keep_output(struct hook_command *run, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && run->output_size < HOOK_COMMAND_MAX_OUTPUT; i++) {
		unsigned char c = (unsigned char)bytes[i];
		run->output[run->output_size++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct hook_command *run = stream->data;

	if (n > 0) {
		keep_output(run, buf->base, (size_t)n);
		return;
	}
	if (n == 0)
		return;
	uv_read_stop(stream);
	assert(run->open_outputs > 0);
	run->open_outputs--;
	if (run->has_exited && run->open_outputs == 0)
		report_end(run);
}

/* A hook that reads nothing is no error: what it returns counts. */
static void on_written(uv_write_t *write, int code)
{
	struct hook_command *run = write->data;
	(void)code;

	if (!run->is_closing)
		close_handle(run, (uv_handle_t *)&run->pipes[PIPE_IN]);
}

/* "NAME=value" of what is kept; each to be passed to free(). */
static void fill_environment(char *out[N_KEPT + 1])
{
	size_t n = 0;
	for (size_t i = 0; i < N_KEPT; i++) {
		const char *value = getenv(kept_variables[i]);
		if (!value)
			continue;
		size_t size = strlen(kept_variables[i]) + strlen(value) + 2;
		out[n] = mem_alloc(size);
		snprintf(out[n++], size, "%s=%s", kept_variables[i], value);
	}
	out[n] = NULL;
}

/* In the child, before it becomes the command: the rest is the collector's. */
static void keep_files_to_ourselves(void)
{
	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		_exit(127); /* a kernel before Linux 5.11 */
}

static void guard_files(void)
{
	if (pthread_atfork(NULL, NULL, keep_files_to_ourselves) != 0)
		abort(); /* only for lack of memory */
}

static int spawn(struct hook_command *run, uv_loop_t *loop)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char *environment[N_KEPT + 1];
	char *arguments[] = { run->command, NULL };
	uv_stdio_container_t stdio[PIPES];
	uv_process_options_t options = {
		.exit_cb = on_process_exit,
		.file = run->command,
		.args = arguments,
		.env = environment,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, /* a session, and so a group, of its own */
		.stdio_count = PIPES,
		.stdio = stdio,
	};

	for (int i = 0; i < PIPES; i++) {
		stdio[i].flags =
			UV_CREATE_PIPE | (i == PIPE_IN ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
		stdio[i].data.stream = (uv_stream_t *)&run->pipes[i];
	}
	(void)pthread_once(&once, guard_files); /* cannot fail for such arguments */
	fill_environment(environment);
	int code = uv_spawn(loop, &run->process, &options);
	for (size_t i = 0; environment[i]; i++)
		free(environment[i]);
	return code;
}

/* Cannot fail but for a pipe that uv_spawn() did not make, and then it ends at once. */
static void start_program(struct hook_command *run, int64_t time_limit_ms)
{
	uv_buf_t input = uv_buf_init(run->json, (unsigned)strlen(run->json));

	assert(run->open_outputs == 0 && !run->is_closing);
	for (int i = PIPE_OUT; i <= PIPE_ERR; i++) {
		if (uv_read_start((uv_stream_t *)&run->pipes[i], on_alloc, on_output) == 0)
			run->open_outputs++;
	}
	run->write.data = run;
	if (uv_write(&run->write, (uv_stream_t *)&run->pipes[PIPE_IN], &input, 1, on_written) != 0)
		close_handle(run, (uv_handle_t *)&run->pipes[PIPE_IN]);
	uv_timer_start(&run->clock, on_time_limit, (uint64_t)time_limit_ms, 0);
}

struct hook_command *hook_command_run(uv_loop_t *loop, const struct hook_command_options *options,
				      const char *json, hook_command_done *done, void *user)
{
	struct hook_command *run = mem_alloc(sizeof *run);

	run->command = mem_strdup(options->command);
	run->json = mem_strdup(json);
	run->done = done;
	run->user = user;
	uv_timer_init(loop, &run->clock); /* neither can fail */
	run->clock.data = run;
	for (int i = 0; i < PIPES; i++) {
		uv_pipe_init(loop, &run->pipes[i], 0);
		run->pipes[i].data = run;
	}
	run->process.data = run;
	run->open_handles = 2 + PIPES;

	run->spawn_error = spawn(run, loop);
	if (run->spawn_error != 0)
		report_end(run);
	else
		start_program(run, options->time_limit_ms ? options->time_limit_ms
							  : HOOK_COMMAND_DEFAULT_TIME_LIMIT_MS);
	return run;
}

void hook_command_kill(struct hook_command *run)
{
	if (!run->is_closing)
		kill_group(run);
}

static void on_run(void *user, enum status status, const char *message)
{
	struct hook_result result = {
		.outcome = status == STATUS_OK ? HOOK_DELIVERED : HOOK_RETRY,
		.text = message,
	};
	hook_attempt_finish(user, &result);
}

static void start_attempt(struct hook_attempt *attempt, const struct notification *notification)
{
	struct hook_command_options options = { .command = attempt->settings->command,
						.time_limit_ms = attempt->settings->limit_ms };

	notification_write(notification, &attempt->json);
	attempt->run =
		hook_command_run(attempt->loop, &options, attempt->json.bytes, on_run, attempt);
}

const struct hook_ops hook_command_ops = {
	.is_notified = true,
	.shows_acknowledgements = true,
	.limit_ms = HOOK_COMMAND_DEFAULT_TIME_LIMIT_MS,
	.start = start_attempt,
};
