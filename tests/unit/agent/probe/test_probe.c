/*
 * The prober against real sockets: in a network namespace of the test's own, peers made of a script
 * each listen on port 135 of an address of 127.0.0.0/8. Needs the right to make a namespace (root,
 * or unprivileged user namespaces) and the program `ip`; skipped by name where they are missing.
 */
#include "agent/probe/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/ipv4.h"
#include "proto/base/mem.h"
#include "proto/rpc/dialog.h"

#define MTA_PORT   5001
#define MAX_PEERS  32
#define LIMIT_MS   1500
#define SLACK_MS   3000 /* by which a busy machine may be late */
#define MAX_ACTS   8
#define NO_ADDRESS 0x0a010203 /* 10.1.2.3: nobody holds it here */

/* Answers as real servers gave them; the call id is patched in. */
static const uint8_t bind_ack[] = {
	0x05, 0x00, 0x0c, 0x03, 0x10, 0x00, 0x00, 0x00, 0x3c, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00,
	0x00, 0xd0, 0x16, 0xd0, 0x16, 0x57, 0x87, 0x00, 0x00, 0x04, 0x00, 0x31, 0x33, 0x35, 0x00,
	0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x5d, 0x88, 0x8a, 0xeb,
	0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 0x02, 0x00, 0x00, 0x00,
};
/* Result 2, reason 1: this server does not have the interface. */
static const uint8_t rejection[] = {
	0x05, 0x00, 0x0c, 0x03, 0x10, 0x00, 0x00, 0x00, 0x3c, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00,
	0x00, 0xd0, 0x16, 0xd0, 0x16, 0x57, 0x87, 0x00, 0x00, 0x04, 0x00, 0x31, 0x33, 0x35, 0x00,
	0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};
static const uint8_t bind_nak[] = {
	0x05, 0x00, 0x0d, 0x03, 0x10, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x04, 0x00, 0x01, 0x05, 0x00, 0x00, 0x00, 0x00,
};
/* nca_op_rng_error */
static const uint8_t fault[] = {
	0x05, 0x00, 0x03, 0x03, 0x10, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00,
	0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x02, 0x00, 0x01, 0x1c, 0x00, 0x00, 0x00, 0x00,
};
/* No towers, status 0x16c9a0d6; good for ept_map and, cut alike, for ept_lookup. */
static const uint8_t nothing_mapped[] = {
	0x05, 0x00, 0x02, 0x03, 0x10, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x03,
	0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xd6, 0xa0, 0xc9, 0x16,
};
/* The MTA v2.0 on TCP port 5001. */
static const uint8_t mapped[] = {
	0x05, 0x00, 0x02, 0x03, 0x10, 0x00, 0x00, 0x00, 0x98, 0x00, 0x00, 0x00, 0x02, 0x00,
	0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x4b, 0x00, 0x00, 0x00, 0x4b, 0x00,
	0x00, 0x00, 0x05, 0x00, 0x13, 0x00, 0x0d, 0x30, 0xe8, 0x8e, 0x9e, 0x59, 0x44, 0xce,
	0x11, 0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe, 0x02, 0x00, 0x02, 0x00, 0x00,
	0x00, 0x13, 0x00, 0x0d, 0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8,
	0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 0x02, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x00,
	0x0b, 0x02, 0x00, 0x00, 0x00, 0x01, 0x00, 0x07, 0x02, 0x00, 0x13, 0x89, 0x01, 0x00,
	0x09, 0x04, 0x00, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
};

enum act_kind { ACT_END, ACT_READ, ACT_ANSWER, ACT_TRICKLE, ACT_RAW, ACT_RESET, ACT_HANG };

/* What a peer does on one connection, one thing after the other; at the end it closes. */
struct act {
	enum act_kind kind;
	const void *bytes;
	size_t n;
};

/* clang-format off */
#define READ         { ACT_READ, NULL, 0 }
#define ANSWER(pdu)  { ACT_ANSWER, (pdu), sizeof(pdu) }
#define TRICKLE(pdu) { ACT_TRICKLE, (pdu), sizeof(pdu) } /* a byte every two milliseconds */
#define RAW(text)    { ACT_RAW, (text), sizeof(text) - 1 }
#define RESET        { ACT_RESET, NULL, 0 }
#define HANG         { ACT_HANG, NULL, 0 } /* until the prober closes */
#define NONE         { { ACT_END, NULL, 0 } }
/* clang-format on */

