#include "collector/auth/proxy_users.h"

#include <string.h>

#include "proto/base/printable.h"

/* One name of a list with commas, without the blanks around it. */
struct group {
	const char *name;
	size_t n;
};

/* The next name that is not empty; moves `*list` behind it. False: there is none. */
static bool take_group(const char **list, struct group *out)
{
	while (**list) {
		const char *begin = *list + strspn(*list, " \t");
		size_t n = strcspn(begin, ",");

		*list = begin + n + (begin[n] == ',');
		while (n > 0 && (begin[n - 1] == ' ' || begin[n - 1] == '\t'))
			n--;
		*out = (struct group){ begin, n };
		if (n > 0)
			return true;
	}
	return false;
}

static bool has_group(const char *list, const struct group *wanted)
{
	struct group group;

	while (take_group(&list, &group)) {
		if (group.n == wanted->n && memcmp(group.name, wanted->name, group.n) == 0)
			return true;
	}
	return false;
}

static bool share_a_group(const char *list, const char *other)
{
	struct group group;

	while (take_group(&list, &group)) {
		if (has_group(other, &group))
			return true;
	}
	return false;
}

static enum role highest_role(const struct proxy_users *users, const char *groups)
{
	for (enum role role = ROLE_ADMIN; role >= ROLE_VIEWER; role--) {
		if (users->groups[role] && share_a_group(groups, users->groups[role]))
			return role;
	}
	return ROLE_NONE;
}

bool proxy_users_are_on(const struct proxy_users *users)
{
	return users->groups[ROLE_VIEWER] || users->groups[ROLE_OPERATOR] ||
	       users->groups[ROLE_ADMIN];
}

static bool is_name(const char *text)
{
	char shown[PRINCIPAL_MAX_NAME + 1];

	return strcmp(printable(shown, sizeof shown, text), text) == 0;
}

enum proxy_users_result proxy_users_find(const struct proxy_users *users,
					 const struct http_request *request, int64_t now_ms,
					 struct principal *out)
{
	const char *name = http_field(request, PROXY_USERS_NAME);
	const char *groups = http_field(request, PROXY_USERS_GROUPS);

	if (http_count_fields(request, PROXY_USERS_NAME) > 1 ||
	    http_count_fields(request, PROXY_USERS_GROUPS) > 1)
		return PROXY_USERS_AMBIGUOUS;
	if (!name || !*name)
		return PROXY_USERS_NONE;
	if (!is_name(name))
		return PROXY_USERS_AMBIGUOUS;
	enum role role = groups ? highest_role(users, groups) : ROLE_NONE;
	if (role == ROLE_NONE)
		return PROXY_USERS_NO_ROLE;
	*out = (struct principal){ .role = role,
				   .kind = RECORD_KIND_USER,
				   .expires_at_ms = now_ms + PROXY_USERS_STREAM_MS };
	memcpy(out->name, name, strlen(name) + 1);
	return PROXY_USERS_FOUND;
}
