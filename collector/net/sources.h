/*
 * How many connections each client address has open. Of an IPv6 address the first 64 bits count:
 * who has one of them has them all. The loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SOURCES_BUCKETS 1024

#define SOURCES_KEY_SIZE 16

/* The part of an address that tells sources apart; an unknown kind of address is one of its own. */
void sources_key(const struct sockaddr_storage *address, uint8_t key[SOURCES_KEY_SIZE]);

struct source {
	struct source *next;
	struct source **link; /* where the pointer to this one is */
	uint8_t key[SOURCES_KEY_SIZE];
	size_t n; /* connections; with the last one it ceases to exist */
};

/* A zeroed one is empty. */
struct sources {
	struct source *buckets[SOURCES_BUCKETS];
};

/* Counts one more connection from that address. */
struct source *sources_enter(struct sources *sources, const struct sockaddr_storage *address);

void source_leave(struct source *source);
