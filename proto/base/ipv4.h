/*
 * IPv4 addresses as numbers in host byte order, read from dotted text. Windows NT 4.0 and 2000
 * hosts have no other kind, so nothing else is judged.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"

#define IPV4_TEXT_SIZE 16 /* "255.255.255.255" and its NUL */

struct ipv4_prefix {
	uint32_t address; /* with its host bits */
	uint8_t length;   /* 0 to 32 */
};

/* "10.0.0.5"; exactly four decimal numbers, no leading zeros. False if it is none. */
bool ipv4_parse(const char *text, uint32_t *out);

/* "10.0.0.5/24"; without a length it is 32. False if it is none. */
bool ipv4_prefix_parse(const char *text, struct ipv4_prefix *out);

/* Is `address` in the subnet of `prefix`? */
bool ipv4_prefix_contains(const struct ipv4_prefix *prefix, uint32_t address);

/* 127.0.0.0/8 (RFC 1122 section 3.2.1.3) */
bool ipv4_is_loopback(uint32_t address);

/* 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918) */
bool ipv4_is_private(uint32_t address);

/* 169.254.0.0/16: what a system gives itself where DHCP does not answer (RFC 3927) */
bool ipv4_is_self_assigned(uint32_t address);

/* 224.0.0.0 and above: multicast, reserved and broadcast (RFC 1122 section 3.2.1.3) */
bool ipv4_is_multicast_or_reserved(uint32_t address);

char *ipv4_format(uint32_t address, char text[IPV4_TEXT_SIZE]);

/* Likewise, in the arena. */
char *ipv4_text(uint32_t address, struct arena *arena);
