#include "collector/cli/command.h"
#include "collector/commands/commands.h"

static const char about[] =
	"mtawatch-collector finds Exchange 5.5 servers whose MTA will not start (Q285350).\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector init --host collector.example.com\n"
	"  mtawatch-collector serve --data /var/lib/mtawatch\n"
	"  mtawatch-collector assess exch1.json exch2.json\n";

/* In the order of --help. */
static const struct command commands[] = {
	{ "init", "set up a data directory: certificates, first secrets", init_help, init_main },
	{ "serve", "take reports from agents, judge the servers, show them on a page", NULL,
	  serve_main },
	{ "login", "keep which collector the commands below ask, and with which token", login_help,
	  login_main },
	{ "servers", "show the servers that a running collector watches", servers_help,
	  servers_main },
	{ "server", "show one server: why, what to do, its paths", server_help, server_main },
	{ "restart-check", "tell whether servers may be restarted", restart_check_help,
	  restart_check_main },
	{ "plan", "tell the fewest changes that make a site safe, in order", plan_help, plan_main },
	{ "what-if", "tell what changes of a site would bring", what_if_help, what_if_main },
	{ "sites", "show the sites, worst first, with their servers by verdict", sites_help,
	  sites_main },
	{ "matrix", "show which adapter of a site reaches which server", matrix_help, matrix_main },
	{ "report", "write a site as a page to print, for people without a login", report_help,
	  report_main },
	{ "alerts", "show the alerts that fire or are about to", alerts_help, alerts_main },
	{ "acknowledge", "say that somebody looks after alerts", acknowledge_help,
	  acknowledge_main },
	{ "silence", "tell nobody of some alerts for a while; list and end that", silence_help,
	  silence_main },
	{ "remark", "say whose a server or a site is, and write a note about it", remark_help,
	  remark_main },
	{ "token", "make, list, revoke the tokens of people and programs", token_help, token_main },
	{ "secret", "make, list, revoke the secrets with which agents enrol", secret_help,
	  secret_main },
	{ "agents", "list the agents that have enrolled, release one", agents_help, agents_main },
	{ "collectors", "show who shares the database and who judges, hand that over",
	  collectors_help, collectors_main },
	{ "hook", "list the hooks, try one", hook_help, hook_main },
	{ "inventory", "tell which servers there should be", inventory_help, inventory_main },
	{ "decommission", "take a server out of the fleet that is no more", decommission_help,
	  decommission_main },
	{ "import", "give a collector reports that were carried by hand", import_help,
	  import_main },
	{ "backup", "copy the store into a file, also while a collector runs", backup_help,
	  backup_main },
	{ "restore", "make the store from a backup", restore_help, restore_main },
	{ "check", "find out whether the store, or a backup, is whole", check_help, check_main },
	{ "export", "print the reports of the store as JSON", export_help, export_main },
	{ "assess", "judge report files, print verdicts as JSON", assess_help, assess_main },
};

int main(int argc, char **argv)
{
	return command_main(commands, sizeof commands / sizeof *commands, about, argc, argv);
}
