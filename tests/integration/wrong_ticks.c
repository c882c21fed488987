/*
 * A clock of Windows NT, whose milliseconds begin anew after 49.7 days, for tests, to be preloaded
 * into the agent. Once the file that WRONG_TICKS names is there, libcurl's clock stands at its
 * beginning, and a minute has passed for everybody else.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MINUTE_S 60

static int (*real_clock_gettime)(clockid_t clock, struct timespec *out);

/* ISO C knows no conversion of dlsym()'s pointer to a function. */
__attribute__((constructor)) static void begin(void)
{
	void *found = dlsym(RTLD_NEXT, "clock_gettime");
	memcpy(&real_clock_gettime, &found, sizeof found);
}

static bool is_libcurl(const void *caller)
{
	Dl_info info;
	return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libcurl");
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	const char *path = getenv("WRONG_TICKS");

	if (!real_clock_gettime)
		begin();
	int rc = real_clock_gettime(clock, out);
	if (rc != 0 || clock == CLOCK_REALTIME || !path || access(path, F_OK) != 0)
		return rc;
	if (is_libcurl(__builtin_return_address(0)))
		out->tv_sec = 1;
	else
		out->tv_sec += MINUTE_S;
	return rc;
}
