/* Where a collector's or a proxy's URL leads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

struct url_place {
	bool tls;         /* https:// */
	const char *host; /* a name or an address, in `arena` */
	uint16_t port;    /* the one of the scheme where it names none */
	bool is_address;  /* the host is an IPv4 address */
};

/* Does what goes there stay on this machine? */
bool url_is_loopback(const struct url_place *place);

/* STATUS_INVALID  it is no URL */
enum status url_read(const char *url, struct arena *arena, struct url_place *out);
