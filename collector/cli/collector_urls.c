#include "collector/cli/collector_urls.h"

#include <string.h>

#include "collector/cli/terminal.h"
#include "proto/base/text.h"

/* Does a token on its way there stay on this machine? */
static bool is_loopback(const char *host)
{
	size_t n = strcspn(host, ":/");
	static const char *const names[] = { "localhost", "127.0.0.1" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strlen(names[i]) == n && strncmp(host, names[i], n) == 0)
			return true;
	}
	return strncmp(host, "[::1]", 5) == 0 && strchr(":/", host[5]);
}

static int check(const char *url)
{
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return terminal_refuse("'%s' is no URL such as https://collector:8285", url);
	if (url[4] == ':' && !is_loopback(url + 7))
		return terminal_refuse("'%s' would carry the token over the network for "
				       "everybody to read; use https://",
				       url);
	return TERMINAL_EXIT_OK;
}

/*
 * Takes the next one off the list, without blanks around it and slashes at its end; NULL: the end.
 */
static const char *next_url(const char **list, struct arena *arena)
{
	if (!*list)
		return NULL;
	size_t n = strcspn(*list, ",");
	char *url = text_trim(arena_strndup(arena, *list, n));

	*list = (*list)[n] ? *list + n + 1 : NULL;
	for (size_t end = strlen(url); end > 0 && url[end - 1] == '/'; end--)
		url[end - 1] = '\0';
	return url;
}

int collector_urls_read(struct collector_urls *out, const char *text, struct arena *arena)
{
	out->n = 0;
	for (const char *url; (url = next_url(&text, arena)) != NULL;) {
		int rc = check(url);
		if (rc != TERMINAL_EXIT_OK)
			return rc;
		if (out->n == COLLECTOR_URLS_MAX)
			return terminal_refuse("there are more than %d URLs of collectors",
					       COLLECTOR_URLS_MAX);
		out->list[out->n++] = url;
	}
	return TERMINAL_EXIT_OK;
}

static bool is_among(const char *url, const char *all, struct arena *arena)
{
	for (const char *one; (one = next_url(&all, arena)) != NULL;) {
		if (strcmp(one, url) == 0)
			return true;
	}
	return false;
}

bool collector_urls_are_among(const char *text, const char *all, struct arena *arena)
{
	for (const char *url; (url = next_url(&text, arena)) != NULL;) {
		if (!is_among(url, all, arena))
			return false;
	}
	return true;
}
