#include "agent/probe/probe.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/platform/socket.h"
#include "proto/base/mem.h"
#include "proto/rpc/dialog.h"

_Static_assert(PROBE_MAX_SOCKETS <= SOCKET_MAX_WATCHED, "one wait watches every socket");

#define CHECK_STOP_MS 200  /* longest wait without a look at settings.stopped */
#define READ_SIZE     4096 /* bytes taken from a socket at once */

/* A job on its way. */
struct slot {
	struct probe_job *job; /* NULL: the slot is free */
	struct dialog dialog;  /* started while `trying` */
	bool trying;           /* else it waits for `next_try_ms` */
	bool connecting;
	socket_handle socket;
	uint64_t started_ms; /* of the first try */
	uint64_t try_ms;     /* start of this try */
	uint64_t heard_ms;   /* last progress of this try */
	uint64_t next_try_ms;
};

struct run {
	struct host *host;
	const struct probe_settings *settings;
	struct probe_job *jobs;
	size_t n;
	size_t next; /* job to start next */
	struct slot *slots;
	size_t n_slots;
	size_t n_busy;
	size_t n_trying;
	uint64_t now_ms;
	uint64_t pace_ms; /* the moment that the next try may begin at */
};

static void drop_socket(struct slot *s)
{
	if (s->socket != SOCKET_NONE)
		socket_close(s->socket);
	s->socket = SOCKET_NONE;
	s->connecting = false;
}

static bool is_silence(enum probe_error error)
{
	return error == PROBE_TIMEOUT || error == PROBE_SILENT;
}

/* Keeps what this try reached if it tells more than those before. */
static void keep_best(struct probe_job *job, const struct dialog *d)
{
	bool plainer = d->grade == job->grade && (!is_silence(d->error) || is_silence(job->error));

	if (d->grade > job->grade || plainer) {
		job->grade = d->grade;
		job->error = d->error;
	}
}

static void finish_job(struct run *run, struct slot *s)
{
	assert(s->job && !s->trying && run->n_busy > 0);
	s->job->ms = (uint32_t)(run->now_ms - s->started_ms);
	s->job = NULL;
	run->n_busy--;
}

/* The try is over: the job is done, or waits for its next one. */
static void end_try(struct run *run, struct slot *s)
{
	uint32_t limit_ms = run->settings->limit_ms;
	uint64_t next_ms = s->try_ms + limit_ms / PROBE_PAUSE_PARTS;

	assert(s->trying);
	drop_socket(s);
	keep_best(s->job, &s->dialog);
	dialog_deinit(&s->dialog);
	s->trying = false;
	run->n_trying--;
	s->next_try_ms = next_ms > run->now_ms ? next_ms : run->now_ms;
	if (s->job->error == PROBE_OK || s->job->attempts == PROBE_TRIES ||
	    s->next_try_ms >= s->started_ms + limit_ms)
		finish_job(run, s);
}

/* Sends what there is room for. */
static void push_output(struct slot *s)
{
	size_t n = 0;
	size_t sent = 1;
	const uint8_t *bytes = dialog_output(&s->dialog, &n);

	while (n > 0 && sent > 0 && !dialog_is_over(&s->dialog)) {
		enum probe_error error = socket_send(s->socket, bytes, n, &sent);
		if (error == PROBE_OK)
			dialog_sent(&s->dialog, sent);
		else
			dialog_failed(&s->dialog, error);
		bytes = dialog_output(&s->dialog, &n);
	}
}

static void spend(struct run *run, struct probe_job *job)
{
	job->n_connections++;
	if (run->settings->budget)
		budget_spend(run->settings->budget, 1, run->now_ms);
}

/* Does what the dialog wants now: another connection, something sent, the end. */
static void follow(struct run *run, struct slot *s)
{
	if (dialog_wants_connection(&s->dialog) && !s->connecting) {
		drop_socket(s);
		spend(run, s->job);
		enum probe_error error =
			socket_connect(s->job->from, s->job->to, s->dialog.port, &s->socket);
		s->connecting = error == PROBE_OK;
		if (error != PROBE_OK)
			dialog_failed(&s->dialog, error);
	}
	if (!s->connecting && s->socket != SOCKET_NONE)
		push_output(s);
	if (dialog_is_over(&s->dialog))
		end_try(run, s);
}

static void begin_try(struct run *run, struct slot *s)
{
	assert(s->job && !s->trying && s->socket == SOCKET_NONE);
	s->trying = true;
	run->n_trying++;
	s->try_ms = s->heard_ms = run->now_ms;
	s->job->attempts++;
	dialog_start(&s->dialog);
	follow(run, s);
}

static void on_connected(struct slot *s, bool failed)
{
	assert(s->connecting);
	enum probe_error error = socket_finish(s->socket, failed);

	s->connecting = false;
	if (error == PROBE_OK)
		dialog_connected(&s->dialog);
	else
		dialog_failed(&s->dialog, error);
}

static void on_readable(struct slot *s)
{
	uint8_t bytes[READ_SIZE];
	size_t got = 0;
	enum probe_error error = socket_receive(s->socket, bytes, sizeof bytes, &got);

	if (error != PROBE_OK)
		dialog_failed(&s->dialog, error);
	else if (got > 0)
		dialog_input(&s->dialog, bytes, got);
}

static void on_ready(struct run *run, struct slot *s, const struct socket_watch *watch)
{
	if (!watch->readable && !watch->writable)
		return;
	s->heard_ms = run->now_ms;
	if (s->connecting)
		on_connected(s, watch->failed);
	else if (watch->readable)
		on_readable(s);
	follow(run, s);
}

