#include "agent/config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "agent/config/options.h"
#include "agent/https/send.h"
#include "agent/platform/log.h"
#include "proto/base/ipv4.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/report/report.h"

const struct setting *setting_find(const char *name, size_t n)
{
	size_t count = 0;
	const struct setting *all = setting_list(&count);

	for (size_t i = 0; i < count; i++) {
		if (strlen(all[i].value.name) == n && strncmp(all[i].value.name, name, n) == 0)
			return &all[i];
	}
	return NULL;
}

/* Characters as Windows counts them: UTF-16 units. */
static size_t count_units(const char *utf8)
{
	size_t n = 0;

	for (const unsigned char *at = (const unsigned char *)utf8; *at; at++) {
		if ((*at & 0xc0) != 0x80) /* no continuation */
			n += *at >= 0xf0 ? 2 : 1;
	}
	return n;
}

const char *setting_read_path(const struct value_target *to, const char *value)
{
	if (*value == '\0' || count_units(value) > SETTING_MAX_TEXT)
		return "a text of 1 to 1000 characters";
	*(const char **)to->member = arena_strdup(to->arena, value);
	return NULL;
}

/* "https://user:password@host": something stands before a host. */
static bool has_user(const char *urls)
{
	while ((urls = strstr(urls, "//")) != NULL) {
		urls += strlen("//");
		if (memchr(urls, '@', strcspn(urls, "/?#")))
			return true;
	}
	return false;
}

bool setting_is_secret(const struct setting *setting, const char *value)
{
	value_read *read = setting->value.read;

	return (read == setting_read_urls || read == setting_read_proxy) && has_user(value);
}

const char *setting_join(const struct setting *setting, const char *before, const char *value,
			 struct arena *arena)
{
	char comma = setting->value.read == setting_read_urls    ? ','
		     : setting->value.read == setting_read_peers ? ';'
								 : '\0';

	return before && comma ? arena_printf(arena, "%s%c%s", before, comma, value) : value;
}

/* Takes the next item off a list, without the spaces around it; NULL: there was none left. */
static const char *next_item(struct arena *arena, const char **list, char comma)
{
	const char *item = *list;
	const char *end = item ? strchr(item, comma) : NULL;

	*list = end ? end + 1 : NULL;
	if (!item)
		return NULL;
	return text_trim(arena_strndup(arena, item, end ? (size_t)(end - item) : strlen(item)));
}

const char *setting_read_urls(const struct value_target *to, const char *value)
{
	struct option_urls *urls = to->member;
	struct option_urls more = *urls;

	for (const char *url; (url = next_item(to->arena, &value, ',')) != NULL;) {
		if (more.n == SETTING_MAX_URLS || !send_is_url(url) || has_user(url) ||
		    count_units(url) > SETTING_MAX_TEXT)
			return "an http:// or https:// URL, without user and password, or 8 with "
			       "commas";
		more.list[more.n++] = url;
	}
	*urls = more;
	return NULL;
}

/* A proxy takes what follows a colon for the password. */
const char *setting_read_user(const struct value_target *to, const char *value)
{
	return strchr(value, ':') ? "a user's name, without a colon" : setting_read_path(to, value);
}

const char *setting_read_proxy(const struct value_target *to, const char *value)
{
	if (!send_is_url(value) || !text_has_prefix(value, "http://") || has_user(value))
		return "http://HOST:PORT, without user and password";
	return setting_read_path(to, value);
}

const char *setting_read_level(const struct value_target *to, const char *value)
{
	return log_level_parse(value, to->member) ? NULL : "error, warning or info";
}

/* 43 characters of Base64 and one '=' are 32 bytes (RFC 4648, section 4). */
static bool is_pin(const char *text)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *digits = text + strlen("sha256//");

	return strlen(text) == SETTING_PIN_TEXT && text_has_prefix(text, "sha256//") &&
	       strspn(digits, base64) == 43 && digits[43] == '=';
}

const char *setting_read_pins(const struct value_target *to, const char *value)
{
	struct option_pins pins = { 0 };

	for (const char *pin; (pin = next_item(to->arena, &value, ',')) != NULL;) {
		if (pins.n == SETTING_MAX_PINS || !is_pin(pin))
			return "one or two of the form sha256//BASE64, between them a comma";
		pins.list[pins.n++] = pin;
	}
	*(struct option_pins *)to->member = pins;
	return NULL;
}

/* Adds the addresses of "10.0.0.6,10.0.0.7" to `peer`. */
static bool add_addresses(struct arena *arena, const char *list, struct peer *peer)
{
	uint32_t address = 0;

	for (const char *text; (text = next_item(arena, &list, ',')) != NULL;) {
		if (!ipv4_parse(text, &address) || !peers_usable_address(address) ||
		    !peers_add_address(peer, address))
			return false;
	}
	return true;
}

/* "EXCH2=10.0.0.6,10.0.0.7" */
static bool add_peer(struct arena *arena, const char *text, struct peers *peers)
{
	const char *equals = strchr(text, '=');
	struct peer peer = { 0 };

	if (!equals || equals == text || equals - text > REPORT_MAX_STRING ||
	    !add_addresses(arena, equals + 1, &peer))
		return false;
	peer.name = arena_strndup(arena, text, (size_t)(equals - text));
	peers_add(peers, &peer);
	return true;
}

static const char *add_peers(struct arena *arena, const char *value, struct peers *peers)
{
	for (const char *peer; (peer = next_item(arena, &value, ';')) != NULL;) {
		if (!add_peer(arena, peer, peers))
			return "NAME=ADDRESS[,ADDRESS...] with IPv4 addresses of another server";
	}
	return peers->n > PEERS_MAX_CONFIGURED || peers->left_out > 0 ? "one of at most 64 peers"
								      : NULL;
}

/* A list is 20 KB, and each --peer makes one: the arena, which keeps all, is no place for it. */
const char *setting_read_peers(const struct value_target *to, const char *value)
{
	struct peers *peers = to->member;
	struct peers *more = mem_alloc(sizeof *more);

	*more = *peers;
	const char *fault = add_peers(to->arena, value, more);
	if (!fault)
		*peers = *more;
	free(more);
	return fault;
}

const char *setting_read_networks(const struct value_target *to, const char *value)
{
	struct peer_networks networks = { 0 };

	for (const char *text; (text = next_item(to->arena, &value, ',')) != NULL;) {
		if (networks.n == PEERS_MAX_NETWORKS ||
		    !ipv4_prefix_parse(text, &networks.list[networks.n++]))
			return "at most 32 IPv4 addresses or networks as 131.107.0.0/16, between "
			       "them a comma";
	}
	*(struct peer_networks *)to->member = networks;
	return NULL;
}

const char *setting_apply(const struct setting *setting, const char *value, struct arena *arena,
			  struct options *options)
{
	return value_apply(&setting->value, value, options, arena);
}
