#include "collector/auth/identities.h"

#include <string.h>

#include "collector/auth/identities_internal.h"
#include "collector/model/record_identity.h"

/* A name longer than one may be is cut; none such is stored. */
static void copy_name(char out[PRINCIPAL_MAX_NAME + 1], const char *name)
{
	size_t n = strnlen(name, PRINCIPAL_MAX_NAME);
	memcpy(out, name, n);
	out[n] = '\0';
}

/* Looks at every row whatever it finds, so that the time tells nothing. */
static const struct record_identity *find_by_hash(const struct identity_list *list,
						  const char *text, int64_t now_ms)
{
	const struct record_identity *found = NULL;
	uint8_t hash[SECRET_HASH_SIZE];

	secret_hash(text, hash);
	for (size_t i = 0; i < list->n; i++) {
		const struct record_identity *row = &list->rows[i];
		bool is_over = row->expires_at_ms != 0 && row->expires_at_ms <= now_ms;
		if (secret_hash_equal(row->hash, hash) && !is_over)
			found = row;
	}
	return found;
}

bool identities_find_agent(const struct identities *ids, const char *id_text, const char *key,
			   struct principal *out)
{
	uint8_t hash[SECRET_HASH_SIZE];
	struct uuid id;

	if (uuid_parse(id_text, &id) != STATUS_OK)
		return false;
	const struct agent_entry *agent = agent_map_get(&ids->agents, &id);
	if (!agent)
		return false;
	secret_hash(key, hash);
	if (!secret_hash_equal(agent->key_hash, hash))
		return false;
	*out = (struct principal){ .role = ROLE_AGENT,
				   .kind = RECORD_KIND_AGENT,
				   .made_at_ms = agent->made_at_ms };
	copy_name(out->name, agent->host);
	uuid_format(&agent->id, out->id);
	return true;
}

bool identities_has_name(struct identities *ids, enum record_kind kind, const char *name)
{
	const struct identity_list *list = identities_list(ids, kind);

	for (size_t i = 0; list && i < list->n; i++) {
		if (strcmp(list->rows[i].name, name) == 0)
			return true;
	}
	return false;
}

const char *identities_agent_host(const struct identities *ids, const char *id_text)
{
	struct uuid id;
	if (uuid_parse(id_text, &id) != STATUS_OK)
		return NULL;
	const struct agent_entry *agent = agent_map_get(&ids->agents, &id);
	return agent ? agent->host : NULL;
}

static bool find_token(const struct identities *ids, const char *text, int64_t now_ms,
		       struct principal *out)
{
	const struct record_identity *token = find_by_hash(&ids->tokens, text, now_ms);
	if (!token)
		return false;
	*out = (struct principal){ .role = token->role,
				   .kind = RECORD_KIND_TOKEN,
				   .expires_at_ms = token->expires_at_ms };
	copy_name(out->name, token->name);
	return true;
}

bool identities_find_token(const struct identities *ids, const char *text, struct principal *out)
{
	return find_token(ids, text, identities_now_ms(ids), out);
}

/* A session ends with its token. */
bool identities_find_session(const struct identities *ids, const char *text, struct principal *out)
{
	const struct record_identity *session =
		find_by_hash(&ids->sessions, text, identities_now_ms(ids));
	if (!session)
		return false;
	*out = (struct principal){ .role = session->role,
				   .kind = RECORD_KIND_SESSION,
				   .expires_at_ms = session->expires_at_ms };
	copy_name(out->name, session->made_by);
	memcpy(out->id, session->name, strnlen(session->name, sizeof out->id - 1));
	return true;
}

bool identities_find_secret(const struct identities *ids, const char *text,
			    char name[PRINCIPAL_MAX_NAME + 1])
{
	const struct record_identity *secret =
		find_by_hash(&ids->secrets, text, identities_now_ms(ids));
	if (secret)
		copy_name(name, secret->name);
	return secret != NULL;
}

bool identities_name_is_valid(const char *name)
{
	size_t n =
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
	bool is_path = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;

	/* Clients take "." and ".." out of a path, and then revoke another one, or all. */
	return n > 0 && n <= PRINCIPAL_MAX_NAME && name[n] == '\0' && !is_path;
}
