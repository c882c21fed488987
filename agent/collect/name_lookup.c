#include "agent/collect/name_lookup.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"

#define POLL_MS 10

/* A question on its thread. Whoever of the two comes second, thread or asker, frees it. */
enum { JOB_RUNNING, JOB_DONE, JOB_ABANDONED };

struct job {
	atomic_int state;
	struct host *host;
	uint32_t address; /* 0: the question is `name` */
	char name[HOST_MAX_NAME];
	struct name_lookup_answer answer;
};

struct lookup {
	struct lookup *next;
	uint32_t address; /* 0: it is `name` */
	char name[HOST_MAX_NAME];
	struct job *job; /* on its way, or NULL */
	bool asked;      /* in this cycle */
	bool answered;
	uint64_t answered_ms;
	struct name_lookup_answer answer;
};

struct name_lookup {
	struct host *host;
	struct lookup *lookups;
};

static void look_up(void *arg)
{
	struct job *job = arg;
	struct name_lookup_answer *answer = &job->answer;
	if (job->address != 0)
		answer->reverse_error = host_reverse_lookup(job->host, job->address, answer->name);
	const char *name = job->address != 0 ? answer->name : job->name;
	if (name[0])
		answer->forward_error = host_forward_lookup(job->host, name, answer->addresses,
							    &answer->n_addresses);
	if (atomic_exchange(&job->state, JOB_DONE) == JOB_ABANDONED)
		free(job);
}

struct name_lookup *name_lookup_new(struct host *host)
{
	struct name_lookup *names = mem_alloc(sizeof *names);
	names->host = host;
	return names;
}

static void drop_lookup(struct lookup *lookup)
{
	struct job *job = lookup->job;
	if (job && atomic_exchange(&job->state, JOB_ABANDONED) == JOB_DONE)
		free(job);
	free(lookup);
}

void name_lookup_free(struct name_lookup *names)
{
	if (!names)
		return;
	while (names->lookups) {
		struct lookup *next = names->lookups->next;
		drop_lookup(names->lookups);
		names->lookups = next;
	}
	free(names);
}

void name_lookup_begin(struct name_lookup *names)
{
	struct lookup **at = &names->lookups;
	while (*at) {
		struct lookup *lookup = *at;
		if (lookup->asked) {
			lookup->asked = false;
			at = &lookup->next;
		} else {
			*at = lookup->next;
			drop_lookup(lookup);
		}
	}
}

static struct lookup *find_lookup(const struct name_lookup *names, uint32_t address,
				  const char *name)
{
	struct lookup *at = names->lookups;
	while (at && !(at->address == address && text_equal(at->name, name)))
		at = at->next;
	return at;
}

/* Takes the answer of a thread that is done. */
static void take_answer(struct name_lookup *names, struct lookup *lookup)
{
	struct job *job = lookup->job;
	if (!job || atomic_load(&job->state) != JOB_DONE)
		return;
	lookup->answer = job->answer;
	lookup->answered = true;
	lookup->answered_ms = host_now_ms(names->host);
	lookup->job = NULL;
	free(job);
}

static bool is_due(const struct name_lookup *names, const struct lookup *lookup)
{
	if (!lookup->asked || lookup->job)
		return false;
	return !lookup->answered ||
	       host_now_ms(names->host) - lookup->answered_ms >= NAME_LOOKUP_FRESH_MS;
}

static void start_lookup(struct name_lookup *names, struct lookup *lookup)
{
	struct os_error ignored; /* it stays due, and stays absent in the report */
	struct job *job = mem_alloc(sizeof *job);
	atomic_init(&job->state, JOB_RUNNING);
	job->host = names->host;
	job->address = lookup->address;
	memcpy(job->name, lookup->name, sizeof job->name);
	if (host_start_thread(names->host, look_up, job, &ignored) != STATUS_OK) {
		free(job);
		return;
	}
	lookup->job = job;
}

/* Takes what is there, starts what is due and has a thread. Gives how many are still out. */
static size_t advance(struct name_lookup *names)
{
	size_t running = 0;
	size_t out = 0;
	for (struct lookup *at = names->lookups; at; at = at->next) {
		take_answer(names, at);
		running += at->job != NULL;
	}
	for (struct lookup *at = names->lookups; at; at = at->next) {
		if (is_due(names, at) && running < NAME_LOOKUP_MAX_RUNNING) {
			start_lookup(names, at);
			running += at->job != NULL;
		}
		out += at->asked && (at->job || is_due(names, at));
	}
	return out;
}

static void ask_later(struct name_lookup *names, uint32_t address, const char *name)
{
	struct lookup *lookup = find_lookup(names, address, name);
	if (!lookup) {
		lookup = mem_alloc(sizeof *lookup);
		lookup->address = address;
		snprintf(lookup->name, sizeof lookup->name, "%s", name);
		lookup->next = names->lookups;
		names->lookups = lookup;
	}
	lookup->asked = true;
	advance(names);
}

void name_lookup_ask_address(struct name_lookup *names, uint32_t address)
{
	ask_later(names, address, "");
}

void name_lookup_ask_name(struct name_lookup *names, const char *name)
{
	ask_later(names, 0, name);
}

void name_lookup_wait(struct name_lookup *names, uint32_t limit_ms, bool (*stopped)(void))
{
	uint64_t end = host_now_ms(names->host) + limit_ms;
	while (advance(names) > 0 && host_now_ms(names->host) < end && !(stopped && stopped()))
		host_sleep(names->host, POLL_MS);
}

static const struct name_lookup_answer *answer_of(const struct name_lookup *names, uint32_t address,
						  const char *name)
{
	const struct lookup *lookup = find_lookup(names, address, name);
	return lookup && lookup->answered && !lookup->job ? &lookup->answer : NULL;
}

const struct name_lookup_answer *name_lookup_of_address(const struct name_lookup *names,
							uint32_t address)
{
	return answer_of(names, address, "");
}

const struct name_lookup_answer *name_lookup_of_name(const struct name_lookup *names,
						     const char *name)
{
	return answer_of(names, 0, name);
}
