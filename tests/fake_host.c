#include "tests/fake_host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/platform/error.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"

/* struct host is never defined here: it is the struct fake_host that the test made. */
static struct fake_host *machine_of(struct host *host)
{
	return (struct fake_host *)(void *)host;
}

struct host *fake_host(struct fake_host *machine)
{
	return (struct host *)(void *)machine;
}

static enum status planted(struct os_error *error, enum status status, const char *object)
{
	if (status == STATUS_OK)
		return STATUS_OK;
	return os_fail(error, status, FAKE_HOST_ERROR_CODE, "%s: %s", object, status_text(status));
}

enum status host_open(struct host **out, const struct host_options *options, struct os_error *error)
{
	(void)out;
	(void)options;
	return planted(error, STATUS_UNSUPPORTED, "a fake machine is made by its test");
}

void host_close(struct host *host)
{
	(void)host;
}

const char *host_platform(void)
{
	return "fake";
}

bool host_has_network(const struct host *host)
{
	return !((const struct fake_host *)(const void *)host)->disk_only;
}

bool host_is_image(const struct host *host)
{
	return ((const struct fake_host *)(const void *)host)->disk_only;
}

enum status host_identify(struct host *host, struct arena *arena, struct host_identity *out,
			  struct os_error *error)
{
	const struct fake_host *machine = machine_of(host);
	enum status status = planted(error, machine->identity_status, "identity");
	if (status == STATUS_OK)
		*out = (struct host_identity){
			.name = arena_strdup(arena, machine->name ? machine->name : "FAKE"),
			.os = arena_strdup(arena, machine->os),
			.booted_at_ms = machine->booted_at_ms,
		};
	if (status == STATUS_OK &&
	    planted(error, machine->boot_time_status, "boot time") != STATUS_OK)
		out->no_boot_time = os_keep_error(error, arena);
	return status;
}

enum status host_list_adapters(struct host *host, struct arena *arena, struct host_adapter **out,
			       size_t *n, struct host_gaps *gaps, struct os_error *error)
{
	const struct fake_host *machine = machine_of(host);
	*gaps = (struct host_gaps){ 0 };
	if (machine->disk_only)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE, "adapters: not on the disk");
	enum status status = planted(error, machine->adapters_status, "adapters");
	if (status != STATUS_OK)
		return status;
	*out = arena_alloc_array(arena, machine->n_adapters, sizeof **out);
	if (machine->n_adapters > 0)
		memcpy(*out, machine->adapters, machine->n_adapters * sizeof **out);
	*n = machine->n_adapters;
	if (planted(error, machine->states_status, "states") != STATUS_OK)
		gaps->states = os_keep_error(error, arena);
	if (planted(error, machine->gateways_status, "gateways") != STATUS_OK)
		gaps->gateways = os_keep_error(error, arena);
	return STATUS_OK;
}

enum status host_route(struct host *host, uint32_t to, struct arena *arena, const char **adapter_id,
		       struct os_error *error)
{
	const struct fake_host *machine = machine_of(host);
	if (machine->disk_only)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE, "routes: not on the disk");
	for (size_t i = 0; i < machine->n_routes; i++) {
		if (!ipv4_prefix_contains(&machine->routes[i].to, to))
			continue;
		if (!machine->routes[i].adapter)
			return planted(error, STATUS_NOT_FOUND, "route");
		*adapter_id = arena_strdup(arena, machine->routes[i].adapter);
		return STATUS_OK;
	}
	return planted(error, STATUS_UNREACHABLE, "route");
}

static void sleep_really(uint32_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	nanosleep(&left, NULL);
}

int host_reverse_lookup(struct host *host, uint32_t address, char name[HOST_MAX_NAME])
{
	struct fake_host *machine = machine_of(host);
	__atomic_add_fetch(&machine->n_lookups_asked, 1, __ATOMIC_SEQ_CST);
	for (size_t i = 0; i < machine->n_lookups; i++) {
		const struct fake_lookup *lookup = &machine->lookups[i];
		if (lookup->address != address)
			continue;
		sleep_really(lookup->hangs_ms);
		if (lookup->reverse_error == HOST_LOOKUP_OK)
			snprintf(name, HOST_MAX_NAME, "%s", lookup->name);
		return lookup->reverse_error;
	}
	return HOST_LOOKUP_NOT_FOUND;
}

