#include "agent/https/curl_options.h"

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "agent/https/proxy_login.h"
#include "agent/platform/error.h"
#include "proto/base/text.h"

/* "sha256//A;sha256//B", as libcurl wants it. */
static char *join_pins(struct arena *arena, const struct send_options *options)
{
	char *list = arena_strdup(arena, options->pins[0]);

	for (size_t i = 1; i < options->n_pins; i++)
		list = arena_printf(arena, "%s;%s", list, options->pins[i]);
	return list;
}

static CURLcode set_trust(CURL *curl, const struct send_options *options, struct arena *arena)
{
	CURLcode bad = CURLE_OK;

	CURL_SET(bad, curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (options->ca_file)
		CURL_SET(bad, curl, CURLOPT_CAINFO, arena_strdup(arena, options->ca_file));
	if (options->n_pins > 0)
		CURL_SET(bad, curl, CURLOPT_PINNEDPUBLICKEY, join_pins(arena, options));
	if (options->n_pins > 0 && !options->ca_file) {
		/* The key alone decides: nobody else need vouch for it, by whatever name. */
		CURL_SET(bad, curl, CURLOPT_SSL_VERIFYPEER, 0L);
		CURL_SET(bad, curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (options->client_cert)
		CURL_SET(bad, curl, CURLOPT_SSLCERT, arena_strdup(arena, options->client_cert));
	if (options->client_key)
		CURL_SET(bad, curl, CURLOPT_SSLKEY, arena_strdup(arena, options->client_key));
	return bad;
}

int curl_options_apply(void *curl, const struct send_options *options, struct arena *arena)
{
	CURLcode bad = set_trust(curl, options, arena);

	CURL_SET(bad, curl, CURLOPT_PROTOCOLS_STR, "http,https");
	/* An empty proxy is none: variables of the environment decide nothing. */
	CURL_SET(bad, curl, CURLOPT_PROXY,
		 options->proxy ? arena_strdup(arena, options->proxy) : "");
	CURL_SET(bad, curl, CURLOPT_NOPROXY, "");
	/* libcurl would keep names by the system's clock, for as long as that is set back. */
	CURL_SET(bad, curl, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	CURL_SET(bad, curl, CURLOPT_NOSIGNAL, 1L);
	CURL_SET(bad, curl, CURLOPT_USERAGENT, "mtawatch-agent/" MTAWATCH_VERSION);
	CURL_SET(bad, curl, CURLOPT_CONNECTTIMEOUT_MS, (long)SEND_CONNECT_MS);
	CURL_SET(bad, curl, CURLOPT_QUICK_EXIT, 1L); /* at the end a stuck lookup is left behind */
	return (int)bad;
}

long curl_options_proxy_refusal(void *curl)
{
	long status = 0;

	if (curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &status) != CURLE_OK)
		return 0;
	return status >= 300 ? status : 0;
}

/*
 * The libcurl of the Windows build has no sentences for codes, which would be as large as the
 * agent's own: it says "error" where another says why, and the system knows more.
 */
static void add_reason(void *curl, char *text, size_t size)
{
	static const char no_reason[] = ": error";
	size_t length = strlen(text);
	char *end = length >= sizeof no_reason - 1 ? text + length - (sizeof no_reason - 1) : text;
	long code = 0;

	if (text_equal(end, no_reason) &&
	    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &code) == CURLE_OK && code != 0)
		os_sentence(code, end + 2, size - (size_t)(end + 2 - text));
}

void curl_options_explain(void *curl, const struct send_options *options, int code,
			  const char *error, char *text, size_t size)
{
	long refusal = curl_options_proxy_refusal(curl);

	if (refusal == PROXY_LOGIN_ASKED || (refusal == PROXY_LOGIN_REFUSED && options->proxy_user))
		proxy_login_explain(curl, options, refusal, text, size);
	else if (refusal > 0)
		(void)snprintf(text, size, "the proxy does not let it through: HTTP status %ld",
			       refusal);
	else {
		(void)snprintf(text, size, "%s",
			       error[0] ? error : curl_easy_strerror((CURLcode)code));
		add_reason(curl, text, size);
	}
}
