/*
 * What a proxy in front of the server says of the client whom it serves: X-Forwarded-For and
 * X-Forwarded-Proto, as nginx, HAProxy and Apache set them. Anybody can send these fields, so they
 * count only where the connection comes from a proxy that the administrator trusts.
 */
#pragma once

#include <stdbool.h>

#include "collector/http/http.h"
#include "collector/net/address.h"
#include "collector/net/network.h"

/*
 * Who is behind the connection from `*client`: the last address of X-Forwarded-For that is no
 * trusted proxy itself. What stands before it was written by somebody who is not trusted. `*client`
 * stays as it is where it is not trusted or nothing is said.
 */
void forwarded_find_client(const struct networks *trusted, const struct http_request *request,
			   struct net_address *client);

/* Did the client speak HTTPS with the trusted proxy at `proxy`? */
bool forwarded_is_https(const struct networks *trusted, const struct http_request *request,
			const struct net_address *proxy);
