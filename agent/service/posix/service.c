#include "agent/service/service.h"

#include "agent/platform/error.h"

enum status service_run(const struct service_body *body, struct os_error *error)
{
	(void)body;
	return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE,
		       "this system has no service control manager; let its own supervisor "
		       "(systemd, say) run 'mtawatch-agent run'");
}

void service_progress(void)
{
}

void service_ready(void)
{
}

void service_protect(void)
{
}

void service_keep_alive(void)
{
}
