/*
 * Any bytes as what a collector answers to a report or an enrolment. What is taken is JSON by the
 * strict scan, and keeps every limit that the agent relies on.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/uplink/answer.h"
#include "proto/base/mem.h"
#include "proto/json/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_peer(const struct peer *peer)
{
	if (!*peer->name || strlen(peer->name) > REPORT_MAX_STRING)
		abort();
	if (peer->n_addresses > PEERS_MAX_ADDRESSES)
		abort();
	for (size_t i = 0; i < peer->n_addresses; i++) {
		if (!peers_usable_address(peer->addresses[i]))
			abort();
	}
}

static void check_answer(const struct answer *answer)
{
	if (answer->accepted < 0)
		abort();
	if (answer->interval_s < 1 || answer->interval_s > REPORT_MAX_INTERVAL)
		abort();
	if (answer->peers.n > ANSWER_MAX_PEERS || answer->peers.left_out > 0)
		abort();
	for (size_t i = 0; i < answer->peers.n; i++)
		check_peer(&answer->peers.list[i]);
}

static void check_json(const char *text, size_t size)
{
	struct json_fault fault;

	if (json_check(text, size, &fault) != STATUS_OK)
		abort();
}

/* A string out of a problem; NULL: it has none. */
static void check_string(const char *string, const char *text, size_t size)
{
	if (!string)
		return;
	check_json(text, size);
	if (!*string || strlen(string) > REPORT_MAX_STRING)
		abort();
}

static void check_enrolment(const char *text, size_t size)
{
	char id[UUID_TEXT_SIZE];
	struct uuid uuid;

	if (answer_read_enrolment(text, size, id) != STATUS_OK)
		return;
	check_json(text, size);
	if (uuid_parse(id, &uuid) != STATUS_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer answer;
	struct arena arena;
	const char *text = (const char *)data;
	const char *why = NULL;

	arena_init(&arena);
	if (answer_read(text, size, &arena, &answer, &why) == STATUS_OK) {
		check_json(text, size);
		check_answer(&answer);
	} else if (!why) {
		abort();
	}
	struct send_result result = { .outcome = SEND_ANSWERED,
				      .http_status = 400,
				      .body = mem_strndup(text, size),
				      .size = size,
				      .content_type = "application/problem+json" };
	struct answer_problem problem = answer_read_problem(&result, &arena);
	free(result.body);
	if (!problem.words)
		abort();
	check_string(problem.code, text, size);
	check_enrolment(text, size);
	arena_deinit(&arena);
	return 0;
}
