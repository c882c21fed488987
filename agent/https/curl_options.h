/*
 * What every connection to a collector has in common, as options of libcurl: whom to trust, who we
 * are, the proxy. For agent/https/send.c and agent/https/dial.c, which include <curl/curl.h>;
 * nobody else does.
 */
#pragma once

#include "agent/https/send.h"
#include "proto/base/arena.h"

/* Sets an option unless `bad` is an error already. */
#define CURL_SET(bad, curl, option, value)                                                         \
	do {                                                                                       \
		if ((bad) == CURLE_OK)                                                             \
			(bad) = curl_easy_setopt(curl, option, value);                             \
	} while (0)

/* `curl` is a CURL; returns a CURLcode. Strings that it borrows are copied into `arena`. */
int curl_options_apply(void *curl, const struct send_options *options, struct arena *arena);

/* The status of the proxy's answer to CONNECT where that was a refusal; else 0. */
long curl_options_proxy_refusal(void *curl);

/* Why the last transfer failed with `code` (a CURLcode), in words, in `text` of `size` bytes. */
void curl_options_explain(void *curl, const struct send_options *options, int code,
			  const char *error, char *text, size_t size);
