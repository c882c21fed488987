/*
 * A machine made of a struct: answers agent/host/host.h in tests. A test fills in what its machine
 * is like; everything else is as on a machine without Exchange. Pointers are borrowed.
 *
 *   struct fake_host machine = { .name = "EXCH1", .adapters = adapters, .n_adapters = 2 };
 *   struct host *host = fake_host(&machine);
 *
 * A failure is planted by its status; the error then has code `FAKE_HOST_ERROR_CODE` and a text
 * that names the object.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"

#define FAKE_HOST_ERROR_CODE 5 /* ERROR_ACCESS_DENIED of Windows */

struct fake_value {
	const char *key;
	const char *name; /* NULL: the key itself, without a value */
	struct host_value value;
	enum status status; /* of reading it, or of finding the key */
};

struct fake_service {
	const char *name;
	struct host_service service;
	enum status status;
};

struct fake_file {
	const char *path;
	const void *bytes;
	size_t size;
	int64_t modified_ms;
	enum status status;
};

/* What looking up one address and the name found for it gives. */
struct fake_lookup {
	uint32_t address;
	const char *name;
	int reverse_error;
	int forward_error;
	uint32_t hangs_ms; /* the looking-up thread sleeps for so long, in real time */
};

struct fake_route {
	struct ipv4_prefix to;
	const char *adapter; /* NULL: an address of its own */
};

/* What host_write_event() was told. */
struct fake_event {
	enum host_severity severity;
	uint16_t id;
	size_t n;
	char strings[2][256]; /* the first ones, cut */
	size_t lengths[2];    /* uncut */
};

#define FAKE_HOST_MAX_WRITTEN 32

struct fake_host {
	const char *name;
	const char *os;
	int64_t booted_at_ms;
	enum status identity_status;
	enum status boot_time_status;

	struct host_adapter *adapters;
	size_t n_adapters;
	enum status adapters_status;
	enum status states_status;       /* of `enabled` and `link` of the adapters */
	enum status gateways_status;     /* of their gateways */
	const struct fake_route *routes; /* the first that holds the address counts */
	size_t n_routes;

	const struct fake_value *values;
	size_t n_values;
	const char *key_of_others; /* NULL: all keys are whose they should be */
	const struct fake_service *services;
	size_t n_services;
	const struct host_event *events; /* all of them asked for */
	size_t n_events;
	struct host_answer answer; /* what else of their log; events and n are of no matter */
	enum status events_status;
	size_t n_events_seen; /* by host_look_for_news() */
	bool looked_for_news;
	bool registry_changed; /* what host_look_for_news() says next */
	const struct fake_file *files;
	size_t n_files;
	const struct fake_lookup *lookups;
	size_t n_lookups;

	bool disk_only;
	bool stopped;           /* by host_stop() */
	uint64_t now_ms;        /* host_sleep() and host_wait() add to it */
	int64_t wall_ms;        /* and to this one */
	uint8_t random;         /* host_random() counts up from here */
	size_t n_file_reads;    /* host_read_file() calls so far */
	size_t n_lookups_asked; /* host_reverse_lookup() calls so far */
	struct fake_event written[FAKE_HOST_MAX_WRITTEN];
	size_t n_written;
	size_t n_threads; /* that have not ended yet */
};

struct host *fake_host(struct fake_host *machine);

/* Waits for the machine's threads: a late one would count in the next test. */
void fake_host_join(struct fake_host *machine);
