#include "collector/daemon/settings.h"

#include <netinet/in.h>
#include <string.h>

#include "collector/daemon/options.h"
#include "collector/http/clients.h"
#include "collector/store/sqlite/engine.h"
#include "proto/base/number.h"

#define TRUSTED_PROXIES_EXPECTED                                                                   \
	"at most 32 networks such as 10.0.0.5, 192.168.7.0/24 or fd00::/8, without bits behind "   \
	"the prefix"

static const char *set_switch(bool *where, const char *value)
{
	if (strcmp(value, "yes") == 0)
		*where = true;
	else if (strcmp(value, "no") == 0)
		*where = false;
	else
		return "yes or no";
	return NULL;
}

static const char *set_listen(struct options *options, const char *value)
{
	return net_address_parse(value, &options->listen) == STATUS_OK
		       ? NULL
		       : "ADDRESS:PORT, such as 127.0.0.1:8285 or [::1]:8285";
}

static const char *set_allow_plain(struct options *options, const char *value)
{
	return set_switch(&options->allow_plain, value);
}

static const char *set_cert(struct options *options, const char *value)
{
	options->cert = *value ? value : NULL;
	return NULL;
}

static const char *set_key(struct options *options, const char *value)
{
	options->key = *value ? value : NULL;
	return NULL;
}

static const char *set_client_ca(struct options *options, const char *value)
{
	options->client_ca = *value ? value : NULL;
	return NULL;
}

/* From 1 to `most`. */
static bool set_number(size_t *where, const char *value, size_t most)
{
	int64_t number;
	bool valid = number_parse(value, 1, (int64_t)most, &number);

	if (valid)
		*where = (size_t)number;
	return valid;
}

static const char *set_max_connections(struct options *options, const char *value)
{
	return set_number(&options->max_connections, value, CLIENTS_MAX) ? NULL : "1 to 16384";
}

static const char *set_max_of_address(struct options *options, const char *value)
{
	return set_number(&options->max_of_address, value, CLIENTS_MAX) ? NULL : "1 to 16384";
}

/* At least twice the largest body of a route, an inventory. */
static const char *set_max_body_mb(struct options *options, const char *value)
{
	return set_number(&options->max_body_mb, value, 65536) && options->max_body_mb >= 16
		       ? NULL
		       : "16 to 65536";
}

/* Several times the largest answer, for strangers get a part only. */
static const char *set_max_answer_mb(struct options *options, const char *value)
{
	return set_number(&options->max_answer_mb, value, 65536) && options->max_answer_mb >= 16
		       ? NULL
		       : "16 to 65536";
}

static const char *set_data(struct options *options, const char *value)
{
	options->data = value;
	options->engine = &sqlite_engine;
	return *value ? NULL : "a directory";
}

static const char *set_keep_reports(struct options *options, const char *value)
{
	return set_number(&options->keep.reports, value, STORE_MAX_ROWS_PER_SERVER)
		       ? NULL
		       : "1 to 1000000";
}

static const char *set_keep_report_days(struct options *options, const char *value)
{
	return set_number(&options->keep.report_days, value, STORE_MAX_DAYS) ? NULL : "1 to 36500";
}

static const char *set_keep_changes(struct options *options, const char *value)
{
	return set_number(&options->keep.changes, value, STORE_MAX_ROWS_PER_SERVER)
		       ? NULL
		       : "1 to 1000000";
}

static const char *set_keep_change_days(struct options *options, const char *value)
{
	return set_number(&options->keep.change_days, value, STORE_MAX_DAYS) ? NULL : "1 to 36500";
}

static const char *set_keep_mb(struct options *options, const char *value)
{
	return set_number(&options->keep.max_mb, value, STORE_MAX_MB) ? NULL : "1 to 1000000000";
}

static const char *set_trusted_proxies(struct options *options, const char *value)
{
	char word[INET6_ADDRSTRLEN + 4];
	struct networks read = { 0 };

	while (*(value += strspn(value, " \t,"))) {
		size_t n = strcspn(value, " \t,");
		if (n >= sizeof word)
			return TRUSTED_PROXIES_EXPECTED;
		memcpy(word, value, n);
		word[n] = '\0';
		if (networks_add(&read, word) != STATUS_OK)
			return TRUSTED_PROXIES_EXPECTED;
		value += n;
	}
	options->trusted_proxies = read;
	return NULL;
}

