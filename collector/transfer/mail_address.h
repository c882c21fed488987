/*
 * Addresses of mail as a configuration may have them: the part of RFC 5321 section 4.1.2 that needs
 * no quoting, so that it can go into a command or a header as it is.
 */
#pragma once

#include <stdbool.h>

#define MAIL_ADDRESS_MAX 254 /* RFC 5321 section 4.5.3.1.3: a path of 256 has two brackets */

/* LOCAL@DOMAIN of ASCII letters, digits and what a dot-string may hold? */
bool mail_address_is_valid(const char *text);

/* The domain: what follows the '@'. */
const char *mail_address_domain(const char *address);
