#include "agent/deploy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "agent/config/options.h"
#include "agent/config/settings.h"
#include "proto/report/report.h"

static const struct policy_text texts[] = {
	{ .name = "collector",
	  .title = "Collector URLs",
	  .label = "URL, or up to 8 with commas between them",
	  .help = "Where the agent sends its reports: an http:// or https:// URL without user and "
		  "password, such as https://collector.example:8285. Of several, with commas "
		  "between them, the next is asked where one does not answer or does not judge; "
		  "the agent stays there and asks the first one again after an hour. While none is "
		  "set here or by the installer, the agent reports nothing. A change counts from "
		  "the agent's next cycle on." },
	{ .name = "collector-fallback",
	  .title = "Further collector URLs",
	  .label = "URL, or several with commas between them",
	  .help = "Collectors that are asked behind those of the policy Collector URLs, for "
		  "instance where its field is too short for all of them; together at most 8. "
		  "Leave it out where there is one collector." },
	{ .name = "ca-file",
	  .title = "Certificates that vouch for the collector",
	  .label = "File (PEM)",
	  .help = "A file of certificates in PEM form, as a path on the Exchange server or a share "
		  "that its computer account may read. The collector's certificate must be issued "
		  "by "
		  "one of them. The agent does not use the certificate store of Windows." },
	{ .name = "pin",
	  .title = "Public keys of the collector (pins)",
	  .label = "Pin, or two with a comma between them",
	  .help = "The collector's public key, as sha256// and the Base64 of its SHA-256. A second "
		  "one is that of the next key: set both before the collector's key is changed, "
		  "and "
		  "take the old one out afterwards. An agent refuses a collector with another "
		  "key." },
	{ .name = "client-cert",
	  .title = "Client certificate",
	  .label = "File (PEM)",
	  .help = "A certificate in PEM form that the agent shows to a collector which asks for "
		  "one. "
		  "Its private key is set by a policy of its own." },
	{ .name = "client-key",
	  .title = "Private key of the client certificate",
	  .label = "File (PEM)",
	  .help = "The file with the private key of the client certificate, in PEM form without a "
		  "password. Only SYSTEM and administrators should be able to read it." },
	{ .name = "proxy",
	  .title = "HTTP proxy",
	  .label = "http://HOST:PORT",
	  .help = "An HTTP proxy on the way to the collector, without user and password: a policy "
		  "can be read by every user of the domain." },
	{ .name = "proxy-user",
	  .title = "User for the HTTP proxy",
	  .label = "Name",
	  .help = "The name that the agent gives to a proxy which asks for a user (Basic "
		  "authentication). The password is in a file, which a policy of its own names." },
	{ .name = "proxy-password-file",
	  .title = "File of the HTTP proxy's password",
	  .label = "File",
	  .help = "The file that holds the password of the user for the HTTP proxy, on one line. "
		  "Only SYSTEM and administrators should be able to read it. The password itself "
		  "never belongs in a policy: every user of the domain can read that." },
	{ .name = "enroll-secret-file",
	  .title = "File of the enrolment secret",
	  .label = "File",
	  .help = "The file that holds the fleet's enrolment secret, which each agent needs once. "
		  "Put "
		  "it on a share that only the computer accounts of the Exchange servers can read. "
		  "The "
		  "secret itself never belongs in a policy: every user of the domain can read "
		  "that." },
	{ .name = "allow-plain",
	  .title = "Secrets over plain HTTP",
	  .label = "yes or no",
	  .help = "An agent sends neither its key nor the enrolment secret over http:// to another "
		  "machine, where everybody on the way can read them, unless this says yes. Use "
		  "https:// instead." },
	{ .name = "peer",
	  .title = "Servers to probe",
	  .label = "Servers, each as NAME=ADDRESS,ADDRESS",
	  .help = "Exchange servers that each agent probes besides those that the collector deals: "
		  "NAME=ADDRESS or NAME=ADDRESS,ADDRESS with IPv4 addresses, at most 64. They take "
		  "the "
		  "place of the servers that the installer named. Most fleets need none: name "
		  "servers "
		  "that have no agent." },
	{ .name = "allow-peers",
	  .title = "Where dealt servers may be probed",
	  .label = "Addresses or networks, with a comma between them",
	  .help = "An agent probes servers that the collector deals only at private addresses and "
		  "in "
		  "the subnets of its own adapters, so that a collector in wrong hands makes no "
		  "port scanner of it. Where Exchange servers have other addresses, name them or "
		  "their networks here: 131.107.0.0/16, at most 32. The servers to probe that are "
		  "set by policy or installer are always probed." },
	{ .name = "probe-limit",
	  .title = "Time limit of a probe",
	  .label = "Seconds",
	  .help = "How long a probe of one server through one adapter may take with all its tries: "
		  "1 "
		  "to 60 seconds, 10 where it is not set." },
	{ .name = "interval",
	  .title = "Time between two reports",
	  .label = "Seconds",
	  .suggested = REPORT_INTERVAL,
	  .help = "Seconds from one cycle to the next, 1 to 86400. Where it is not set, the "
		  "collector "
		  "says how long, or else it is " VALUE_DIGITS(
			  REPORT_INTERVAL) ". A change of an adapter or of the MTA is "
					   "reported "
					   "at once in any case." },
	{ .name = "state-dir",
	  .title = "State directory",
	  .label = "Directory",
	  .help = "Where the agent keeps its identity, its history and the reports that are not "
		  "sent "
		  "yet. It counts from the next start of the agent on. An agent that moves without "
		  "its "
		  "files has to be enrolled anew." },
	{ .name = "log-file",
	  .title = "Log file",
	  .label = "File",
	  .help = "The file for the agent's messages. Where it is not set, the service writes "
		  "mtawatch-agent.log in its state directory." },
	{ .name = "log-level",
	  .title = "Log level",
	  .label = "The least that is told",
	  .help = "Which messages the agent writes: errors, also warnings, or also what it does "
		  "(info, where it is not set)." },
	{ .name = "log-max-kb",
	  .title = "Size of the log file",
	  .label = "Kilobytes",
	  .help = "How large the log file may become, 64 to 1048576 kilobytes, 1024 where it is "
		  "not "
		  "set. The one before it is kept beside it, so that twice as much is used." },
};