int host_forward_lookup(struct host *host, const char *name, uint32_t addresses[HOST_MAX_ADDRESSES],
			size_t *n)
{
	const struct fake_host *machine = machine_of(host);
	size_t count = 0;
	int failed = HOST_LOOKUP_NOT_FOUND;
	for (size_t i = 0; i < machine->n_lookups && count < HOST_MAX_ADDRESSES; i++) {
		if (!text_equal(machine->lookups[i].name, name))
			continue;
		failed = machine->lookups[i].forward_error;
		if (failed == HOST_LOOKUP_OK)
			addresses[count++] = machine->lookups[i].address;
	}
	if (count == 0)
		return failed;
	*n = count;
	return HOST_LOOKUP_OK;
}

enum status host_read_value(struct host *host, const char *key, const char *name,
			    struct arena *arena, struct host_value *out, struct os_error *error)
{
	(void)arena;
	const struct fake_host *machine = machine_of(host);
	for (size_t i = 0; i < machine->n_values; i++) {
		const struct fake_value *value = &machine->values[i];
		if (!value->name || !text_equal(value->key, key) || !text_equal(value->name, name))
			continue;
		if (value->status == STATUS_OK)
			*out = value->value;
		return planted(error, value->status, name);
	}
	return planted(error, STATUS_NOT_FOUND, name);
}

const char *host_key_fault(struct host *host, const char *key, struct arena *arena)
{
	const char *theirs = machine_of(host)->key_of_others;

	(void)arena;
	return theirs && strcmp(theirs, key) == 0 ? "belongs to somebody else" : NULL;
}

enum status host_find_key(struct host *host, const char *key, struct os_error *error)
{
	const struct fake_host *machine = machine_of(host);
	size_t length = strlen(key);
	for (size_t i = 0; i < machine->n_values; i++) {
		const struct fake_value *value = &machine->values[i];
		bool below = text_has_prefix(value->key, key) &&
			     (value->key[length] == '\0' || value->key[length] == '\\');
		if (below)
			return planted(error, value->name ? STATUS_OK : value->status, key);
	}
	return planted(error, STATUS_NOT_FOUND, key);
}

enum status host_query_service(struct host *host, const char *name, struct host_service *out,
			       struct os_error *error)
{
	const struct fake_host *machine = machine_of(host);
	for (size_t i = 0; i < machine->n_services; i++) {
		if (!text_equal(machine->services[i].name, name))
			continue;
		if (machine->services[i].status == STATUS_OK)
			*out = machine->services[i].service;
		return planted(error, machine->services[i].status, name);
	}
	*out = (struct host_service){ SERVICE_STATE_NOT_INSTALLED, REPORT_ABSENT };
	return STATUS_OK;
}

enum status host_read_events(struct host *host, const struct host_question *question,
			     struct arena *arena, struct host_answer *out, struct os_error *error)
{
	const struct fake_host *machine = machine_of(host);
	if (machine->events_status != STATUS_OK)
		return planted(error, machine->events_status, "event log Application");
	*out = machine->answer;
	out->events = arena_alloc_array(arena, machine->n_events, sizeof *out->events);
	for (size_t i = 0; i < machine->n_events; i++) {
		for (size_t j = 0; j < question->n_ids; j++) {
			if (machine->events[i].id == question->ids[j])
				out->events[out->n++] = machine->events[i];
		}
	}
	return STATUS_OK;
}

enum status host_look_for_news(struct host *host, const struct host_question *question,
			       struct host_news *out, struct os_error *error)
{
	struct fake_host *machine = machine_of(host);
	size_t before = machine->n_events_seen;

	*out = (struct host_news){ .registry = machine->registry_changed };
	machine->registry_changed = false;
	machine->n_events_seen = machine->n_events;
	for (size_t i = before; machine->looked_for_news && i < machine->n_events; i++) {
		for (size_t j = 0; j < question->n_ids; j++)
			out->events = out->events || machine->events[i].id == question->ids[j];
	}
	machine->looked_for_news = true;
	return planted(error, machine->events_status, "event log Application");
}

