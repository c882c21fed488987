/* mbedTLS's certificates as plain facts. For agent/https/tls_look.c; nobody else includes it. */
#pragma once

#include "agent/https/tls_view.h"
#include "proto/base/arena.h"

struct mbedtls_x509_crt;

/* Texts are made in `arena`, without control characters. */
void tls_certificate_read(const struct mbedtls_x509_crt *crt, struct arena *arena,
			  struct tls_certificate *out);
