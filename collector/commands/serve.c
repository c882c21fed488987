#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/terminal.h"
#include "collector/cli/command.h"
#include "collector/commands/commands.h"
#include "collector/commands/mail_host.h"
#include "collector/daemon/certificates.h"
#include "collector/daemon/options.h"
#include "collector/daemon/serve.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"

static const char help[] =
	"mtawatch-collector serve: take reports, judge the servers, show them on a page.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector serve --data /var/lib/mtawatch\n"
	"  mtawatch-collector serve --listen 127.0.0.1:0 --data ./data\n"
	"  mtawatch-collector serve --config /etc/mtawatch/collector.conf --check-config\n"
	"\n"
	"Prints the address that it listens on. SIGTERM or SIGINT ends it cleanly; SIGHUP makes "
	"it\n"
	"read its settings again.\n"
	"Exit status: 0 ended as asked, 1 could not begin, 2 wrong usage or a wrong setting.\n"
	"\n"
	"Options (each setting also as \"key = value\" in the file):\n";

static int print_text(struct buffer *text)
{
	size_t size = 0;
	char *bytes = buffer_take(text, &size);
	bool failed = fwrite(bytes, 1, size, stdout) != size || fflush(stdout) != 0;

	free(bytes);
	return failed ? SERVE_EXIT_FAILED : SERVE_EXIT_OK;
}

static int print_help(void)
{
	struct buffer text;

	buffer_init(&text);
	buffer_add_text(&text, help);
	options_help(&text);
	return print_text(&text);
}

static int print_options(const struct options *options)
{
	struct buffer text;

	buffer_init(&text);
	options_print(options, &text);
	return print_text(&text);
}

static void print_warning(void *user, const char *text)
{
	size_t *n = user;

	(*n)++;
	terminal_warn("warning: %s", text);
}

static int check_settings(const struct options *options)
{
	char error[CERTIFICATES_ERROR_SIZE];
	size_t n_warnings = 0;

	if (!certificates_check(options, print_warning, &n_warnings, error)) {
		terminal_warn("%s", error);
		return COMMAND_EXIT_USAGE;
	}
	mail_host_check(options, NULL, print_warning, &n_warnings);
	puts(n_warnings == 0 ? "the settings are good"
			     : "the settings can be used; what is not as it should be is in the "
			       "warnings");
	return fflush(stdout) == 0 ? SERVE_EXIT_OK : SERVE_EXIT_FAILED;
}

/* The same program in the same process, so that its service manager sees no end. */
static int begin_anew(int argc, char **argv)
{
	static char self[] = "/proc/self/exe";
	char **all = mem_alloc_array((size_t)argc + 3, sizeof *all);

	all[0] = (char[]){ "mtawatch-collector" };
	all[1] = (char[]){ "serve" };
	memcpy(all + 2, argv, (size_t)argc * sizeof *all);
	execv(self, all);
	terminal_warn("could not begin anew with '%s': %s", self, strerror(errno));
	free(all);
	return SERVE_EXIT_FAILED;
}

static int serve(const struct options *options, int argc, char **argv)
{
	int rc = serve_run(options, argc, argv);

	return rc == SERVE_BEGIN_ANEW ? begin_anew(argc, argv) : rc;
}

static int act(const struct options *options, int argc, char **argv)
{
	if (options->print_only)
		return print_options(options);
	return options->check_only ? check_settings(options) : serve(options, argc, argv);
}

int serve_main(int argc, char **argv)
{
	struct arena arena;
	struct options options;
	struct faults faults;
	int rc = COMMAND_EXIT_USAGE;

	if (command_asks_for_help(argc, argv))
		return print_help();
	arena_init(&arena);
	if (options_read(&options, argc, argv, &arena, &faults) == STATUS_OK)
		rc = act(&options, argc, argv);
	for (size_t i = 0; i < faults.n; i++)
		terminal_warn("%s", faults.texts[i]);
	arena_deinit(&arena);
	return rc;
}
