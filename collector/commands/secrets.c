#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/auth/identities.h"
#include "collector/base/loop.h"
#include "collector/cli/arguments.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "collector/model/record_identity.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"

#define MS_PER_DAY INT64_C(86400000)

/* Days that something may be valid; who wants more wants "for ever". */
#define MAX_DAYS 36500

const char token_help[] =
	"mtawatch-collector token: make and revoke the tokens of people and programs.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector token add ops --role operator\n"
	"  mtawatch-collector token add grafana --role viewer --days 365 --file grafana.token\n"
	"  mtawatch-collector token list\n"
	"  mtawatch-collector token revoke ops\n"
	"\n"
	"Roles: viewer reads; operator also acknowledges, silences and releases agents; admin "
	"also\n"
	"makes tokens and enrolment secrets. A browser logs in with a token, a program sends it "
	"as\n"
	"\"Authorization: Bearer TOKEN\".\n"
	"\n"
	"Options:\n"
	"  --role ROLE        of the new token\n"
	"  --days N           how long it is valid; default: until it is revoked\n"
	"  --file FILE        write it into this new file, for its owner only, instead of showing "
	"it\n" LOCAL_HELP_DATA "\n"
	"A token is shown once; the collector keeps only a hash of it. A collector that runs "
	"knows\n"
	"of the change within a second. Exit status: 0 done, 1 not done, 2 wrong usage.\n";

const char secret_help[] =
	"mtawatch-collector secret: make and revoke the secrets with which agents enrol.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector secret add branch --days 30 --file branch.secret\n"
	"  mtawatch-collector secret list\n"
	"  mtawatch-collector secret revoke branch\n"
	"\n"
	"Options:\n"
	"  --days N           how long it is valid; default: until it is revoked\n"
	"  --file FILE        write it into this new file, for its owner only, instead of showing "
	"it\n" LOCAL_HELP_DATA "\n"
	"A secret is shown once; the collector keeps only a hash of it. Agents that have enrolled\n"
	"stay so when it is revoked. A collector that runs knows of the change within a second.\n"
	"Exit status: 0 done, 1 not done, 2 wrong usage.\n";

/* What differs between the two. */
struct credential_kind {
	enum record_kind kind;
	const char *noun;
	const char *add_action;
	const char *drop_action;
	size_t max;
};

static const struct credential_kind tokens = { RECORD_KIND_TOKEN, "token", "token.add",
					       "token.revoke", IDENTITIES_MAX_TOKENS };
static const struct credential_kind secrets = { RECORD_KIND_SECRET, "enrolment secret",
						"secret.add", "secret.revoke",
						IDENTITIES_MAX_SECRETS };

/* Options of the command line; NULL: not given. */
struct parsed_options {
	struct local_place place;
	const char *role;
	const char *days;
	const char *file;
	struct arguments words;
};

/* What is to be made; an exit status. */
static int fill_identity(const struct parsed_options *parsed,
			 const struct credential_kind *credential, struct record_identity *out)
{
	int64_t days;

	*out = (struct record_identity){ .kind = credential->kind, .name = parsed->words.words[1] };
	if (!identities_name_is_valid(out->name))
		return terminal_refuse("\"%s\" is no name: it may have 1 to %d letters, digits, "
				       "dots, dashes and underscores, and not be \".\" or \"..\"",
				       out->name, PRINCIPAL_MAX_NAME);
	if (credential->kind == RECORD_KIND_TOKEN &&
	    (!parsed->role || !role_parse(parsed->role, &out->role)))
		return terminal_refuse("a token needs a role: --role viewer, operator or admin");
	if (parsed->days && !number_parse(parsed->days, 1, MAX_DAYS, &days))
		return terminal_refuse("--days: \"%s\" is not a number from 1 to %d", parsed->days,
				       MAX_DAYS);
	if (parsed->days)
		out->expires_at_ms = loop_wall_ms() + days * MS_PER_DAY;
	return TERMINAL_EXIT_OK;
}

static enum status count_one(void *user, const struct record_identity *identity)
{
	size_t *n = user;
	(void)identity;
	(*n)++;
	return STATUS_OK;
}

static int check_number(struct local *local, const struct credential_kind *credential)
{
	char error[STORE_ERROR_SIZE];
	size_t n = 0;

	if (store_admin_read_identities(local->store, credential->kind, count_one, &n, error) !=
	    STATUS_OK)
		return terminal_fail("%s", error);
	if (n >= credential->max)
		return terminal_fail("there are %zu already, as many as there may be; revoke one",
				     n);
	return TERMINAL_EXIT_OK;
}

