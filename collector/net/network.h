/*
 * A set of networks, "10.0.0.5", "192.168.0.0/24", "fd00::/8": which addresses are in one of them?
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proto/base/status.h"

#define NETWORKS_MAX 32

/* IPv4 as RFC 4291 section 2.5.5.2 maps it, so that ::ffff:10.0.0.5 is 10.0.0.5. */
struct network {
	uint8_t address[16];
	unsigned length; /* of the prefix, in bits of all 128 */
};

/* A zeroed one is empty. */
struct networks {
	struct network list[NETWORKS_MAX];
	size_t n;
};

/*
 * Adds ADDRESS or ADDRESS/LENGTH.
 *
 * STATUS_MALFORMED  it is neither, or the address has bits behind the prefix
 * STATUS_LIMIT      there are NETWORKS_MAX already
 */
enum status networks_add(struct networks *networks, const char *text);

/* False for an address of another family. */
bool networks_contain(const struct networks *networks, const struct sockaddr_storage *address);
