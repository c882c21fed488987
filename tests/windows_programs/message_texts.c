/*
 * message_texts PROGRAM.exe: the text of each event of ours, out of the message file in PROGRAM:
 * once as Windows makes it (FormatMessage), once as the agent reads message files. One line each:
 * id, severity bits, Windows' text, ours; the strings are "<one>" and "<two>".
 */
#include <stdio.h>
#include <wchar.h>

#include <windows.h>

#include "agent/host/announce.h"
#include "agent/platform/win32/text.h"
#include "proto/windows/codepage.h"
#include "proto/windows/message_table.h"

static const char *const strings[] = { "<one>", "<two>" };

static DWORD full_id(const struct announce_row *row)
{
	static const DWORD bits[] = {
		[HOST_SEVERITY_INFORMATION] = 0x40000000,
		[HOST_SEVERITY_WARNING] = 0x80000000,
		[HOST_SEVERITY_ERROR] = 0xC0000000,
	};
	return bits[row->severity] | row->id;
}

static const char *windows_text(HMODULE module, DWORD id, struct arena *arena)
{
	wchar_t text[1024];
	DWORD_PTR arguments[] = { (DWORD_PTR)L"<one>", (DWORD_PTR)L"<two>" };
	DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY,
				 module, id, 0, text, 1024, (va_list *)arguments);
	while (n > 0 && (text[n - 1] == L'\n' || text[n - 1] == L'\r'))
		text[--n] = L'\0';
	return n > 0 ? win32_narrow(text, arena) : "-";
}

static const char *our_text(HMODULE module, DWORD id, struct arena *arena)
{
	HRSRC resource = FindResourceW(module, MAKEINTRESOURCEW(1), MAKEINTRESOURCEW(11));
	HGLOBAL loaded = resource ? LoadResource(module, resource) : NULL;
	struct message_table_entry message;
	if (!loaded || !message_table_find(LockResource(loaded), SizeofResource(module, resource),
					   id, &message))
		return "-";
	const char *pattern = codepage_from_utf16le(arena, message.bytes, message.size);
	return message_table_fill(pattern, strings, 2, arena);
}

int main(int argc, char **argv)
{
	HMODULE module = argc == 2 ? LoadLibraryExA(argv[1], NULL, LOAD_LIBRARY_AS_DATAFILE) : NULL;
	struct arena arena;

	if (!module) {
		fputs("usage: message_texts PROGRAM.exe\n", stderr);
		return 2;
	}
	arena_init(&arena);
	for (unsigned i = 0; i < ANNOUNCE_COUNT; i++) {
		const struct announce_row *row = announce_row((enum announcement)i);
		DWORD id = full_id(row);
		printf("%u\t%08lx\t%s\t%s\n", row->id, id, windows_text(module, id, &arena),
		       our_text(module, id, &arena));
	}
	arena_deinit(&arena);
	return 0;
}