static int add_credential(struct local *local, const struct parsed_options *parsed,
			  const struct credential_kind *credential)
{
	char prefix[ROLE_TOKEN_PREFIX_SIZE] = SECRET_PREFIX_ENROLL;
	char text[SECRET_TEXT_SIZE];
	struct record_identity identity;

	int rc = fill_identity(parsed, credential, &identity);
	if (rc == TERMINAL_EXIT_OK)
		rc = check_number(local, credential);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (credential->kind == RECORD_KIND_TOKEN)
		role_token_prefix(identity.role, prefix);
	const char *taken =
		arena_printf(&local->arena,
			     "there is a %s '%s' already; revoke it first, or choose another name",
			     credential->noun, identity.name);
	rc = local_make(local, &identity, prefix, credential->add_action, parsed->file, taken,
			text);
	return rc != TERMINAL_EXIT_OK || parsed->file ? rc : terminal_hand_out(text, NULL);
}

static int revoke_credential(struct local *local, const struct parsed_options *parsed,
			     const struct credential_kind *credential)
{
	struct record_identity identity = { .kind = credential->kind,
					    .name = parsed->words.words[1] };
	char error[STORE_ERROR_SIZE];

	switch (local_drop(local, &identity, credential->drop_action, error)) {
	case STATUS_OK:
		return TERMINAL_EXIT_OK;
	case STATUS_NOT_FOUND:
		return terminal_fail("there is no %s '%s'", credential->noun, identity.name);
	default:
		return terminal_fail("%s", error);
	}
}

static const char *when(int64_t ms, char text[TIMESTAMP_TEXT_SIZE])
{
	return ms == 0 ? "never" : timestamp_format(ms / 1000 * 1000, text);
}

static enum status print_one(void *user, const struct record_identity *identity)
{
	char made[TIMESTAMP_TEXT_SIZE];
	char expires[TIMESTAMP_TEXT_SIZE];
	(void)user;

	printf("%-24s", identity->name);
	if (identity->kind == RECORD_KIND_TOKEN)
		printf(" %-9s", role_name(identity->role));
	printf(" %-20s %-20s %s\n", when(identity->made_at_ms, made),
	       when(identity->expires_at_ms, expires), identity->made_by);
	return STATUS_OK;
}

static int list_credentials(struct local *local, const struct credential_kind *credential)
{
	char error[STORE_ERROR_SIZE];

	printf("%-24s%s %-20s %-20s %s\n", "NAME",
	       credential->kind == RECORD_KIND_TOKEN ? " ROLE     " : "", "MADE", "EXPIRES",
	       "MADE BY");
	if (store_admin_read_identities(local->store, credential->kind, print_one, NULL, error) !=
	    STATUS_OK)
		return terminal_fail("%s", error);
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static int run_kind(int argc, char **argv, const struct credential_kind *credential,
		    const struct arguments_forms *forms)
{
	struct parsed_options parsed = { 0 };
	struct arguments_option options[] = {
		LOCAL_OPTIONS(&parsed.place),
		{ "days", "N", &parsed.days, 1, 0 },
		{ "file", "FILE", &parsed.file, 1, 0 },
		{ "role", "ROLE", &parsed.role, 1, 0 }, /* of a token alone */
	};
	size_t n =
		sizeof options / sizeof *options - (credential->kind == RECORD_KIND_TOKEN ? 0 : 1);
	struct local local;

	int rc = arguments_read(&parsed.words, argc, argv, forms, options, n);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	rc = local_open(&local, &parsed.place, false);
	if (rc == TERMINAL_EXIT_OK)
		rc = parsed.words.form == 0   ? add_credential(&local, &parsed, credential)
		     : parsed.words.form == 1 ? list_credentials(&local, credential)
					      : revoke_credential(&local, &parsed, credential);
	local_close(&local);
	return rc;
}

int token_main(int argc, char **argv)
{
	static const char *const forms[] = { "token add NAME", "token list", "token revoke NAME" };
	return run_kind(argc, argv, &tokens, &(const struct arguments_forms){ forms, 3 });
}

int secret_main(int argc, char **argv)
{
	static const char *const forms[] = { "secret add NAME", "secret list",
					     "secret revoke NAME" };
	return run_kind(argc, argv, &secrets, &(const struct arguments_forms){ forms, 3 });
}