const char *const policy_levels[] = { "error", "warning", "info", NULL };

static const struct policy_text *find_text(const char *name)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strcmp(texts[i].name, name) == 0)
			return &texts[i];
	}
	fprintf(stderr, "policy_texts.c has no words about the setting %s\n", name);
	exit(EXIT_FAILURE);
}

/* Words that all the formats and editors can carry. */
static void check_words(const char *name, const char *words, size_t limit)
{
	if (strlen(words) > limit || strpbrk(words, "\"<>&\r\n")) {
		fprintf(stderr, "policy_texts.c: %s: too long, or a sign that has no place: %s\n",
			name, words);
		exit(EXIT_FAILURE);
	}
}

size_t policy_list(struct policy *out, size_t room)
{
	size_t n_settings = 0;
	const struct setting *all = setting_list(&n_settings);
	size_t n = 0;

	for (size_t i = 0; i < n_settings; i++) {
		if (!all[i].value_name)
			continue;
		const struct policy_text *text = find_text(all[i].value.name);
		check_words(all[i].value.name, text->title, POLICY_MAX_TITLE);
		check_words(all[i].value.name, text->label, POLICY_MAX_TITLE);
		check_words(all[i].value.name, text->help, POLICY_MAX_HELP);
		if (n == room)
			exit(EXIT_FAILURE);
		out[n++] = (struct policy){ &all[i], text };
	}
	return n;
}

long policy_default(const struct policy *policy)
{
	return (long)(policy->text->suggested > 0 ? policy->text->suggested
						  : policy->setting->fallback);
}

size_t policy_max_text(const struct policy *policy)
{
	if (policy->setting->value.read == setting_read_pins)
		return SETTING_MAX_PINS * SETTING_PIN_TEXT + SETTING_MAX_PINS - 1;
	if (policy->setting->value.read == setting_read_urls)
		return SETTING_MAX_URLS * (SETTING_MAX_TEXT + 1) - 1;
	if (policy->setting->value.read == setting_read_networks)
		return PEERS_MAX_NETWORKS * (SETTING_NETWORK_TEXT + 1) - 1;
	if (policy->setting->value.read == value_switch)
		return sizeof "yes" - 1;
	return SETTING_MAX_TEXT;
}