static const struct fake_file *find_file(const struct fake_host *machine, const char *path)
{
	for (size_t i = 0; i < machine->n_files; i++) {
		if (text_equal(machine->files[i].path, path))
			return &machine->files[i];
	}
	return NULL;
}

enum status host_stat_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error)
{
	const struct fake_file *file = find_file(machine_of(host), path);
	if (!file || file->status != STATUS_OK)
		return planted(error, file ? file->status : STATUS_NOT_FOUND, path);
	*out = (struct host_file){ .size = file->size, .modified_ms = file->modified_ms };
	return STATUS_OK;
}

enum status host_read_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error)
{
	machine_of(host)->n_file_reads++;
	enum status status = host_stat_file(host, path, out, error);
	if (status != STATUS_OK)
		return status;
	out->bytes = mem_alloc(out->size + 1);
	if (out->size > 0)
		memcpy(out->bytes, find_file(machine_of(host), path)->bytes, out->size);
	return STATUS_OK;
}

void host_write_event(struct host *host, const char *source, enum host_severity severity,
		      uint16_t id, const char *const *strings, size_t n)
{
	(void)source;
	struct fake_host *machine = machine_of(host);
	if (machine->n_written == FAKE_HOST_MAX_WRITTEN)
		return;
	struct fake_event *event = &machine->written[machine->n_written++];
	*event = (struct fake_event){ .severity = severity, .id = id, .n = n };
	for (size_t i = 0; i < n && i < 2; i++) {
		(void)snprintf(event->strings[i], sizeof event->strings[i], "%s", strings[i]);
		event->lengths[i] = strlen(strings[i]);
	}
}

uint64_t host_now_ms(struct host *host)
{
	return machine_of(host)->now_ms;
}

int64_t host_wall_ms(struct host *host)
{
	return machine_of(host)->wall_ms;
}

enum status host_random(struct host *host, void *bytes, size_t n, struct os_error *error)
{
	(void)error;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)bytes)[i] = machine_of(host)->random++;
	return STATUS_OK;
}

/* A moment of real time passes too, so that threads get on while the test's clock runs. */
void host_sleep(struct host *host, uint32_t ms)
{
	machine_of(host)->now_ms += ms;
	machine_of(host)->wall_ms += ms;
	sleep_really(1);
}

enum host_wake host_wait(struct host *host, uint32_t ms)
{
	if (machine_of(host)->stopped)
		return HOST_WAKE_STOP;
	host_sleep(host, ms);
	return HOST_WAKE_TIME;
}

/* Waits pass at once here. */
void host_wake_up(struct host *host)
{
	(void)host;
}

void host_stop(struct host *host)
{
	machine_of(host)->stopped = true;
}

struct start {
	struct fake_host *machine;
	void (*run)(void *arg);
	void *arg;
};

static void *run_thread(void *arg)
{
	struct start start = *(struct start *)arg;
	free(arg);
	start.run(start.arg);
	__atomic_sub_fetch(&start.machine->n_threads, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

void fake_host_join(struct fake_host *machine)
{
	while (__atomic_load_n(&machine->n_threads, __ATOMIC_SEQ_CST) > 0)
		sleep_really(1);
}

enum status host_start_thread(struct host *host, void (*run)(void *arg), void *arg,
			      struct os_error *error)
{
	struct fake_host *machine = machine_of(host);
	pthread_t thread;
	struct start *start = mem_alloc(sizeof *start);
	*start = (struct start){ machine, run, arg };
	__atomic_add_fetch(&machine->n_threads, 1, __ATOMIC_SEQ_CST);
	if (pthread_create(&thread, NULL, run_thread, start) != 0) {
		__atomic_sub_fetch(&machine->n_threads, 1, __ATOMIC_SEQ_CST);
		free(start);
		return planted(error, STATUS_SYSTEM, "thread");
	}
	pthread_detach(thread);
	return STATUS_OK;
}
