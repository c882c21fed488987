#include "agent/https/url.h"

#include <string.h>

#include <curl/curl.h>

#include "proto/base/ipv4.h"
#include "proto/base/number.h"

/* A part of the URL, in `arena`; NULL where it has none. */
static char *get_part(CURLU *url, CURLUPart part, struct arena *arena)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	char *copy = arena_strdup(arena, text);
	curl_free(text);
	return copy;
}

enum status url_read(const char *url, struct arena *arena, struct url_place *out)
{
	struct url_place place = { 0 };
	uint32_t address = 0;
	int64_t port = 0;
	CURLU *parts = curl_url();
	bool read = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK;
	const char *scheme = read ? get_part(parts, CURLUPART_SCHEME, arena) : NULL;
	const char *number = read ? get_part(parts, CURLUPART_PORT, arena) : NULL;

	place.host = read ? get_part(parts, CURLUPART_HOST, arena) : NULL;
	curl_url_cleanup(parts);
	if (!scheme || !number || !place.host || !number_parse(number, 1, UINT16_MAX, &port))
		return STATUS_INVALID;
	place.tls = strcmp(scheme, "https") == 0;
	place.port = (uint16_t)port;
	place.is_address = ipv4_parse(place.host, &address);
	*out = place;
	return STATUS_OK;
}

bool url_is_loopback(const struct url_place *place)
{
	uint32_t address = 0;

	if (ipv4_parse(place->host, &address))
		return address >> 24 == 127;
	return strcmp(place->host, "localhost") == 0 || strcmp(place->host, "[::1]") == 0;
}
