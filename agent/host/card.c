#include "agent/host/card.h"

#include <stdbool.h>

#include "agent/platform/error.h"
#include "proto/base/ipv4.h"

#define CARDS_KEY    "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\NetworkCards"
#define SERVICES_KEY "SYSTEM\\CurrentControlSet\\Services"

/* NULL: it is not there, or no text. */
static const char *read_text(struct host *host, const char *key, const char *name,
			     struct arena *arena)
{
	struct os_error ignored;
	struct host_value value;
	enum status status = host_read_value(host, key, name, arena, &value, &ignored);
	return status == STATUS_OK && value.kind == HOST_VALUE_STRING ? value.text : NULL;
}

static bool names_address(const char *text, uint32_t address)
{
	uint32_t parsed = 0;
	return text && ipv4_parse(text, &parsed) && parsed == address;
}

static bool card_has(struct host *host, const char *service, uint32_t address, struct arena *arena)
{
	struct os_error ignored;
	struct host_value value;
	const char *key = arena_printf(arena, SERVICES_KEY "\\%s\\Parameters\\Tcpip", service);
	if (names_address(read_text(host, key, "DhcpIPAddress", arena), address))
		return true;
	if (host_read_value(host, key, "IPAddress", arena, &value, &ignored) != STATUS_OK ||
	    value.kind != HOST_VALUE_LIST)
		return false;
	for (size_t i = 0; i < value.n_list; i++) {
		if (names_address(value.list[i], address))
			return true;
	}
	return false;
}

static bool card_has_one(struct host *host, const char *service, const struct host_adapter *adapter,
			 struct arena *arena)
{
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		if (card_has(host, service, adapter->addresses[i].address, arena))
			return true;
	}
	return false;
}

void card_name_adapter(struct host *host, struct host_adapter *adapter, struct arena *arena)
{
	for (unsigned card = 1; adapter->n_addresses > 0 && card <= CARD_MAX; card++) {
		const char *key = arena_printf(arena, CARDS_KEY "\\%u", card);
		const char *service = read_text(host, key, "ServiceName", arena);
		if (!service || !card_has_one(host, service, adapter, arena))
			continue;
		const char *description = read_text(host, key, "Description", arena);
		adapter->id = service;
		if (description)
			adapter->description = description;
		return;
	}
}
