/*
 * The start of the Windows agent, in place of that of mingw's C runtime: 8 KB that prepare what is
 * not used here: arguments and environment (GetCommandLineW() is asked), constructors, relocations of
 * imported variables, storage of threads, signals made of faults of the processor.
 */
#include <stdlib.h>

int main(int argc, char **argv);
void __main(void);
_Noreturn void agent_start(void);

/* GCC calls it at the begin of main(), for constructors, of which there are none. */
void __main(void)
{
}

/* The C runtime asks it where to show its own messages: on the console. */
#define CONSOLE_PROGRAM 1
void __cdecl __set_app_type(int type);

_Noreturn void agent_start(void)
{
	__set_app_type(CONSOLE_PROGRAM);
	exit(main(0, NULL));
}
