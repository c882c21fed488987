/* Shared by tls.c and tls_context.c, and by nothing else. */
#pragma once

#include <openssl/ssl.h>

#include "collector/crypto/certificate.h"

struct tls_context {
	SSL_CTX *ssl;
	struct certificate_info info;
};
