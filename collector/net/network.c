#include "collector/net/network.h"
#include "proto/base/number.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define MAPPED_BITS       96 /* before the IPv4 address in a mapped one */
#define ADDRESS_BITS      128
#define MAX_LENGTH_DIGITS 3

static void map_ipv4(const void *address, uint8_t out[16])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, address, 4);
}

/* Does it have the bits of `network` alone? */
static bool is_in(const struct network *network, const uint8_t address[16])
{
	size_t whole = network->length / 8;
	unsigned rest = network->length % 8;

	if (memcmp(network->address, address, whole) != 0)
		return false;
	return rest == 0 || (network->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool has_bits_behind_the_prefix(const struct network *network)
{
	for (unsigned i = network->length; i < ADDRESS_BITS; i++) {
		if (network->address[i / 8] & (0x80U >> i % 8))
			return true;
	}
	return false;
}

/* The length of an address' prefix; without `text` all of it. */
static bool get_length(const char *text, unsigned most, unsigned *out)
{
	int64_t length = most;

	if (text && (strlen(text) > MAX_LENGTH_DIGITS || !number_parse(text, 0, most, &length)))
		return false;
	*out = (unsigned)length;
	return true;
}

enum status networks_add(struct networks *networks, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	struct in_addr in;
	struct network network = { 0 };
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	bool good = false;

	if (networks->n == NETWORKS_MAX)
		return STATUS_LIMIT;
	if (n >= sizeof host)
		return STATUS_MALFORMED;
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, &in) == 1) {
		map_ipv4(&in, network.address);
		good = get_length(slash ? slash + 1 : NULL, 32, &network.length);
		network.length += MAPPED_BITS;
	} else if (inet_pton(AF_INET6, host, network.address) == 1) {
		good = get_length(slash ? slash + 1 : NULL, ADDRESS_BITS, &network.length);
	}
	if (!good || has_bits_behind_the_prefix(&network))
		return STATUS_MALFORMED;
	networks->list[networks->n++] = network;
	return STATUS_OK;
}

bool networks_contain(const struct networks *networks, const struct sockaddr_storage *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	uint8_t bytes[16];

	if (address->ss_family == AF_INET) {
		memcpy(&in, address, sizeof in);
		map_ipv4(&in.sin_addr, bytes);
	} else if (address->ss_family == AF_INET6) {
		memcpy(&in6, address, sizeof in6);
		memcpy(bytes, in6.sin6_addr.s6_addr, sizeof bytes);
	} else {
		return false;
	}
	for (size_t i = 0; i < networks->n; i++) {
		if (is_in(&networks->list[i], bytes))
			return true;
	}
	return false;
}
