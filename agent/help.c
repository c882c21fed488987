#include "agent/help.h"

static const char program[] =
	"mtawatch-agent tells whether this server's Exchange 5.5 MTA will start (Q285350).\n"
	"\n"
	"Examples\n"
	"  mtawatch-agent check --peer EXCH2=10.0.0.6\n"
	"  mtawatch-agent run --collector https://collector.example\n"
	"  mtawatch-agent check --windows-root D:\\dead-server --disk-only\n"
	"\n"
	"Commands\n"
	"  run      watch this server and report to the collector until Ctrl-C\n"
	"  report   print the report that would be sent, as JSON\n"
	"  check    judge this server alone, for people\n"
	"\n"
	"mtawatch-agent COMMAND --help tells more of each. mtawatch-agent --version.\n"
	"The exit status is 2 where the command line is wrong or something could not be done.\n";

#define COMMON_OPTIONS                                                                             \
	"  --peer NAME=ADDRESS[,ADDRESS]  another server of the site; may be repeated\n"           \
	"  --probe-limit S       seconds for a probe with all its tries, 1 to 60 (10)\n"           \
	"  --interval S          seconds between two cycles, 1 to 86400 (what the\n"               \
	"                        collector says, else 300)\n"                                      \
	"  --state-dir DIR       where identity, history and unsent reports are kept\n"            \
	"  --windows-root DIR    a directory that stands for the server's disk: files,\n"          \
	"                        registry exports (*.reg), services.txt, *.evt\n"                  \
	"  --disk-only           with --windows-root: the disk is another machine's; its\n"        \
	"                        adapters are not known and nothing is probed\n"                   \
	"  --config FILE         reads KEY = VALUE lines first; keys are the option\n"             \
	"                        names without dashes, switches are yes or no\n"                   \
	"  -h, --help            prints this\n"

static const char run[] =
	"mtawatch-agent run --collector URL [OPTION...]\n"
	"\n"
	"Collects the facts, probes the peers, sends a report, again and again until SIGINT, "
	"SIGTERM\n"
	"or Ctrl-C. Reports that cannot be sent are kept on disk and sent later. Messages go to\n"
	"standard error.\n"
	"\n"
	"Examples\n"
	"  mtawatch-agent run --collector https://collector.example --ca-file ca.pem\n"
	"  mtawatch-agent run --config /etc/mtawatch/agent.conf\n"
	"\n"
	"Options\n"
	"  --collector URL       where to send the reports, http:// or https://\n"
	"  --ca-file FILE        certificates that vouch for the collector, PEM\n"
	"  --once                one cycle, one attempt to send, and out: the exit status\n"
	"                        is 0 if the collector has the report, else 2\n" COMMON_OPTIONS "\n"
	"The exit status is 0 at the end, 2 in trouble.\n";

static const char report[] =
	"mtawatch-agent report [OPTION...]\n"
	"\n"
	"Runs one cycle and prints the report that would be sent, as one line of JSON on standard\n"
	"output. Sends nothing and changes nothing.\n"
	"\n"
	"Examples\n"
	"  mtawatch-agent report --peer EXCH2=10.0.0.6 > report.json\n"
	"  mtawatch-agent report --windows-root /mnt/c --disk-only\n"
	"\n"
	"Options\n" COMMON_OPTIONS "\n"
	"The exit status is 0, or 2 in trouble.\n";

static const char check[] =
	"mtawatch-agent check [OPTION...]\n"
	"\n"
	"Runs one cycle and judges this server by it, without a collector: the verdict, why, what "
	"to\n"
	"do about it, what is not known. Sends nothing and changes nothing. Probes the peers that "
	"the\n"
	"collector dealt last (they are in the state directory) and those that are named.\n"
	"\n"
	"Examples\n"
	"  mtawatch-agent check --peer EXCH2=10.0.0.6 --peer EXCH3=10.0.0.7\n"
	"  mtawatch-agent check --json\n"
	"\n"
	"Options\n"
	"  --json                for programs: one JSON object\n"
	"  --no-color            no colours (as with the variable NO_COLOR)\n" COMMON_OPTIONS "\n"
	"The exit status is 1 if the verdict is exposed or failing, 0 for every other verdict, "
	"and\n"
	"2 in trouble.\n";

const char *help_text(enum command command)
{
	static const char *const texts[] = { program, run, report, check };
	return texts[command];
}
