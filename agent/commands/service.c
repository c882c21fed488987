/* The command that the service control manager runs. */
#include "agent/commands/command.h"

#include <stdlib.h>

#include "agent/config/config.h"
#include "agent/host/announce.h"
#include "agent/platform/log.h"
#include "agent/run/run.h"
#include "agent/service/service.h"
#include "agent/service/signals.h"

struct serving {
	const struct call *call;
	struct host *host; /* never closed: a late thread of the agent's may still use it */
};

/* The service runs. */
static void on_ready(void *user)
{
	struct serving *s = user;
	struct arena arena;

	service_ready();
	arena_init(&arena);
	const char *collectors = option_urls_text(&s->call->options->collectors, &arena);
	announce(s->host, ANNOUNCE_STARTED, MTAWATCH_VERSION,
		 collectors ? arena_printf(&arena, "It reports to %s.", collectors)
			    : "No collector is set: until one is, it judges this server alone.");
	arena_deinit(&arena);
	service_keep_alive();
}

/* On the service manager's thread; only once it runs. */
static void on_stop(void *user)
{
	struct serving *s = user;

	announce(s->host, ANNOUNCE_STOPPED, MTAWATCH_VERSION, NULL);
}

static int run_service(struct serving *s)
{
	const struct run_hooks hooks = { on_ready, s, SERVICE_LOG_NAME };

	if (signals_start(s->host) != STATUS_OK)
		log_warning("could not prepare for the system's signals");
	service_protect();
	config_use_host(s->call->config, s->host);
	service_progress();
	if (run(s->host, s->call->config, signals_stopped, &hooks) == STATUS_OK)
		return EXIT_SUCCESS;
	announce(s->host, ANNOUNCE_NOT_STARTED, MTAWATCH_VERSION, log_last_error());
	return EXIT_TROUBLE;
}

/* On the service's thread. */
static int serve(void *user)
{
	struct serving *s = user;
	struct host_options where = { .image_root = s->call->options->image_root,
				      .disk_only = s->call->options->disk_only,
				      .writes_events = true };
	struct os_error error;

	if (host_open(&s->host, &where, &error) != STATUS_OK) {
		log_error("could not look at this machine: %s", error.text);
		return EXIT_TROUBLE;
	}
	return run_service(s);
}

int command_service(const struct call *call)
{
	struct serving serving = { .call = call };
	const struct service_body body = { serve, on_stop, &serving };
	struct os_error error;
	enum status status = service_run(&body, &error);

	if (status == STATUS_UNSUPPORTED)
		log_error("this command is for the service manager alone (%s); 'mtawatch-agent "
			  "install' makes the service, 'mtawatch-agent run' runs here",
			  error.text);
	else if (status != STATUS_OK)
		log_error("could not become a service: %s", error.text);
	return status == STATUS_OK ? EXIT_SUCCESS : EXIT_TROUBLE;
}
