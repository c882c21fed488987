/*
 * hold_session: does nothing until it is ended. Wine stops its services some seconds after the last
 * program has ended; a test of services runs this meanwhile.
 */
#include <windows.h>

int main(void)
{
	Sleep(INFINITE);
	return 0;
}
