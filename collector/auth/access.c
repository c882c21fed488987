#include "collector/auth/access.h"

#include <stdbool.h>
#include <string.h>

#include "collector/model/record_identity.h"
#include "proto/base/text.h"

#define ASK     "WWW-Authenticate: Bearer realm=\"mtawatch\"\r\n"
#define ASK_NEW "WWW-Authenticate: Bearer realm=\"mtawatch\", error=\"invalid_token\"\r\n"

static const struct problem unauthenticated = {
	.status = 401,
	.code = "unauthenticated",
	.detail = "This needs a token, in the field Authorization: Bearer, or a login.",
	.fields = ASK,
};
static const struct problem unknown_agent = {
	.status = 401,
	.code = "unknown_agent",
	.detail = "No agent with this id and key is enrolled here. It has to enrol again.",
	.fields = ASK_NEW,
};
static const struct problem unknown_token = {
	.status = 401,
	.code = "unknown_token",
	.detail = "This is no valid token: it is unknown, revoked or has expired.",
	.fields = ASK_NEW,
};
static const struct problem session_expired = {
	.status = 401,
	.code = "session_expired",
	.detail = "The session has ended. Log in again.",
	.fields = ASK_NEW,
};
static const struct problem no_role = {
	.status = 403,
	.code = "no_role",
	.detail = "The proxy that logged you in names no group of yours that has a role here.",
};
static const struct problem ambiguous_user = {
	.status = 403,
	.code = "ambiguous_user",
	.detail = "The proxy does not say clearly who you are: " PROXY_USERS_NAME
		  " or " PROXY_USERS_GROUPS
		  " is there twice, or the name is too long or has characters that cannot be seen.",
};
static const struct problem cross_site = {
	.status = 403,
	.code = "cross_site",
	.detail = "The request comes from a page of another site, or does not say from where. "
		  "Where a proxy takes HTTPS off, set external-url or trusted-proxies.",
};

/* By the lowest role that would do. */
static const struct problem forbidden[] = {
	[ROLE_AGENT] = { .status = 403,
			 .code = "forbidden",
			 .detail = "Only an agent may do this, with the key that it enrolled." },
	[ROLE_VIEWER] = { .status = 403,
			  .code = "forbidden",
			  .detail = "This needs a token; an agent's key does not do." },
	[ROLE_OPERATOR] = { .status = 403,
			    .code = "forbidden",
			    .detail = "This needs the role operator." },
	[ROLE_ADMIN] = { .status = 403,
			 .code = "forbidden",
			 .detail = "This needs the role admin." },
};

/* The token behind "Bearer " in the field, or NULL. */
static const char *bearer_of(const char *field)
{
	static const char scheme[] = "Bearer ";
	if (!field || !text_has_prefix(field, scheme))
		return NULL;
	field += sizeof scheme - 1;
	return field + strspn(field, " ");
}

static const struct problem *identify_agent(const struct identities *identities, const char *bearer,
					    const char *dot, struct principal *caller)
{
	char id[UUID_TEXT_SIZE];
	size_t n = (size_t)(dot - bearer);

	if (n >= sizeof id)
		return &unknown_agent;
	memcpy(id, bearer, n);
	id[n] = '\0';
	return identities_find_agent(identities, id, dot + 1, caller) ? NULL : &unknown_agent;
}

/* Only agents' keys have a dot. */
static const struct problem *identify_bearer(const struct identities *identities,
					     const char *bearer, struct principal *caller)
{
	const char *dot = bearer ? strchr(bearer, '.') : NULL;
	if (dot)
		return identify_agent(identities, bearer, dot, caller);
	if (!bearer || !identities_find_token(identities, bearer, caller))
		return &unknown_token;
	return NULL;
}

/* The value of our cookie, cut to what one of ours can be; false: there is none. */
static bool get_cookie(const char *field, char out[SECRET_TEXT_SIZE])
{
	static const char name[] = ACCESS_COOKIE "=";

	while (field && *field) {
		field += strspn(field, "; ");
		size_t n = strcspn(field, ";");
		if (strncmp(field, name, sizeof name - 1) == 0) {
			n -= sizeof name - 1;
			if (n >= SECRET_TEXT_SIZE)
				n = SECRET_TEXT_SIZE - 1;
			memcpy(out, field + sizeof name - 1, n);
			out[n] = '\0';
			return true;
		}
		field += n;
	}
	return false;
}

