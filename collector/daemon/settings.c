#include "collector/daemon/settings.h"

#include <netinet/in.h>
#include <string.h>

#include "collector/config/secret_file.h"
#include "collector/daemon/options.h"
#include "collector/http/clients.h"
#include "collector/model/record_collector.h"
#include "collector/store/postgresql/engine.h"
#include "collector/store/sqlite/engine.h"

#define TRUSTED_PROXIES_EXPECTED                                                                   \
	"at most 32 networks such as 10.0.0.5, 192.168.7.0/24 or fd00::/8, without bits behind "   \
	"the prefix"

static const char *read_listen(const struct value_target *to, const char *text)
{
	return net_address_parse(text, to->member) == STATUS_OK
		       ? NULL
		       : "ADDRESS:PORT, such as 127.0.0.1:8285 or [::1]:8285";
}

static const char *read_data(const struct value_target *to, const char *text)
{
	*(const char **)to->member = text;
	return *text ? NULL : "a directory";
}

/* An empty value is the embedded store, as if nothing had been said. */
static const char *read_store(const struct value_target *to, const char *text)
{
	bool is_url = strncmp(text, "postgresql://", 13) == 0;

	if (!*text)
		return NULL;
	*(const char **)to->member = text;
	return is_url ? postgresql_engine_address_fault(text)
		      : "a database, postgresql://HOST/DATABASE";
}

/* What is in it is read whenever it is used. */
static const char *read_password_file(const struct value_target *to, const char *text)
{
	const char *wanted = NULL;

	if (!*text)
		return NULL;
	*(const char **)to->member = text;
	return secret_file_read(text, to->arena, &wanted) ? NULL : wanted;
}

static const char *read_node(const struct value_target *to, const char *text)
{
	*(const char **)to->member = text;
	return record_collector_node_is_valid(text)
		       ? NULL
		       : "a name of up to 63 letters, digits, '.', '-' and '_'";
}

static const char *read_networks(const struct value_target *to, const char *text)
{
	char word[INET6_ADDRSTRLEN + 4];
	struct networks read = { 0 };

	while (*(text += strspn(text, " \t,"))) {
		size_t n = strcspn(text, " \t,");
		if (n >= sizeof word)
			return TRUSTED_PROXIES_EXPECTED;
		memcpy(word, text, n);
		word[n] = '\0';
		if (networks_add(&read, word) != STATUS_OK)
			return TRUSTED_PROXIES_EXPECTED;
		text += n;
	}
	*(struct networks *)to->member = read;
	return NULL;
}

static const char *read_groups(const struct value_target *to, const char *text)
{
	*(const char **)to->member = text;
	return text[strspn(text, " \t,")] ? NULL : "names of groups, several with commas";
}

static const char *read_external_url(const struct value_target *to, const char *text)
{
	bool is_url = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;

	*(const char **)to->member = text;
	return is_url && !strpbrk(text, " \t?#\"") ? NULL
						   : "http://HOST/ or https://HOST/, perhaps with "
						     "a path";
}

static const char *read_log_level(const struct value_target *to, const char *text)
{
	return log_level_parse(text, to->member) ? NULL : "error, warning, info or debug";
}

static const char *read_log_format(const struct value_target *to, const char *text)
{
	enum log_format *format = to->member;

	if (strcmp(text, "auto") == 0)
		*format = log_goes_to_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
	else if (strcmp(text, "text") == 0)
		*format = LOG_FORMAT_TEXT;
	else if (strcmp(text, "journal") == 0)
		*format = LOG_FORMAT_JOURNAL;
	else if (strcmp(text, "json") == 0)
		*format = LOG_FORMAT_JSON;
	else
		return "auto, text, journal or json";
	return NULL;
}

/* A day of a database is a table, and 100,000 servers fill it with some 12 GB. */
#define KEEP_DAYS_OF_DATABASE "2"

#define ROW(name, read, member, argument, fallback, reloads, help)                                 \
	VALUE(name, read, offsetof(struct options, member)), argument, fallback, reloads, help
#define NUMBER(name, member, min, max, fallback, reloads, help)                                    \
	VALUE(name, value_size, offsetof(struct options, member), min, (int64_t)(max)), "N",       \
		fallback, reloads, help