static const struct scenario {
	const char *what;
	struct act mapper[MAX_ACTS];
	struct act mta[MAX_ACTS];
	enum grade grade;
	enum probe_error error;
	uint32_t attempts;
	bool no_mapper; /* nobody listens on port 135 */
	bool no_mta;    /* nobody listens on the MTA's port */
} scenarios[] = {
	{ "nobody listens", NONE, NONE, GRADE_NONE, PROBE_REFUSED, 3, true, true },
	{ "silent", { HANG }, NONE, GRADE_TCP, PROBE_SILENT, 3, false, true },
	{ "half an answer",
	  { READ, RAW("\x05\x00\x0c\x03"), HANG },
	  NONE,
	  GRADE_TCP,
	  PROBE_TIMEOUT,
	  3,
	  false,
	  true },
	{ "a mail server",
	  { RAW("220 mail ready\r\n"), HANG },
	  NONE,
	  GRADE_TCP,
	  PROBE_MALFORMED,
	  3,
	  false,
	  true },
	{ "closes at once", { READ }, NONE, GRADE_TCP, PROBE_CLOSED, 3, false, true },
	{ "resets at the bind", { READ, RESET }, NONE, GRADE_TCP, PROBE_RESET, 3, false, true },
	{ "bind_nak",
	  { READ, ANSWER(bind_nak), HANG },
	  NONE,
	  GRADE_TCP,
	  PROBE_BIND_NAK,
	  3,
	  false,
	  true },
	{ "no endpoint mapper",
	  { READ, ANSWER(rejection), HANG },
	  NONE,
	  GRADE_TCP,
	  PROBE_REJECTED,
	  3,
	  false,
	  true },
	{ "resets after the bind",
	  { READ, ANSWER(bind_ack), READ, RESET },
	  NONE,
	  GRADE_EPM,
	  PROBE_RESET,
	  3,
	  false,
	  true },
	{ "faults",
	  { READ, ANSWER(bind_ack), READ, ANSWER(fault), HANG },
	  NONE,
	  GRADE_EPM,
	  PROBE_FAULT,
	  3,
	  false,
	  true },
	{ "silent after the bind",
	  { READ, ANSWER(bind_ack), HANG },
	  NONE,
	  GRADE_EPM,
	  PROBE_TIMEOUT,
	  3,
	  false,
	  true },
	{ "not registered",
	  { READ, ANSWER(bind_ack), READ, ANSWER(nothing_mapped), READ, ANSWER(nothing_mapped),
	    HANG },
	  NONE,
	  GRADE_EPM,
	  PROBE_NOT_REGISTERED,
	  3,
	  false,
	  true },
	{ "the MTA's port refuses",
	  { READ, ANSWER(bind_ack), READ, ANSWER(mapped), HANG },
	  NONE,
	  GRADE_MAPPED,
	  PROBE_REFUSED,
	  3,
	  false,
	  true },
	{ "the MTA is silent",
	  { READ, ANSWER(bind_ack), READ, ANSWER(mapped), HANG },
	  { HANG },
	  GRADE_MAPPED,
	  PROBE_SILENT,
	  3,
	  false,
	  false },
	{ "another server has the port",
	  { READ, ANSWER(bind_ack), READ, ANSWER(mapped), HANG },
	  { READ, ANSWER(rejection), HANG },
	  GRADE_MAPPED,
	  PROBE_REJECTED,
	  3,
	  false,
	  false },
	{ "the MTA answers",
	  { READ, ANSWER(bind_ack), READ, ANSWER(mapped), HANG },
	  { READ, ANSWER(bind_ack), HANG },
	  GRADE_MTA,
	  PROBE_OK,
	  1,
	  false,
	  false },
	{ "slow byte by byte, longer than one try may be silent",
	  { READ, TRICKLE(bind_ack), READ, TRICKLE(mapped), HANG },
	  { READ, TRICKLE(bind_ack), HANG },
	  GRADE_MTA,
	  PROBE_OK,
	  1,
	  false,
	  false },
};

#define N_SCENARIOS (sizeof scenarios / sizeof *scenarios)

static struct host *host;
static pid_t children[2 * MAX_PEERS];
static size_t n_children;

static uint32_t address_of(size_t scenario)
{
	return 0x7f000100 + (uint32_t)scenario; /* 127.0.1.x */
}

/* Reads one PDU; returns its call id in the sender's bytes. False at the end. */
static bool read_pdu(int fd, uint8_t call_id[4])
{
	uint8_t bytes[5840];
	size_t used = 0;
	size_t wanted = 16;

	while (used < wanted) {
		ssize_t n = read(fd, bytes + used, wanted - used);
		if (n <= 0)
			return false;
		used += (size_t)n;
		if (used == 16)
			wanted = (size_t)(bytes[8] | bytes[9] << 8);
		if (wanted < 16 || wanted > sizeof bytes)
			return false;
	}
	memcpy(call_id, bytes + 12, 4);
	return true;
}

static void hang(int fd)
{
	char bytes[256];

	while (read(fd, bytes, sizeof bytes) > 0)
		;
}

