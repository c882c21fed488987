#include "collector/http/forwarded.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "proto/base/text.h"

/* A list that is read from its end: the words between commas of a field's lines, last line first.
 */
struct word_list {
	const struct http_request *request;
	const char *name;
	size_t lines_left;
	const char *line; /* NULL: the next one has to be looked for */
	size_t n;         /* bytes of it that are left */
};

static bool find_line(struct word_list *list)
{
	while (list->lines_left > 0) {
		const struct http_field *field = &list->request->fields[--list->lines_left];
		if (!text_equal(field->name, list->name))
			continue;
		list->line = field->value;
		list->n = strlen(field->value);
		return true;
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The last word that is left, without the white space around it; false: there is none. */
static bool take_last_word(struct word_list *list, const char **word, size_t *n)
{
	if (!list->line && !find_line(list))
		return false;
	size_t begin = list->n;
	while (begin > 0 && list->line[begin - 1] != ',')
		begin--;
	*word = list->line + begin;
	*n = list->n - begin;
	list->n = begin > 0 ? begin - 1 : 0;
	if (begin == 0)
		list->line = NULL;
	while (*n > 0 && is_blank(**word)) {
		(*word)++;
		(*n)--;
	}
	while (*n > 0 && is_blank((*word)[*n - 1]))
		(*n)--;
	return true;
}

static bool read_ipv4(const char *host, struct net_address *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		return false;
	*out = (struct net_address){ 0 };
	memcpy(&out->address, &in, sizeof in);
	return true;
}

static bool read_ipv6(const char *host, struct net_address *out)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
		return false;
	*out = (struct net_address){ 0 };
	memcpy(&out->address, &in6, sizeof in6);
	return true;
}

/* "10.0.0.9", "10.0.0.9:50123", "fd00::9", "[fd00::9]:50123": a port does not matter. */
static bool read_address(const char *word, size_t n, struct net_address *out)
{
	char host[NET_ADDRESS_TEXT_SIZE];

	if (n == 0 || n >= sizeof host)
		return false;
	memcpy(host, word, n);
	host[n] = '\0';
	if (*host == '[') {
		char *end = strchr(host, ']');
		if (!end)
			return false;
		*end = '\0';
		return read_ipv6(host + 1, out);
	}
	char *colon = strchr(host, ':');
	if (colon && !strchr(colon + 1, ':'))
		*colon = '\0';
	return read_ipv4(host, out) || read_ipv6(host, out);
}

void forwarded_find_client(const struct networks *trusted, const struct http_request *request,
			   struct net_address *client)
{
	struct word_list list = { .request = request,
				  .name = "X-Forwarded-For",
				  .lines_left = request->n_fields };
	const char *word = NULL;
	size_t n = 0;

	while (networks_contain(trusted, &client->address) && take_last_word(&list, &word, &n)) {
		struct net_address before;
		if (!read_address(word, n, &before))
			return;
		*client = before;
	}
}

bool forwarded_is_https(const struct networks *trusted, const struct http_request *request,
			const struct net_address *proxy)
{
	struct word_list list = { .request = request,
				  .name = "X-Forwarded-Proto",
				  .lines_left = request->n_fields };
	const char *word = NULL;
	size_t n = 0;

	return networks_contain(trusted, &proxy->address) && take_last_word(&list, &word, &n) &&
	       n == 5 && strncasecmp(word, "https", n) == 0;
}
