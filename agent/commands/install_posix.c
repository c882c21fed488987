#include "agent/commands/command.h"

#include "agent/platform/log.h"

static int not_here(const char *name)
{
	log_error("%s is for Windows; on this system its own supervisor (systemd, say) runs "
		  "'mtawatch-agent run'",
		  name);
	return EXIT_TROUBLE;
}

int command_install(const struct call *call)
{
	(void)call;
	return not_here("install");
}

int command_uninstall(const struct call *call)
{
	(void)call;
	return not_here("uninstall");
}