static void put(int fd, const uint8_t *bytes, size_t n, bool slowly)
{
	size_t step = slowly ? 1 : n;
	uint64_t begun = host_now_ms(host);

	for (size_t at = 0; at < n; at += step) {
		if (write(fd, bytes + at, step) < 0)
			return; /* the prober was tired of it */
		/* What a busy machine has slept too long is caught up with. */
		while (slowly && host_now_ms(host) - begun < 2 * (at + 1))
			usleep(1000);
	}
}

static void play(int fd, const struct act *acts)
{
	uint8_t call_id[4] = { 0 };
	struct linger none = { .l_onoff = 1 };

	for (; acts->kind != ACT_END; acts++) {
		uint8_t pdu[256];
		if (acts->n > 0)
			memcpy(pdu, acts->bytes, acts->n);
		if (acts->kind == ACT_ANSWER || acts->kind == ACT_TRICKLE)
			memcpy(pdu + 12, call_id, sizeof call_id);
		if (acts->kind == ACT_READ && !read_pdu(fd, call_id))
			break;
		if (acts->kind == ACT_HANG)
			hang(fd);
		if (acts->kind == ACT_RESET)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
		put(fd, pdu, acts->n, acts->kind == ACT_TRICKLE);
	}
	close(fd);
}

/* A listening socket on an address of ours. */
static int listen_on(uint32_t address, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(address);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(listen(fd, 1024), 0);
	return fd;
}

/* Starts a peer in a process of its own, which serves one connection after the other. */
static void start_peer(uint32_t address, uint16_t port, const struct act *acts)
{
	int listener = listen_on(address, port);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		for (;;) {
			int fd = accept(listener, NULL, NULL);
			if (fd < 0)
				_exit(1);
			play(fd, acts);
		}
	}
	close(listener);
	children[n_children++] = pid;
}

static void run_tool(const char *command)
{
	if (system(command) != 0) /* NOLINT(cert-env33-c): fixed commands of this test */
		fail_msg("%s failed", command);
}

static int begin(void **state)
{
	struct host_options options = { 0 };
	struct os_error error;
	(void)state;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		print_message("skipped: no right to make a network namespace\n");
		exit(0);
	}
	if (system("ip link set lo up") != 0) { /* NOLINT(cert-env33-c) */
		print_message("skipped: the program ip is missing\n");
		exit(0);
	}
	return host_open(&host, &options, &error) == STATUS_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_children; i++) {
		kill(children[i], SIGTERM);
		waitpid(children[i], NULL, 0);
	}
	host_close(host);
	return 0;
}

static uint32_t run_jobs(struct probe_job *jobs, size_t n, uint32_t limit_ms)
{
	struct probe_settings settings = { .limit_ms = limit_ms };
	uint64_t begun = host_now_ms(host);

	assert_int_equal(probe_run(host, jobs, n, &settings), STATUS_OK);
	return (uint32_t)(host_now_ms(host) - begun);
}

static void expect(const struct probe_job *job, const char *what, enum grade grade,
		   enum probe_error error)
{
	if (job->grade != grade || job->error != error)
		fail_msg("%s: %s, %s", what, grade_name(job->grade),
			 job->error == PROBE_OK ? "no error" : probe_error_name(job->error));
}

/*
 * Sockets of this namespace that keep a port for a connection that is over: state 06 of
 * /proc/net/tcp.
 */
static size_t count_time_waits(void)
{
	char line[256];
	size_t n = 0;
	FILE *table = fopen("/proc/thread-self/net/tcp", "re");

	assert_non_null(table);
	while (fgets(line, sizeof line, table)) {
		unsigned state = 0;
		n += sscanf(line, "%*u: %*[0-9A-F:] %*[0-9A-F:] %2X", &state) == 1 && state == 6;
	}
	fclose(table);
	return n;
}

static void every_failure_has_its_grade_and_class_and_none_holds_up_another(void **state)
{
	struct probe_job jobs[N_SCENARIOS];
	(void)state;

	for (size_t i = 0; i < N_SCENARIOS; i++) {
		const struct scenario *s = &scenarios[i];
		jobs[i] = (struct probe_job){ .from = 0x7f000001, .to = address_of(i) };
		if (!s->no_mapper)
			start_peer(address_of(i), DIALOG_EPM_PORT, s->mapper);
		if (!s->no_mta)
			start_peer(address_of(i), MTA_PORT, s->mta);
	}
	uint32_t took_ms = run_jobs(jobs, N_SCENARIOS, LIMIT_MS);
	for (size_t i = 0; i < N_SCENARIOS; i++) {
		expect(&jobs[i], scenarios[i].what, scenarios[i].grade, scenarios[i].error);
		if (jobs[i].attempts != scenarios[i].attempts)
			fail_msg("%s: %u attempts", scenarios[i].what, jobs[i].attempts);
	}
	assert_in_range(took_ms, LIMIT_MS * 9 / 10, LIMIT_MS + SLACK_MS);
	assert_int_equal(count_time_waits(), 0);
}

