#include "agent/platform/process.h"

#include <stdlib.h>
#include <time.h>

void process_begin(void)
{
}

void process_end(int code)
{
	exit(code);
}

void process_step_back(bool back)
{
	(void)back; /* who has made himself nicer may not take it back */
}

uint32_t process_tick_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

int64_t process_wall_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
