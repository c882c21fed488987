/*
 * Looks at a collector's TLS with our own eyes: a handshake of mbedTLS that believes everything and
 * judges nothing, so that what libcurl only calls a failure can be explained: which certificate,
 * whose, for whom, until when. Nothing is sent but the handshake.
 */
#pragma once

#include "agent/https/send.h"
#include "agent/https/tls_view.h"
#include "proto/base/arena.h"

#define TLS_LOOK_MS 10000 /* for the handshake, once the connection stands */

/* Looks at where `url` leads (https://). Always fills `*out`, whose texts live in `arena`. */
void tls_look(const char *url, const struct send_options *options, struct arena *arena,
	      struct tls_view *out);