static void what_the_network_says_is_told_apart(void **state)
{
	static const struct {
		const char *what;
		uint32_t from;
		uint32_t to;
		enum probe_error error;
	} cases[] = {
		{ "no route", 0x7f000001, 0x0a090909, PROBE_NET_UNREACHABLE },
		{ "host unreachable", 0xc0000201, 0xc6336401, PROBE_HOST_UNREACHABLE },
		{ "swallowed", 0xc0000201, 0xc0000202, PROBE_TIMEOUT },
		{ "not our address", NO_ADDRESS, 0xc0000202, PROBE_LOCAL },
	};
	struct probe_job jobs[sizeof cases / sizeof *cases];
	size_t n = sizeof cases / sizeof *cases;
	(void)state;

	/* A neighbour that the system believes in and that is not there swallows everything. */
	run_tool("ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && "
		 "ip link set v0 up && ip link set v1 up && "
		 "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev v0 && "
		 "ip route add unreachable 198.51.100.0/24");
	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct probe_job){ .from = cases[i].from, .to = cases[i].to };
	run_jobs(jobs, n, LIMIT_MS);
	for (size_t i = 0; i < n; i++) {
		expect(&jobs[i], cases[i].what, GRADE_NONE, cases[i].error);
		assert_int_equal(jobs[i].attempts, PROBE_TRIES);
	}
	assert_in_range(jobs[2].ms, LIMIT_MS - 20, LIMIT_MS + SLACK_MS);
}

/* Silent peers fill every socket; the others wait, and their time counts from their own start. */
static void more_probes_than_sockets_wait_for_their_turn(void **state)
{
	struct probe_job jobs[2 * PROBE_MAX_SOCKETS];
	size_t n = sizeof jobs / sizeof *jobs;
	int listener = listen_on(0x7f000201, DIALOG_EPM_PORT); /* accepts nobody: the kernel does */
	(void)state;

	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct probe_job){ .from = 0x7f000001, .to = 0x7f000201 };
	uint32_t took_ms = run_jobs(jobs, n, LIMIT_MS);
	for (size_t i = 0; i < n; i++) {
		expect(&jobs[i], "silent", GRADE_TCP, PROBE_SILENT);
		assert_in_range(jobs[i].ms, LIMIT_MS * 9 / 10, LIMIT_MS + SLACK_MS);
	}
	assert_in_range(took_ms, 2 * LIMIT_MS * 9 / 10, 2 * LIMIT_MS + SLACK_MS);
	close(listener);
}

static void tries_begin_at_the_named_pace(void **state)
{
	struct probe_job jobs[PROBE_MAX_SOCKETS];
	size_t n = sizeof jobs / sizeof *jobs;
	(void)state;

	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct probe_job){ .from = 0x7f000001, .to = 0x7f000301 };
	uint32_t took_ms = run_jobs(jobs, n, LIMIT_MS);
	expect(&jobs[n - 1], "nobody listens", GRADE_NONE, PROBE_REFUSED);
	assert_in_range(took_ms, (PROBE_TRIES * n - (size_t)3 * PROBE_MAX_BURST) * PROBE_PACE_MS,
			LIMIT_MS + SLACK_MS);
}

static uint64_t stop_at_ms;

static bool stop_soon(void)
{
	return host_now_ms(host) >= stop_at_ms;
}

static void a_stop_is_obeyed_at_once(void **state)
{
	struct probe_job job = { .from = 0xc0000201, .to = 0xc0000202 };
	struct probe_settings settings = { .limit_ms = PROBE_MAX_LIMIT_MS, .stopped = stop_soon };
	(void)state;

	stop_at_ms = host_now_ms(host) + 100;
	assert_int_equal(probe_run(host, &job, 1, &settings), STATUS_TIMED_OUT);
	assert_in_range(host_now_ms(host) - stop_at_ms, 0, SLACK_MS);
	assert_int_equal(job.grade, GRADE_UNKNOWN);
}

static void nothing_to_probe_is_done_at_once(void **state)
{
	(void)state;
	assert_in_range(run_jobs(NULL, 0, LIMIT_MS), 0, SLACK_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failure_has_its_grade_and_class_and_none_holds_up_another),
		cmocka_unit_test(what_the_network_says_is_told_apart),
		cmocka_unit_test(more_probes_than_sockets_wait_for_their_turn),
		cmocka_unit_test(tries_begin_at_the_named_pace),
		cmocka_unit_test(a_stop_is_obeyed_at_once),
		cmocka_unit_test(nothing_to_probe_is_done_at_once),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
