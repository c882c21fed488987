#include "agent/commands/command.h"

#include <string.h>

#include "agent/config/settings.h"

static const struct command commands[] = {
	{
		.name = "run",
		.summary = "watch this server and report to the collector until Ctrl-C",
		.usage = "--collector URL [OPTION...]",
		.about = "Collects the facts, probes the peers, sends a report, again and again "
			 "until\n"
			 "SIGINT, SIGTERM or Ctrl-C. Reports that cannot be sent are kept on disk "
			 "and\n"
			 "sent later. Messages go to standard error.\n"
			 "\n"
			 "Examples\n"
			 "  mtawatch-agent run --collector https://collector.example --ca-file "
			 "ca.pem\n"
			 "  mtawatch-agent run --config /etc/mtawatch/agent.conf\n",
		.exit_text = "The exit status is 0 at the end, 2 in trouble.\n",
		.options = SETTING_CONFIGURED | SETTING_ONCE,
		.needs_host = true,
		.run = command_run,
	},
	{
		.name = "report",
		.summary = "print the report that would be sent, as JSON",
		.usage = "[OPTION...]",
		.about = "Runs one cycle and prints the report that would be sent, as one line of "
			 "JSON\n"
			 "on standard output. Sends nothing and changes nothing.\n"
			 "\n"
			 "Examples\n"
			 "  mtawatch-agent report --peer EXCH2=10.0.0.6 > report.json\n"
			 "  mtawatch-agent report --windows-root /mnt/c --disk-only\n",
		.exit_text = "The exit status is 0, or 2 in trouble.\n",
		.options = SETTING_PROBING | SETTING_KEEPING | SETTING_DISK,
		.needs_host = true,
		.run = command_report,
	},
	{
		.name = "check",
		.summary = "judge this server alone, for people",
		.usage = "[OPTION...]",
		.about = "Runs one cycle and judges this server by it, without a collector: the\n"
			 "verdict, why, what to do about it, what is not known. Sends nothing and\n"
			 "changes nothing. Probes the peers that the collector dealt last (they "
			 "are in\n"
			 "the state directory) and those that are named.\n"
			 "\n"
			 "Examples\n"
			 "  mtawatch-agent check --peer EXCH2=10.0.0.6 --peer EXCH3=10.0.0.7\n"
			 "  mtawatch-agent check --json\n"
			 "  mtawatch-agent check --before-restart && shutdown /r\n",
		.exit_text = "The exit status is 1 if the verdict is exposed or failing, 0 for "
			     "every other\n"
			     "verdict, and 2 in trouble; with --before-restart 0 if its MTA would "
			     "start\n"
			     "again, 1 if not, 3 if it cannot tell, and 2 in trouble.\n",
		.options = SETTING_PROBING | SETTING_KEEPING | SETTING_DISK | SETTING_JSON |
			   SETTING_COLOR | SETTING_RESTARTING,
		.needs_host = true,
		.run = command_check,
	},
	{
		.name = "config",
		.summary = "print each setting, where it comes from, and what does not count",
		.usage = "[OPTION...]",
		.about = "Prints the settings in force. Each comes from the highest place that has "
			 "it:\n"
			 "the command line, the policy (HKLM\\Software\\Policies\\mtawatch), the\n"
			 "installer's values (HKLM\\Software\\mtawatch), the configuration file, "
			 "the\n"
			 "default. Values that are not valid are named and do not count. Secrets "
			 "are\n"
			 "never printed: they are in files of their own.\n"
			 "\n"
			 "Examples\n"
			 "  mtawatch-agent config\n"
			 "  mtawatch-agent config --json\n",
		.exit_text =
			"The exit status is 0, 1 if a value does not count, or 2 in trouble.\n",
		.options = SETTING_CONFIGURED | SETTING_JSON,
		.needs_host = true,
		.run = command_config,
	},
	{
		.name = "doctor",
		.summary = "tell why the collector cannot be reached, step by step",
		.usage = "[OPTION...]",
		.about =
			"Goes the way of a report and tells of each step what came of it: "
			"settings, state\n"
			"directory, name, route, port, proxy, TLS (subject, issuer, expiry, public "
			"key),\n"
			"collector, clock, key; and what to do next. Changes nothing and sends no "
			"report.\n"
			"\n"
			"Examples\n"
			"  mtawatch-agent doctor\n"
			"  mtawatch-agent doctor --collector https://collector.example --ca-file "
			"ca.pem\n",
		.exit_text = "The exit status is 0 if every step is well, 1 if one failed, 2 in "
			     "trouble.\n",
		.options = SETTING_CONFIGURED | SETTING_JSON | SETTING_COLOR,
		.needs_host = true,
		.run = command_doctor,
	},
	{
		.name = "selftest",
		.summary = "ask this system once for each thing that the agent relies on",
		.usage = "[OPTION...]",
		.about =
			"One line a thing: whether the system answered as it should, its code, how "
			"long it\n"
			"took, what it said. Nobody else is asked but perhaps a name server; "
			"nothing "
			"is secret.\n"
			"Writes and removes a file in the current folder. For old systems that "
			"nobody had\n"
			"at hand: docs/nt-checklist.md.\n",
		.exit_text =
			"The exit status is 0 if all answered so, 1 if something did not, 2 in "
			"trouble.\n",
		.options = SETTING_OUTPUT | SETTING_DISK,
		.needs_host = true,
		.run = command_selftest,
	},
	{
		.name = "service",
		.summary = "what Windows' service manager runs; for nobody else",
		.usage = "[OPTION...]",
		.about = "The command 'run' as a Windows service. 'mtawatch-agent install' and the "
			 "package\n"
			 "make the service; net start mtawatch-agent starts it. What it has to "
			 "tell goes to\n"
			 "the Application log (source mtawatch) and to the log file.\n",
		.exit_text = "The exit status is 0 at the end, 2 in trouble.\n",
		.options = SETTING_CONFIGURED,
		.run = command_service,
	},
	{
		.name = "install",
		.summary = "make the Windows service out of this program, or bring it up to date",
		.usage = "[OPTION...]",
		.about =
			"Copies this program to %ProgramFiles%\\mtawatch, keeps the settings that "
			"are given\n"
			"(HKLM\\Software\\mtawatch), registers the source of the agent's events, "
			"makes the\n"
			"service mtawatch-agent, starts it and waits until it runs. Done again, it "
			"replaces\n"
			"the program, changes the settings that are given, and leaves the others.\n"
			"Needs an administrator and no installer.\n"
			"\n"
			"Examples\n"
			"  mtawatch-agent install --collector https://collector.example --ca-file "
			"ca.pem\n"
			"  \\\\server\\share\\mtawatch-agent install --pin sha256//...\n",
		.exit_text = "The exit status is 0 when the service runs, else 2.\n",
		.options = SETTING_REPORTING | SETTING_PROBING | SETTING_KEEPING,
		.run = command_install,
	},
	{
		.name = "uninstall",
		.summary = "remove the Windows service and all that it has left",
		.usage = "[OPTION...]",
		.about = "Stops the service, gives this server's name back to the collector, "
			 "removes the\n"
			 "service, the source of its events, its settings, its state and the "
			 "program.\n",
		.exit_text = "The exit status is 0 when nothing is left, else 2.\n",
		.options = SETTING_RELEASING | SETTING_REPORTING | SETTING_KEEPING,
		.needs_host = true,
		.run = command_uninstall,
	},
	{
		.name = "forget",
		.summary = "give the name back to the collector and remove the state",
		.usage = "[OPTION...]",
		.about = "What uninstall does first, alone; the package runs it when it is "
			 "removed.\n",
		.exit_text = "The exit status is 0 when nothing is left, else 2.\n",
		.options = SETTING_RELEASING | SETTING_REPORTING | SETTING_KEEPING,
		.needs_host = true,
		.run = command_forget,
	},
};

const struct command *command_list(size_t *n)
{
	*n = sizeof commands / sizeof *commands;
	return commands;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}