/* `without` is the answer where there is no cookie. */
static const struct problem *identify_session(const struct identities *identities,
					      const struct http_request *request,
					      const struct problem *without,
					      struct principal *caller)
{
	char cookie[SECRET_TEXT_SIZE];

	if (!get_cookie(http_field(request, "Cookie"), cookie))
		return without;
	return identities_find_session(identities, cookie, caller) ? NULL : &session_expired;
}

/* A proxy may have asked for a password by the Authorization field, and pass that on: no token. */
static const struct problem *identify(const struct access *access,
				      const struct http_request *request, struct principal *caller)
{
	const char *authorization = http_field(request, "Authorization");
	const char *bearer = bearer_of(authorization);
	enum proxy_users_result user = PROXY_USERS_NONE;

	if (access->users && !bearer)
		user = proxy_users_find(access->users, request,
					identities_now_ms(access->identities), caller);
	if (user == PROXY_USERS_FOUND)
		return NULL;
	if (user == PROXY_USERS_AMBIGUOUS)
		return &ambiguous_user;
	if (user == PROXY_USERS_NO_ROLE)
		return identify_session(access->identities, request, &no_role, caller);
	if (authorization)
		return identify_bearer(access->identities, bearer, caller);
	return identify_session(access->identities, request, &unauthenticated, caller);
}

enum origin { ORIGIN_OURS, ORIGIN_OTHER, ORIGIN_UNKNOWN };

/* "https://collector.example:8285" is ours where `host` is what follows the scheme. */
static bool is_our_origin(const char *origin, const char *host, unsigned schemes)
{
	if ((schemes & ACCESS_HTTPS) && text_has_prefix(origin, "https://"))
		return text_equal(origin + 8, host);
	return (schemes & ACCESS_HTTP) && text_has_prefix(origin, "http://") &&
	       text_equal(origin + 7, host);
}

static enum origin origin_of(const struct http_request *request, unsigned schemes)
{
	const char *site = http_field(request, "Sec-Fetch-Site");
	const char *origin = http_field(request, "Origin");
	const char *host = http_field(request, "Host");

	if (site)
		return strcmp(site, "same-origin") == 0 ? ORIGIN_OURS : ORIGIN_OTHER;
	if (!origin)
		return ORIGIN_UNKNOWN;
	return host && is_our_origin(origin, host, schemes) ? ORIGIN_OURS : ORIGIN_OTHER;
}

/*
 * Does a page of another site load it into itself? Browsers keep our own cookie from such requests,
 * but perhaps not that of a proxy's login. Following a link is none.
 */
static bool is_embedded(const struct http_request *request)
{
	const char *site = http_field(request, "Sec-Fetch-Site");
	const char *mode = http_field(request, "Sec-Fetch-Mode");
	bool is_ours = !site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;

	return !is_ours && !(mode && strcmp(mode, "navigate") == 0);
}

/*
 * May a page of another site have made it? Reading by a cookie needs no proof: SameSite keeps it
 * away, and other sites do not see the answer.
 */
static bool is_cross_site(const struct http_request *request, unsigned schemes,
			  const struct principal *caller)
{
	if (request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD)
		return caller->kind == RECORD_KIND_USER && is_embedded(request);
	enum origin origin = origin_of(request, schemes);
	bool is_browser = caller->kind == RECORD_KIND_SESSION || caller->kind == RECORD_KIND_USER;
	return origin == ORIGIN_OTHER || (origin == ORIGIN_UNKNOWN && is_browser);
}

const struct problem *access_check(const struct access *access, const struct http_request *request,
				   const struct route *route, struct principal *caller)
{
	*caller = (struct principal){ .role = ROLE_NONE };
	const struct problem *problem = identify(access, request, caller);

	if (!(route->access & 1U << caller->role))
		return problem ? problem : &forbidden[role_lowest(route->access)];
	return is_cross_site(request, access->schemes, caller) ? &cross_site : NULL;
}
