#include "collector/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"

static bool get_port(const char *text, in_port_t *out)
{
	unsigned value = 0;
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > 5 || text[n] != '\0')
		return false;
	for (; *text; text++)
		value = value * 10 + (unsigned)(*text - '0');
	if (value > UINT16_MAX)
		return false;
	*out = htons((uint16_t)value);
	return true;
}

static bool get_ipv4(const char *host, in_port_t port, struct net_address *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = port };
	if (inet_pton(AF_INET, text_equal(host, "localhost") ? "127.0.0.1" : host, &in.sin_addr) !=
	    1)
		return false;
	*out = (struct net_address){ 0 };
	memcpy(&out->address, &in, sizeof in);
	return true;
}

static bool get_ipv6(const char *host, in_port_t port, struct net_address *out)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = port };
	if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
		return false;
	*out = (struct net_address){ 0 };
	memcpy(&out->address, &in6, sizeof in6);
	return true;
}

enum status net_address_parse(const char *text, struct net_address *out)
{
	char host[NET_ADDRESS_TEXT_SIZE];
	in_port_t port;
	const char *colon = strrchr(text, ':');

	if (!colon || (size_t)(colon - text) >= sizeof host || !get_port(colon + 1, &port))
		return STATUS_MALFORMED;
	size_t n = (size_t)(colon - text);
	memcpy(host, text, n);
	host[n] = '\0';
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		return get_ipv6(host + 1, port, out) ? STATUS_OK : STATUS_MALFORMED;
	}
	return get_ipv4(host, port, out) ? STATUS_OK : STATUS_MALFORMED;
}

bool net_address_is_loopback(const struct net_address *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (address->address.ss_family == AF_INET) {
		memcpy(&in, &address->address, sizeof in);
		return ntohl(in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	memcpy(&in6, &address->address, sizeof in6);
	return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

bool net_address_is_any(const struct net_address *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (address->address.ss_family == AF_INET) {
		memcpy(&in, &address->address, sizeof in);
		return in.sin_addr.s_addr == htonl(INADDR_ANY);
	}
	memcpy(&in6, &address->address, sizeof in6);
	return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

uint32_t net_address_ipv4(const struct net_address *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	uint32_t mapped;

	if (address->address.ss_family == AF_INET) {
		memcpy(&in, &address->address, sizeof in);
		return ntohl(in.sin_addr.s_addr);
	}
	memcpy(&in6, &address->address, sizeof in6);
	if (address->address.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return 0;
	memcpy(&mapped, in6.sin6_addr.s6_addr + 12, sizeof mapped);
	return ntohl(mapped);
}

char *net_address_format_host(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memcpy(text, "?", 2);
	if (address->address.ss_family == AF_INET) {
		memcpy(&in, &address->address, sizeof in);
		inet_ntop(AF_INET, &in.sin_addr, text, NET_ADDRESS_TEXT_SIZE);
	} else if (address->address.ss_family == AF_INET6) {
		memcpy(&in6, &address->address, sizeof in6);
		inet_ntop(AF_INET6, &in6.sin6_addr, text, NET_ADDRESS_TEXT_SIZE);
	}
	return text;
}

char *net_address_format(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE])
{
	char host[NET_ADDRESS_TEXT_SIZE];
	bool is_ipv6 = address->address.ss_family == AF_INET6;
	struct sockaddr_in in;

	/* The port is at the same place in both. */
	memcpy(&in, &address->address, sizeof in);
	snprintf(text, NET_ADDRESS_TEXT_SIZE, is_ipv6 ? "[%s]:%u" : "%s:%u",
		 net_address_format_host(address, host), (unsigned)ntohs(in.sin_port));
	return text;
}
