/*
 * The commands of mtawatch-agent, one row each in commands.c: what it is called, what --help says
 * of it, which options it takes, what it does. A new command is a new row.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"

/* check: exposed or failing; config: a value does not count; doctor, selftest: not all is well */
#define EXIT_ALARM       1
#define EXIT_TROUBLE     2 /* something could not be done; it was logged */
#define EXIT_CANNOT_TELL 3 /* check --before-restart */

struct config;
struct options;

/* The context of a command. */
struct call {
	const struct options *options; /* of `config`; follows it */
	struct config *config;         /* can be read again, and tells origins */
	struct host *host;             /* NULL unless the command's `needs_host` */
	struct arena *arena;
};

struct command {
	const char *name;
	const char *summary;   /* one line in the program's help */
	const char *usage;     /* behind the program's and the command's name: "[OPTION...]" */
	const char *about;     /* paragraphs and examples, whole lines */
	const char *exit_text; /* whole lines about the exit status */
	unsigned options;      /* the groups of options that it takes: SETTING_... of settings.h */
	bool needs_host;       /* opens the machine, and ends by signal through signals_stopped() */
	int (*run)(const struct call *call); /* gives the exit status */
};

/* All of them, in the order of the help. */
const struct command *command_list(size_t *n);

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

/* The commands' functions. */
int command_run(const struct call *call);
int command_report(const struct call *call);
int command_check(const struct call *call);
int command_config(const struct call *call);
int command_doctor(const struct call *call);
int command_selftest(const struct call *call);
int command_service(const struct call *call);
int command_install(const struct call *call);
int command_uninstall(const struct call *call);
int command_forget(const struct call *call);
