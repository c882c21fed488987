#include "agent/commands/help.h"

#include "agent/config/settings.h"
#include "proto/base/option_help.h"

#define COLUMN 24 /* where the words about an option begin */

static const char config_help[] = "reads KEY = VALUE lines; keys are the option names without\n"
				  "dashes, switches are yes or no (mtawatch-agent.conf beside\n"
				  "the program; on Linux /etc/mtawatch/agent.conf)";

/* The groups that are listed under a heading of their own. */
static const struct section {
	const char *heading;
	unsigned groups;
} sections[] = {
	{ "Options", SETTING_ONCE | SETTING_JSON | SETTING_COLOR | SETTING_OUTPUT |
			     SETTING_RELEASING | SETTING_RESTARTING },
	{ "The way to the collector", SETTING_REPORTING },
	{ "Probing", SETTING_PROBING },
	{ "State and messages", SETTING_KEEPING },
	{ "A disk instead of this machine", SETTING_DISK },
};

static void add_section(struct buffer *out, const struct section *section, unsigned taken)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);
	bool begun = false;

	for (size_t i = 0; i < n; i++) {
		char option[32];
		if (!(all[i].group & section->groups & taken))
			continue;
		if (!begun)
			buffer_printf(out, "\n%s\n", section->heading);
		begun = true;
		(void)snprintf(option, sizeof option, "--%s", all[i].value.name);
		option_help_add(out, COLUMN, option, all[i].argument, all[i].help);
	}
}

static void print_command(FILE *stream, const struct command *command)
{
	struct buffer out = { 0 };

	buffer_printf(&out, "mtawatch-agent %s%s%s\n\n%s", command->name,
		      *command->usage ? " " : "", command->usage, command->about);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		add_section(&out, &sections[i], command->options);
	buffer_add_text(&out, "\nEverywhere\n");
	if (command->options & SETTING_CONFIGURED)
		option_help_add(&out, COLUMN, "--config", "FILE", config_help);
	option_help_add(&out, COLUMN, "-h, --help", NULL, "prints this");
	fputs(out.bytes, stream);
	fprintf(stream, "\n%s", command->exit_text);
	buffer_deinit(&out);
}

static void print_program(FILE *stream)
{
	size_t n = 0;
	const struct command *all = command_list(&n);

	fputs("mtawatch-agent tells whether this server's Exchange 5.5 MTA will start (Q285350).\n"
	      "\n"
	      "Examples\n"
	      "  mtawatch-agent check --peer EXCH2=10.0.0.6\n"
	      "  mtawatch-agent run --collector https://collector.example\n"
	      "  mtawatch-agent check --windows-root D:\\dead-server --disk-only\n"
	      "\n"
	      "Commands\n",
	      stream);
	for (size_t i = 0; i < n; i++)
		fprintf(stream, "  %-10s %s\n", all[i].name, all[i].summary);
	fputs("\n"
	      "mtawatch-agent COMMAND --help tells more of each. mtawatch-agent --version.\n"
	      "The exit status is 2 where the command line is wrong or something could not be "
	      "done.\n",
	      stream);
}

bool help_print(FILE *stream, const struct command *command)
{
	if (command)
		print_command(stream, command);
	else
		print_program(stream);
	return fflush(stream) == 0 && !ferror(stream);
}

bool help_print_version(FILE *stream)
{
	fputs("mtawatch-agent " MTAWATCH_VERSION "\n"
	      "The oldest Windows that it runs on is Windows NT 4.0 SP6a, on 32-bit x86: a\n"
	      "Pentium Pro or later.\n",
	      stream);
	return fflush(stream) == 0 && !ferror(stream);
}