const struct setting settings[] = {
	{ ROW("listen", read_listen, listen, "ADDRESS:PORT", "127.0.0.1:8285", false,
	      "where agents and browsers find the collector; port 0 lets the\nsystem choose") },
	{ ROW("allow-plain", value_switch, allow_plain, NULL, "no", false,
	      "allow plain HTTP on an address that other machines reach") },
	{ ROW("cert", value_text_or_none, cert, "FILE", NULL, true,
	      "speak HTTPS with this certificate (PEM, then those that it was signed\n"
	      "by); read again on SIGHUP and once a day") },
	{ ROW("key", value_text_or_none, key, "FILE", NULL, true,
	      "the certificate's private key (PEM, no passphrase)") },
	{ ROW("client-ca", value_text_or_none, client_ca, "FILE", NULL, true,
	      "whoever connects has to show a certificate signed by one of these") },
	{ NUMBER("max-connections", max_connections, 1, CLIENTS_MAX, "16384", false,
		 "connections at a time; the limit of open files may be lower") },
	{ NUMBER("max-connections-per-address", max_of_address, 1, CLIENTS_MAX, "1024", false,
		 "of these from one address (IPv6: of one /64); raise it where many\n"
		 "agents come through one proxy or address translator") },
	{ ROW("trusted-proxies", read_networks, trusted_proxies, "NETWORKS", NULL, false,
	      "proxies in front of the collector, ADDRESS or ADDRESS/LENGTH, several with\n"
	      "commas: what their X-Forwarded-For and X-Forwarded-Proto say counts") },
	{ ROW("viewer-groups", read_groups, users.groups[ROLE_VIEWER], "GROUPS", NULL, false,
	      "groups, several with commas, whose users a trusted proxy logs in as viewers:\n"
	      "it names them in the fields Remote-User and Remote-Groups") },
	{ ROW("operator-groups", read_groups, users.groups[ROLE_OPERATOR], "GROUPS", NULL, false,
	      "the same for operators") },
	{ ROW("admin-groups", read_groups, users.groups[ROLE_ADMIN], "GROUPS", NULL, false,
	      "the same for admins") },
	/* At least twice the largest body of a route, an inventory. */
	{ NUMBER("max-body-mb", max_body_mb, 16, 65536, "256", false,
		 "megabytes that the requests which are being received may take\ntogether") },
	/* Several times the largest answer, for strangers get a part only. */
	{ NUMBER("max-answer-mb", max_answer_mb, 16, 65536, "64", false,
		 "megabytes that answers which wait for slow readers may take together;\n"
		 "past it the slowest are cut; a quarter is for strangers") },
	{ ROW("data", read_data, store.directory, "DIRECTORY", "/var/lib/mtawatch", false,
	      "the embedded store, keys and certificates; `mtawatch-collector init`\nmakes it") },
	{ ROW("store", read_store, store.address, "URL", NULL, false,
	      "a database instead of the embedded store, as libpq has its address:\n"
	      "postgresql://HOST,HOST/DATABASE?user=NAME") },
	{ ROW("store-password-file", read_password_file, store.password_file, "FILE", NULL, false,
	      "whose only line is the password for that database") },
	{ ROW("require-synchronous", value_switch, store.require_synchronous, NULL, "no", false,
	      "take nothing while that database confirms what no synchronous standby\nhas; alike "
	      "on all that share it") },
	{ ROW("node", read_node, node, "NAME", NULL, false,
	      "this collector's name among those that share the database; by default\nthe "
	      "machine's, and four digits that the data directory keeps") },
	{ NUMBER("takeover-after", takeover_after, 2, 600, "5", false,
		 "seconds without a sign of the collector that judges until another one\nof the "
		 "same "
		 "database takes over; alike on all") },
	{ NUMBER("keep-reports", keep.reports, 1, STORE_MAX_ROWS_PER_SERVER, "288", true,
		 "reports that are kept of a server, the latest ones; not with a\ndatabase, where "
		 "days count alone") },
	{ NUMBER("keep-report-days", keep.report_days, 1, STORE_MAX_DAYS, "30", true,
		 "days that they are kept; the latest of a server always stays; with a\ndatabase, "
		 "where they are its days, " KEEP_DAYS_OF_DATABASE) },
	{ NUMBER("keep-changes", keep.changes, 1, STORE_MAX_ROWS_PER_SERVER, "1000", true,
		 "changes that the history of a server keeps") },
	{ NUMBER("keep-change-days", keep.change_days, 1, STORE_MAX_DAYS, "400", true,
		 "days that they are kept") },
	{ NUMBER("keep-mb", keep.max_mb, 1, STORE_MAX_MB, NULL, true,
		 "megabytes that the database may have before every server loses half\n"
		 "of its kept reports") },
	{ ROW("external-url", read_external_url, external_url, "URL", NULL, true,
	      "where browsers find the collector: what alerts link to") },
	{ ROW("hook-command", value_text_or_none, hook_command, "PROGRAM", NULL, true,
	      "run when a server becomes exposed or failing, and when it recovers;\n"
	      "gets JSON on its standard input") },
	{ ROW("log-level", read_log_level, log_level, "LEVEL", "info", true,
	      "error, warning, info or debug: the least important messages to log") },
	{ ROW("log-format", read_log_format, log_format, "FORMAT", "auto", true,
	      "text, journal or json; auto: journal where standard error is the\n"
	      "journal's, else text") },
};
const size_t settings_n = sizeof settings / sizeof *settings;