/* The moment at which the try is cut, or the next one is due. */
static uint64_t due_ms(const struct run *run, const struct slot *s)
{
	uint32_t limit_ms = run->settings->limit_ms;
	uint64_t end_ms = s->started_ms + limit_ms;
	uint64_t quiet_ms = s->heard_ms + limit_ms / PROBE_TRIES;

	if (!s->trying)
		return s->next_try_ms;
	return quiet_ms < end_ms ? quiet_ms : end_ms;
}

/* The moment from which on another try may begin. */
static uint64_t pace_until_ms(const struct run *run)
{
	const struct connection_budget *budget = run->settings->budget;
	size_t wanted =
		PROBE_CONNECTIONS * (run->n_trying + 1); /* those under way want theirs, too */
	uint64_t ready_ms = budget ? budget_ready_ms(budget, wanted) : 0;

	return run->pace_ms > ready_ms ? run->pace_ms : ready_ms;
}

/* May another try begin? Counts it. */
static bool take_pace(struct run *run)
{
	if (pace_until_ms(run) > run->now_ms)
		return false;
	uint64_t late_ms = run->now_ms - run->pace_ms;
	if (late_ms > (uint64_t)PROBE_MAX_BURST * PROBE_PACE_MS)
		run->pace_ms = run->now_ms - (uint64_t)PROBE_MAX_BURST * PROBE_PACE_MS;
	run->pace_ms += PROBE_PACE_MS;
	return true;
}

/* Cuts tries whose time is over, begins those that are due, fills free slots with new jobs. */
static void keep_time(struct run *run)
{
	for (size_t i = 0; i < run->n_slots; i++) {
		struct slot *s = &run->slots[i];

		if (s->job && s->trying && due_ms(run, s) <= run->now_ms) {
			dialog_failed(&s->dialog, PROBE_TIMEOUT);
			end_try(run, s);
		}
		if (!s->job && run->next < run->n && take_pace(run)) {
			s->job = &run->jobs[run->next++];
			s->started_ms = run->now_ms;
			run->n_busy++;
			begin_try(run, s);
		} else if (s->job && !s->trying && s->next_try_ms <= run->now_ms &&
			   take_pace(run)) {
			begin_try(run, s);
		} else if (s->job && !s->trying &&
			   s->started_ms + run->settings->limit_ms <= run->now_ms) {
			finish_job(run, s);
		}
	}
}

/* How long nothing is due. */
static uint32_t idle_ms(const struct run *run)
{
	uint64_t until_ms = run->now_ms + CHECK_STOP_MS;
	bool more = run->next < run->n && run->n_busy < run->n_slots;

	uint64_t pace_ms = pace_until_ms(run) + PROBE_GATHER_MS;

	if (more && pace_ms < until_ms)
		until_ms = pace_ms;
	for (size_t i = 0; i < run->n_slots; i++) {
		const struct slot *s = &run->slots[i];
		uint64_t due = s->job ? due_ms(run, s) : until_ms;
		if (s->job && !s->trying && due < pace_ms)
			due = pace_ms;
		if (due < until_ms)
			until_ms = due;
	}
	return until_ms > run->now_ms ? (uint32_t)(until_ms - run->now_ms) : 0;
}

/* Waits for sockets and hands on what they have. */
static enum status move_bytes(struct run *run)
{
	struct socket_watch watches[PROBE_MAX_SOCKETS];
	struct slot *owners[PROBE_MAX_SOCKETS];
	size_t n = 0;

	for (size_t i = 0; i < run->n_slots; i++) {
		struct slot *s = &run->slots[i];
		size_t unsent = 0;
		if (s->socket == SOCKET_NONE)
			continue;
		(void)dialog_output(&s->dialog, &unsent);
		watches[n] = (struct socket_watch){ .socket = s->socket,
						    .read = !s->connecting,
						    .write = s->connecting || unsent > 0 };
		owners[n++] = s;
	}
	enum status status = socket_wait(watches, n, idle_ms(run));
	run->now_ms = host_now_ms(run->host);
	for (size_t i = 0; status == STATUS_OK && i < n; i++)
		on_ready(run, owners[i], &watches[i]);
	return status;
}

/* Leaves nothing open, whatever happened. */
static void abandon(struct run *run)
{
	for (size_t i = 0; i < run->n_slots; i++) {
		struct slot *s = &run->slots[i];
		if (!s->job)
			continue;
		drop_socket(s);
		if (s->trying)
			dialog_deinit(&s->dialog);
		s->job->grade = GRADE_UNKNOWN;
	}
}

enum status probe_run(struct host *host, struct probe_job *jobs, size_t n,
		      const struct probe_settings *settings)
{
	struct run run = { .host = host, .settings = settings, .jobs = jobs, .n = n };
	enum status status = STATUS_OK;

	run.n_slots = n < PROBE_MAX_SOCKETS ? n : PROBE_MAX_SOCKETS;
	run.slots = mem_alloc_array(run.n_slots, sizeof *run.slots);
	for (size_t i = 0; i < run.n_slots; i++)
		run.slots[i].socket = SOCKET_NONE;
	for (size_t i = 0; i < n; i++) {
		jobs[i].grade = GRADE_UNKNOWN;
		jobs[i].error = PROBE_OK;
		jobs[i].ms = jobs[i].attempts = jobs[i].n_connections = 0;
	}
	run.now_ms = run.pace_ms = host_now_ms(host);

	keep_time(&run);
	while (status == STATUS_OK && (run.n_busy > 0 || run.next < n)) {
		status = settings->stopped && settings->stopped() ? STATUS_TIMED_OUT
								  : move_bytes(&run);
		if (status == STATUS_OK)
			keep_time(&run);
	}
	if (status != STATUS_OK)
		abandon(&run);
	free(run.slots);
	return status;
}
