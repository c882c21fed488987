#include "agent/config/settings.h"

#include "agent/config/options.h"
#include "agent/probe/probe.h"
#include "proto/report/report.h"

#define ROW(its_name, its_read, member, its_value_name, its_argument, its_group, its_help)         \
	.value = VALUE(its_name, its_read, offsetof(struct options, member)),                      \
	.value_name = (its_value_name), .argument = (its_argument), .group = (its_group),          \
	.help = (its_help)

static const struct setting settings[] = {
	{ ROW("once", value_switch, once, NULL, NULL, SETTING_ONCE,
	      "one cycle, one attempt to send, and out: the exit status\n"
	      "is 0 if the collector has the report, else 2") },
	{ ROW("json", value_switch, json, NULL, NULL, SETTING_JSON,
	      "for programs: one JSON object") },
	{ ROW("before-restart", value_switch, before_restart, NULL, NULL, SETTING_RESTARTING,
	      "one sentence: would its MTA start again?") },
	{ ROW("no-color", value_switch, no_color, NULL, NULL, SETTING_COLOR,
	      "no colours (as with the variable NO_COLOR)") },

	{ ROW("output", setting_read_path, output, NULL, "FILE", SETTING_OUTPUT,
	      "where the lines go, too") },

	{ ROW("keep-state", value_switch, keep_state, NULL, NULL, SETTING_RELEASING,
	      "leave the unsent and the refused reports where they are") },

	{ ROW("collector", setting_read_urls, collectors, "CollectorUrl", "URL[,URL]",
	      SETTING_REPORTING,
	      "where to send the reports, http:// or https://; up to 8 are\n"
	      "asked in this order") },
	{ ROW("collector-fallback", setting_read_urls, collectors, "CollectorFallbackUrl",
	      "URL[,URL]", SETTING_REPORTING, "more, behind those") },
	{ ROW("ca-file", setting_read_path, ca_file, "CaFile", "FILE", SETTING_REPORTING,
	      "certificates that vouch for the collector, PEM") },
	{ ROW("pin", setting_read_pins, pins, "Pin", "PIN[,PIN]", SETTING_REPORTING,
	      "sha256//BASE64 of the collector's public key; the second\n"
	      "is that of the next key, for the day it is changed") },
	{ ROW("client-cert", setting_read_path, client_cert, "ClientCertFile", "FILE",
	      SETTING_REPORTING, "a certificate that vouches for this agent, PEM") },
	{ ROW("client-key", setting_read_path, client_key, "ClientKeyFile", "FILE",
	      SETTING_REPORTING, "its private key, PEM") },
	{ ROW("proxy", setting_read_proxy, proxy, "Proxy", "URL", SETTING_REPORTING,
	      "an HTTP proxy on the way: http://HOST:PORT") },
	{ ROW("proxy-user", setting_read_user, proxy_user, "ProxyUser", "NAME", SETTING_REPORTING,
	      "for a proxy that asks for a user (Basic)") },
	{ ROW("proxy-password-file", setting_read_path, proxy_password_file, "ProxyPasswordFile",
	      "FILE", SETTING_REPORTING, "holds that user's password, on one line") },
	{ ROW("enroll-secret-file", setting_read_path, enroll_secret_file, "EnrollSecretFile",
	      "FILE", SETTING_REPORTING,
	      "holds the fleet's enrolment secret, which is needed once") },
	{ ROW("allow-plain", value_switch, allow_plain, "AllowPlain", NULL, SETTING_REPORTING,
	      "send key and secret over http:// to another machine, too,\n"
	      "where everybody on the way can read them") },

	{ ROW("peer", setting_read_peers, peers, "Peers", "NAME=ADDRESS[,ADDRESS]", SETTING_PROBING,
	      "another server of the site; may be repeated") },
	{ ROW("allow-peers", setting_read_networks, allow_peers, "AllowPeers", "NETWORK[,NETWORK]",
	      SETTING_PROBING,
	      "where servers that the collector deals may be probed, besides\n"
	      "private addresses and the subnets of the adapters") },
	{ ROW("probe-limit", value_number, probe_limit_s, "ProbeLimitSec", "S", SETTING_PROBING,
	      "seconds for a probe with all its tries, 1 to 60 (10)"),
	  .value.min = PROBE_MIN_LIMIT_MS / 1000, .value.max = PROBE_MAX_LIMIT_MS / 1000,
	  .fallback = PROBE_DEFAULT_LIMIT_MS / 1000 },
	{ ROW("interval", value_number, interval_s, "IntervalSec", "S", SETTING_PROBING,
	      "seconds between two cycles, 1 to 86400 (what the\n"
	      "collector says, else " VALUE_DIGITS(REPORT_INTERVAL) ")"),
	  .value.min = 1, .value.max = REPORT_MAX_INTERVAL,
	  .fallback_text = "what the collector says, else " VALUE_DIGITS(REPORT_INTERVAL) },

	{ ROW("state-dir", setting_read_path, state_dir, "StateDir", "DIR", SETTING_KEEPING,
	      "where identity, history and unsent reports are kept") },
	{ ROW("log-file", setting_read_path, log_file, "LogFile", "FILE", SETTING_KEEPING,
	      "where messages go besides standard error"),
	  .fallback_text = "none; of the service: mtawatch-agent.log in the state directory" },
	{ ROW("log-level", setting_read_level, log_level, "LogLevel", "LEVEL", SETTING_KEEPING,
	      "the least that is told: error, warning or info (info)"),
	  .fallback_text = "info" },
	{ ROW("log-max-kb", value_number, log_max_kb, "LogMaxKb", "N", SETTING_KEEPING,
	      "kilobytes of the log file, 64 to 1048576 (1024); the one\n"
	      "before it is kept as FILE.old"),
	  .value.min = SETTING_MIN_LOG_KB, .value.max = SETTING_MAX_LOG_KB,
	  .fallback = SETTING_LOG_KB },

	{ ROW("windows-root", setting_read_path, image_root, NULL, "DIR", SETTING_DISK,
	      "a directory that stands for the server's disk: files,\n"
	      "registry exports (*.reg), services.txt, *.evt") },
	{ ROW("disk-only", value_switch, disk_only, NULL, NULL, SETTING_DISK,
	      "with --windows-root: the disk is another machine's; its\n"
	      "adapters are not known and nothing is probed") },
};

const struct setting *setting_list(size_t *n)
{
	*n = sizeof settings / sizeof *settings;
	return settings;
}