_Static_assert(sizeof settings / sizeof *settings <= OPTIONS_MAX_SETTINGS,
	       "more settings than room");

const char *settings_fallback(const struct setting *setting, const struct options *options)
{
	bool is_kept_by_day = options->store.address &&
			      setting->value.offset == offsetof(struct options, keep.report_days);

	return is_kept_by_day ? KEEP_DAYS_OF_DATABASE : setting->fallback;
}

void settings_complete(struct options *options)
{
	options->store.engine = options->store.address ? &postgresql_engine : &sqlite_engine;
	options->store.allow_plain = options->allow_plain;
	options->store.backups = &sqlite_engine;
}

static const char *store_contradicts(const struct options *options, const char **at)
{
	*at = "store-password-file";
	if (options->store.password_file && !options->store.address)
		return "it is for a database: --store";
	*at = "require-synchronous";
	if (options->store.require_synchronous && !options->store.address)
		return "it is of a database: --store";
	*at = "keep-reports";
	if (options->store.address && options_is_said(options, "keep-reports"))
		return "a database keeps whole days of reports: --keep-report-days";
	*at = "node";
	if (options->node && !options->store.address)
		return "only collectors that share a database have names: --store";
	*at = "store";
	return options->store.address && !options->allow_plain
		       ? postgresql_engine_network_fault(options->store.address)
		       : NULL;
}

/* The first setting that gives a group a role; NULL: none does. */
static const char *name_of_groups(const struct options *options)
{
	static const char *const names[] = { "viewer-groups", "operator-groups", "admin-groups" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (options_is_said(options, names[i]))
			return names[i];
	}
	return NULL;
}

const char *settings_contradict(const struct options *options, const char **at)
{
	const char *why = store_contradicts(options, at);
	const char *groups = name_of_groups(options);

	if (why)
		return why;
	if (groups && options->trusted_proxies.n == 0) {
		*at = groups;
		return "only a proxy of trusted-proxies can say who is in a group";
	}
	*at = "cert";
	if (options->cert && !options->key)
		return "it needs the file of its private key too: --key";
	*at = "key";
	if (options->key && !options->cert)
		return "it needs the file of its certificate too: --cert";
	*at = "client-ca";
	if (options->client_ca && !options->cert)
		return "only over HTTPS can clients show certificates: --cert and --key";
	*at = "listen";
	if (options->cert || options->allow_plain || net_address_is_loopback(&options->listen))
		return NULL;
	return "it can be reached from other machines, and plain HTTP lets everybody on the way "
	       "read and forge reports; give a certificate (--cert and --key), listen on a "
	       "loopback "
	       "address, or say --allow-plain if that network may be trusted";
}
