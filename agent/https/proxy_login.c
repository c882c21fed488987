#include "agent/https/proxy_login.h"

#include <stdio.h>

#include <curl/curl.h>

#include "agent/https/curl_options.h"
#include "agent/platform/secret_file.h"

/* `password` NULL: the user has none. */
static enum status tell_curl(CURL *curl, const char *user, const char *password, char *error,
			     size_t size)
{
	CURLcode bad = CURLE_OK;

	CURL_SET(bad, curl, CURLOPT_PROXYAUTH, CURLAUTH_BASIC);
	CURL_SET(bad, curl, CURLOPT_PROXYUSERNAME, user);
	CURL_SET(bad, curl, CURLOPT_PROXYPASSWORD, password ? password : "");
	if (bad == CURLE_OK)
		return STATUS_OK;
	(void)snprintf(error, size, "libcurl would not take the proxy's user: %s",
		       curl_easy_strerror(bad));
	return STATUS_SYSTEM;
}

static enum status read_and_tell(CURL *curl, const struct send_options *options, char *error,
				 size_t size)
{
	struct arena arena;
	char *password = NULL;
	const char *wrong = NULL;

	arena_init(&arena);
	enum status status = STATUS_OK;
	if (options->proxy_password_file)
		status = secret_file_read(options->proxy_password_file, &arena, &password, &wrong);
	if (status == STATUS_OK) {
		status = tell_curl(curl, options->proxy_user, password, error, size);
	} else {
		(void)snprintf(error, size,
			       "could not read the password for the proxy %s in %s: %s",
			       options->proxy, options->proxy_password_file, wrong);
		status = STATUS_INVALID;
	}
	secret_file_free(password);
	arena_deinit(&arena);
	return status;
}

enum status proxy_login_apply(void *curl, const struct send_options *options, char *error,
			      size_t size)
{
	if (!options->proxy || (!options->proxy_user && !options->proxy_password_file))
		return STATUS_OK;
	if (options->proxy_user)
		return read_and_tell(curl, options, error, size);
	(void)snprintf(error, size,
		       "a password for the proxy is set (--proxy-password-file), but no user "
		       "(--proxy-user)");
	return STATUS_INVALID;
}

/* Does it take Basic? One that does not name any way to log in takes none. */
static bool takes_basic(CURL *curl)
{
	long ways = 0;

	return curl_easy_getinfo(curl, CURLINFO_PROXYAUTH_AVAIL, &ways) == CURLE_OK &&
	       (ways & (long)CURLAUTH_BASIC) != 0;
}

void proxy_login_explain(void *curl, const struct send_options *options, long status, char *text,
			 size_t size)
{
	const struct send_options *o = options;

	if (status == PROXY_LOGIN_ASKED && !takes_basic(curl))
		(void)snprintf(text, size,
			       "the proxy %s asks who we are (HTTP status 407), but not by Basic "
			       "authentication, the only one that this agent knows",
			       o->proxy);
	else if (!o->proxy_user)
		(void)snprintf(text, size,
			       "the proxy %s asks for a user and a password (HTTP status 407), and "
			       "none is set: name them with --proxy-user and --proxy-password-file",
			       o->proxy);
	else
		(void)snprintf(
			text, size,
			"the proxy %s does not accept the user %s with %s%s (HTTP status %ld)",
			o->proxy, o->proxy_user,
			o->proxy_password_file ? "the password in " : "no password",
			o->proxy_password_file ? o->proxy_password_file : "", status);
}