static const char *set_external_url(struct options *options, const char *value)
{
	bool is_url = strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0;

	options->external_url = value;
	return is_url && !strpbrk(value, " \t?#\"") ? NULL
						    : "http://HOST/ or https://HOST/, perhaps with "
						      "a path";
}

static const char *set_hook_command(struct options *options, const char *value)
{
	options->hook_command = *value ? value : NULL;
	return NULL;
}

static const char *set_log_level(struct options *options, const char *value)
{
	return log_level_parse(value, &options->log_level) ? NULL : "error, warning, info or debug";
}

static const char *set_log_format(struct options *options, const char *value)
{
	if (strcmp(value, "auto") == 0)
		options->log_format = log_goes_to_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
	else if (strcmp(value, "text") == 0)
		options->log_format = LOG_FORMAT_TEXT;
	else if (strcmp(value, "journal") == 0)
		options->log_format = LOG_FORMAT_JOURNAL;
	else if (strcmp(value, "json") == 0)
		options->log_format = LOG_FORMAT_JSON;
	else
		return "auto, text, journal or json";
	return NULL;
}

const struct setting settings[] = {
	{ "listen", "ADDRESS:PORT", "127.0.0.1:8285", false, set_listen,
	  "where agents and browsers find the collector; port 0 lets the\nsystem choose" },
	{ "allow-plain", NULL, "no", false, set_allow_plain,
	  "allow plain HTTP on an address that other machines reach" },
	{ "cert", "FILE", NULL, true, set_cert,
	  "speak HTTPS with this certificate (PEM, then those that it was signed\n"
	  "by); read again on SIGHUP and once a day" },
	{ "key", "FILE", NULL, true, set_key,
	  "the certificate's private key (PEM, no passphrase)" },
	{ "client-ca", "FILE", NULL, true, set_client_ca,
	  "whoever connects has to show a certificate signed by one of these" },
	{ "max-connections", "N", "16384", false, set_max_connections,
	  "connections at a time; the limit of open files may be lower" },
	{ "max-connections-per-address", "N", "1024", false, set_max_of_address,
	  "of these from one address (IPv6: of one /64); raise it where many\n"
	  "agents come through one proxy or address translator" },
	{ "trusted-proxies", "NETWORKS", NULL, false, set_trusted_proxies,
	  "proxies in front of the collector, ADDRESS or ADDRESS/LENGTH, several with\n"
	  "commas: what their X-Forwarded-For and X-Forwarded-Proto say counts" },
	{ "max-body-mb", "N", "256", false, set_max_body_mb,
	  "megabytes that the requests which are being received may take\ntogether" },
	{ "max-answer-mb", "N", "64", false, set_max_answer_mb,
	  "megabytes that answers which wait for slow readers may take together;\n"
	  "past it the slowest are cut; a quarter is for strangers" },
	{ "data", "DIRECTORY", "/var/lib/mtawatch", false, set_data,
	  "the store; `mtawatch-collector init` makes it" },
	{ "keep-reports", "N", "288", true, set_keep_reports,
	  "reports that are kept of a server, the latest ones" },
	{ "keep-report-days", "N", "30", true, set_keep_report_days,
	  "days that they are kept; the latest of a server always stays" },
	{ "keep-changes", "N", "1000", true, set_keep_changes,
	  "changes that the history of a server keeps" },
	{ "keep-change-days", "N", "400", true, set_keep_change_days, "days that they are kept" },
	{ "keep-mb", "N", NULL, true, set_keep_mb,
	  "megabytes that the database may have before every server loses half\n"
	  "of its kept reports" },
	{ "external-url", "URL", NULL, true, set_external_url,
	  "where browsers find the collector: what alerts link to" },
	{ "hook-command", "PROGRAM", NULL, true, set_hook_command,
	  "run when a server becomes exposed or failing, and when it recovers;\n"
	  "gets JSON on its standard input" },
	{ "log-level", "LEVEL", "info", true, set_log_level,
	  "error, warning, info or debug: the least important messages to log" },
	{ "log-format", "FORMAT", "auto", true, set_log_format,
	  "text, journal or json; auto: journal where standard error is the\n"
	  "journal's, else text" },
};
const size_t settings_n = sizeof settings / sizeof *settings;

_Static_assert(sizeof settings / sizeof *settings <= OPTIONS_MAX_SETTINGS,
	       "more settings than room");

const char *settings_contradict(const struct options *options, const char **at)
{
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
