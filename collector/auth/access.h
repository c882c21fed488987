/*
 * Who makes a request, and may they? The roles that a route serves stand in the table of routes;
 * this is the one place that holds a request against them.
 *
 * An agent says "Authorization: Bearer <id>.<key>", a person or a program "Bearer mtw_...", an
 * authenticating proxy names a user (collector/auth/proxy_users.h), a browser that is logged in has
 * a cookie. They count in this order; a user without a role may still log in with a token. On a
 * route for everybody none of them has to be right.
 *
 * A browser sends its cookies, that of a proxy's login as well, along whatever page makes it call.
 * SameSite=Strict keeps those of other sites away, but another port or name of the same site is
 * none for that rule; so a request that changes something and is made by a browser must come from a
 * page of ours: Sec-Fetch-Site says "same-origin", or, where the browser does not send that (plain
 * HTTP), Origin names our own scheme and host. With a cookie, and of a user, one of the two has to
 * be there. What a user reads must not be loaded into a page of another site either, which SameSite
 * does for our own cookie.
 */
#pragma once

#include "collector/auth/identities.h"
#include "collector/auth/proxy_users.h"
#include "collector/http/http.h"
#include "collector/http/problem.h"
#include "collector/http/route.h"
#include "collector/model/principal.h"

/* The name of the cookie that holds a session. */
#define ACCESS_COOKIE "mtawatch_session"

/* Schemes of URLs that pages of ours have on the way of a request. */
#define ACCESS_HTTP  1u
#define ACCESS_HTTPS 2u

/* What a request is held against. */
struct access {
	const struct identities *identities;
	const struct proxy_users *users; /* NULL: no trusted proxy sent it, or none names users */
	unsigned schemes; /* ACCESS_HTTP ...: what the Origin of a page of ours may begin with */
};

/*
 * NULL: `route` may have it. Otherwise the problem to answer, static: 401 unauthenticated,
 * unknown_agent, unknown_token, session_expired; 403 forbidden, cross_site, no_role,
 * ambiguous_user.
 */
const struct problem *access_check(const struct access *access, const struct http_request *request,
				   const struct route *route, struct principal *caller);
