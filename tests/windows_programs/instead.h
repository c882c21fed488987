/*
 * A function of a test's own in the place of one that a program would import from a DLL: everything
 * that is linked with it calls this one. The file is compiled without link-time optimization.
 *
 *	static UINT WINAPI page_of_console(void) { ... }
 *	INSTEAD_OF("GetConsoleOutputCP@0", page_of_console)
 */
#pragma once

/* What a file of an import library has: the place for the address, and a call that jumps there. */
#define INSTEAD_OF(name, function)                                                                 \
	extern __typeof__(&(function)) instead_##function __asm__("__imp__" name);                 \
	__typeof__(&(function)) instead_##function = (function);                                   \
	void jump_to_##function(void) __asm__("_" name);                                           \
	__attribute__((naked)) void jump_to_##function(void)                                       \
	{                                                                                          \
		__asm__("jmp *__imp__" name);                                                      \
	}
