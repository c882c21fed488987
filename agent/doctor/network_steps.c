/* The doctor's steps on the way to a machine: name, route, port. */
#include "agent/doctor/internal.h"

#include <string.h>

#include "agent/collect/name_lookup.h"
#include "agent/https/dial.h"
#include "agent/platform/socket.h"
#include "proto/base/text.h"
#include "proto/report/probe_words.h"

static const char *list_of(const struct name_lookup_answer *answer, struct arena *arena)
{
	char text[IPV4_TEXT_SIZE];
	const char *list = "";

	for (size_t i = 0; i < answer->n_addresses; i++)
		list = arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "",
				    ipv4_format(answer->addresses[i], text));
	return list;
}

/* Looks the name up on a thread of its own: the system's resolver keeps to no limit. 0: failed. */
static uint32_t look_up(struct doctor *d, const char *name)
{
	static const char todo[] = "check the spelling, the name servers (ipconfig /all, nslookup) "
				   "and the hosts file";
	struct name_lookup *names = name_lookup_new(d->host);
	uint32_t address = 0;

	name_lookup_ask_name(names, name);
	name_lookup_wait(names, DOCTOR_NAME_MS, d->stopped);
	const struct name_lookup_answer *answer = name_lookup_of_name(names, name);
	if (!answer) {
		doctor_block(d, "name",
			     arena_printf(d->arena, "%s: no answer within %d seconds", name,
					  DOCTOR_NAME_MS / 1000),
			     todo);
	} else if (answer->forward_error != HOST_LOOKUP_OK || answer->n_addresses == 0) {
		doctor_block(d, "name",
			     arena_printf(d->arena, "%s: %s (%d)", name,
					  host_lookup_text(answer->forward_error),
					  answer->forward_error),
			     todo);
	} else {
		address = answer->addresses[0];
		doctor_note(d, "name", DOCTOR_OK,
			    arena_printf(d->arena, "%s is %s", name, list_of(answer, d->arena)),
			    NULL);
	}
	name_lookup_free(names);
	return address;
}

/* Connects as a run does. */
static enum status dial_once(struct doctor *d, char error[SEND_MAX_ERROR_TEXT])
{
	struct dial *dial = NULL;
	enum status status = dial_open(&dial, d->url, &d->send, error);

	dial_close(dial);
	return status;
}

/* The system is asked only for IPv4 names and routes; a connection may still succeed. */
static void go_by_ipv6(struct doctor *d, const struct url_place *place)
{
	char error[SEND_MAX_ERROR_TEXT];

	doctor_note(d, "name", DOCTOR_SKIPPED,
		    arena_printf(d->arena, "%s is an IPv6 address", place->host), NULL);
	doctor_note(d, "route", DOCTOR_SKIPPED, "routes of IPv6 are not looked at", NULL);
	if (dial_once(d, error) == STATUS_OK)
		doctor_note(d, "port", DOCTOR_OK,
			    arena_printf(d->arena, "%s port %u accepts connections", place->host,
					 place->port),
			    NULL);
	else
		doctor_block(d, "port", arena_strdup(d->arena, error),
			     "look for a firewall on the way, and whether this machine has IPv6");
}

/* The address of the place; 0 where there is none. */
static uint32_t find_address(struct doctor *d, const struct url_place *place)
{
	uint32_t address = 0;

	if (!ipv4_parse(place->host, &address))
		return look_up(d, place->host);
	doctor_note(d, "name", DOCTOR_SKIPPED,
		    arena_printf(d->arena, "%s is an address", place->host), NULL);
	return address;
}

/* "El90x1 (3Com EtherLink XL, 10.0.0.5)" */
static const char *describe_adapter(struct doctor *d, const char *id)
{
	struct host_adapter *adapters = NULL;
	struct os_error ignored; /* then its id has to do */
	struct host_gaps gaps;
	size_t n = 0;
	char text[IPV4_TEXT_SIZE];

	if (host_list_adapters(d->host, d->arena, &adapters, &n, &gaps, &ignored) != STATUS_OK)
		return id;
	for (size_t i = 0; i < n; i++) {
		if (text_equal(adapters[i].id, id) && adapters[i].n_addresses > 0)
			return arena_printf(d->arena, "%s (%s, %s)", id, adapters[i].description,
					    ipv4_format(adapters[i].addresses[0].address, text));
	}
	return id;
}

static void check_route(struct doctor *d, uint32_t address)
{
	const char *id = NULL;
	struct os_error error;

	if (doctor_skips(d, "route"))
		return;
	switch (host_route(d->host, address, d->arena, &id, &error)) {
	case STATUS_OK:
		doctor_note(
			d, "route", DOCTOR_OK,
			arena_printf(d->arena, "it goes out through %s", describe_adapter(d, id)),
			NULL);
		break;
	case STATUS_NOT_FOUND:
		doctor_note(d, "route", DOCTOR_OK, "it stays on this machine", NULL);
		break;
	case STATUS_UNREACHABLE:
		doctor_block(d, "route", "no route leads there",
			     "check addresses, masks and gateways (route print)");
		break;
	default:
		doctor_note(d, "route", DOCTOR_SKIPPED,
			    arena_strdup(d->arena,
					 error.text[0] ? error.text : "the system does not tell"),
			    NULL);
		break;
	}
}

/* Waits for a connection to come about. */
static enum probe_error finish(struct doctor *d, socket_handle handle)
{
	struct socket_watch watch = { .socket = handle, .write = true };
	uint64_t end_ms = host_now_ms(d->host) + DOCTOR_PORT_MS;

	while (host_now_ms(d->host) < end_ms && !d->send.stopped(d->send.user)) {
		if (socket_wait(&watch, 1, 100) != STATUS_OK)
			return PROBE_LOCAL;
		if (watch.writable)
			return socket_finish(handle, watch.failed);
	}
	return PROBE_TIMEOUT;
}

static const char *todo_of(enum probe_error error)
{
	if (error == PROBE_REFUSED)
		return "start the program that should listen there, or correct the port";
	if (error == PROBE_NET_UNREACHABLE)
		return "check the gateway of the adapter, and the routes";
	return "look for a firewall on the way, and whether the machine is up";
}

static void check_port(struct doctor *d, const struct url_place *place, uint32_t address)
{
	socket_handle handle = SOCKET_NONE;
	char text[IPV4_TEXT_SIZE];

	if (doctor_skips(d, "port"))
		return;
	ipv4_format(address, text);
	enum probe_error error = socket_connect(0, address, place->port, &handle);
	if (error == PROBE_OK)
		error = finish(d, handle);
	if (handle != SOCKET_NONE)
		socket_close(handle);
	if (error == PROBE_OK)
		doctor_note(
			d, "port", DOCTOR_OK,
			arena_printf(d->arena, "%s port %u accepts connections", text, place->port),
			NULL);
	else
		doctor_block(d, "port",
			     arena_printf(d->arena, "%s port %u: %s", text, place->port,
					  probe_error_words(error)),
			     todo_of(error));
}

void doctor_network_steps(struct doctor *d, const struct url_place *place)
{
	if (strchr(place->host, ':')) {
		go_by_ipv6(d, place);
		return;
	}
	uint32_t address = find_address(d, place);

	check_route(d, address);
	check_port(d, place, address);
}
