#include "collector/assess.h"
#include "collector/command.h"
#include "collector/serve.h"

static const char about[] =
	"mtawatch-collector finds Exchange 5.5 servers whose MTA will not start (Q285350).\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector serve --data /var/lib/mtawatch\n"
	"  mtawatch-collector assess exch1.json exch2.json\n";

/* In the order of --help. */
static const struct command commands[] = {
	{ "serve", "take reports from agents, judge the servers, show them on a page", NULL,
	  serve_main },
	{ "assess", "judge report files, print verdicts as JSON", assess_help, assess_main },
};

int main(int argc, char **argv)
{
	return command_main(commands, sizeof commands / sizeof *commands, about, argc, argv);
}
