#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/terminal.h"
#include "collector/commands/init_internal.h"
#include "collector/model/record_identity.h"

/* Names of what is made first. */
#define FIRST_TOKEN  "admin"
#define FIRST_SECRET "first"

#define MAX_SECRET_FILE 512 /* with what blanks and lines are around it */

static enum status see_secret(void *user, const struct record_identity *identity)
{
	bool *there = user;
	(void)identity;
	*there = true;
	return STATUS_OK;
}

static enum status see_admin(void *user, const struct record_identity *identity)
{
	bool *there = user;
	*there |= identity->role == ROLE_ADMIN;
	return STATUS_OK;
}

static const char *name_is_taken(struct init *init, const struct record_identity *identity)
{
	return arena_printf(&init->arena, "the name '%s' is taken by a token of another role",
			    identity->name);
}

/* Agents get a file of their own, which they, and who carries it to them, may remove. */
static int hand_to_agents(struct init *init, const char *secret)
{
	const char *path = init_made_path(init, INIT_AGENT_FILE);

	if (remove(path) != 0 && errno != ENOENT) /* of a secret that is revoked */
		return terminal_fail("could not replace %s: %s", path, strerror(errno));
	int rc = terminal_hand_out(secret, path);
	if (rc == TERMINAL_EXIT_OK)
		init_note(init, "the same, for agents", init_final_path(init, INIT_AGENT_FILE),
			  true);
	return rc;
}

/* Data directories from before there was such a file get one, while their secret lies there. */
static int see_to_agents(struct init *init, const char *secret_file)
{
	const char *path = init_made_path(init, INIT_AGENT_FILE);
	const char *word = NULL;

	if (access(path, F_OK) == 0) {
		init_note(init, "the same, for agents", init_final_path(init, INIT_AGENT_FILE),
			  false);
		return TERMINAL_EXIT_OK;
	}
	if (access(secret_file, F_OK) != 0)
		return TERMINAL_EXIT_OK; /* taken away, as one may */
	int rc = terminal_read_word(secret_file, MAX_SECRET_FILE, "secret", &init->arena, &word);
	return rc == TERMINAL_EXIT_OK ? hand_to_agents(init, word) : rc;
}

int init_make_secret(struct init *init)
{
	struct record_identity secret = { .kind = RECORD_KIND_SECRET, .name = FIRST_SECRET };
	const char *path = init_made_path(init, INIT_SECRET_FILE);
	char text[SECRET_TEXT_SIZE];
	char error[STORE_ERROR_SIZE];
	bool there = false;

	if (store_admin_read_identities(init->local.store, RECORD_KIND_SECRET, see_secret, &there,
					error) != STATUS_OK)
		return terminal_fail("%s", error);
	int rc = there ? TERMINAL_EXIT_OK
		       : local_make(&init->local, &secret, SECRET_PREFIX_ENROLL, "secret.add", path,
				    name_is_taken(init, &secret), text);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	init_note(init, "enrolment secret", init_final_path(init, INIT_SECRET_FILE), !there);
	return there ? see_to_agents(init, path) : hand_to_agents(init, text);
}

int init_make_token(struct init *init)
{
	struct record_identity token = { .kind = RECORD_KIND_TOKEN,
					 .name = FIRST_TOKEN,
					 .role = ROLE_ADMIN };
	char prefix[ROLE_TOKEN_PREFIX_SIZE];
	char error[STORE_ERROR_SIZE];
	bool there = false;

	if (store_admin_read_identities(init->local.store, RECORD_KIND_TOKEN, see_admin, &there,
					error) != STATUS_OK)
		return terminal_fail("%s", error);
	if (there) {
		init_note(init, "admin token", "not shown again", false);
		return TERMINAL_EXIT_OK;
	}
	return local_make(&init->local, &token, role_token_prefix(ROLE_ADMIN, prefix), "token.add",
			  NULL, name_is_taken(init, &token), init->token);
}
