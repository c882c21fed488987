/*
 * Where to listen, as text: "127.0.0.1:8285", "[::1]:8285", "localhost:8285". Host names other than
 * localhost are not looked up: the address decides whether plain HTTP is allowed, so it has to be
 * one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proto/base/status.h"

#define NET_ADDRESS_TEXT_SIZE 64 /* "[ffff:...]:65535" and its NUL */

struct net_address {
	struct sockaddr_storage address;
};

/*
 * Port 0 lets the system choose one.
 *
 * STATUS_MALFORMED  it is not ADDRESS:PORT
 */
enum status net_address_parse(const char *text, struct net_address *out);

/* Reaches no other machine: 127.0.0.0/8 or ::1. */
bool net_address_is_loopback(const struct net_address *address);

/* Stands for every address of this machine: 0.0.0.0 or ::. */
bool net_address_is_any(const struct net_address *address);

/* As a number, also of one that IPv6 carries (::ffff:10.0.0.5); 0: it is no IPv4 address. */
uint32_t net_address_ipv4(const struct net_address *address);

/* "127.0.0.1", "fe80::1": the address alone. */
char *net_address_format_host(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE]);

char *net_address_format(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE]);
