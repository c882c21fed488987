#include "collector/setting.h"

#include <string.h>

#include "collector/options.h"

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
	return listen_parse(value, &options->listen) == STATUS_OK
		       ? NULL
		       : "ADDRESS:PORT, such as 127.0.0.1:8285 or [::1]:8285";
}

static const char *set_allow_plain(struct options *options, const char *value)
{
	return set_switch(&options->allow_plain, value);
}

static const char *set_data(struct options *options, const char *value)
{
	options->data = value;
	return *value ? NULL : "a directory";
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
	{ "data", "DIRECTORY", "/var/lib/mtawatch", false, set_data,
	  "the store; made if it is not there" },
	{ "hook-command", "PROGRAM", NULL, false, set_hook_command,
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
	*at = "listen";
	if (listen_is_loopback(&options->listen) || options->allow_plain)
		return NULL;
	return "it can be reached from other machines, and plain HTTP lets everybody on the way "
	       "read and forge reports; listen on a loopback address, or say --allow-plain if that "
	       "network may be trusted";
}
