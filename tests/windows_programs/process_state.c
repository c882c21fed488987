/*
 * process_state: prints how the agent begins (the boxes that the system shows no more, as a
 * number), and the priority of a thread of it that computes, and of the same thread afterwards.
 * With an argument it ends as the agent does where it finds a mistake of its own.
 */
#include <assert.h>
#include <stdio.h>

#include <windows.h>

#include "agent/platform/process.h"

int main(int argc, char **argv)
{
	(void)argv;
	process_begin();
	assert(argc == 1);
	printf("boxes %#x\n", SetErrorMode(0));
	process_step_back(true);
	printf("computes at %d\n", GetThreadPriority(GetCurrentThread()));
	process_step_back(false);
	printf("goes on at %d\n", GetThreadPriority(GetCurrentThread()));
	return 0;
}
