#include "agent/host/win32/messages.h"

#include <stdint.h>

#include "agent/platform/win32/text.h"
#include "proto/windows/codepage.h"
#include "proto/windows/message_table.h"

#include <windows.h>

#define SOURCES_KEY "SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\"

#define MESSAGE_TABLE_TYPE 11 /* RT_MESSAGETABLE; its macro is of the ANSI calls' type */
#define MESSAGE_TABLE_NAME 1  /* the only one that message compilers write */

struct table {
	const void *bytes;
	size_t size;
};

/*
 * How many bytes of the module are mapped from `at` on: of a damaged file, the resource may lie
 * anywhere, and run past the end. The lowest bits of a module's handle mark it as data.
 */
static size_t mapped_from(HMODULE module, const void *at)
{
	MEMORY_BASIC_INFORMATION region;
	if (VirtualQuery(at, &region, sizeof region) != sizeof region ||
	    region.State != MEM_COMMIT || (region.Protect & (PAGE_NOACCESS | PAGE_GUARD)) ||
	    (uintptr_t)region.AllocationBase != ((uintptr_t)module & ~(uintptr_t)3))
		return 0;
	return region.RegionSize - (size_t)((const char *)at - (const char *)region.BaseAddress);
}

static struct table table_of(HMODULE module)
{
	struct table table = { NULL, 0 };
	HRSRC resource = FindResourceW(module, MAKEINTRESOURCEW(MESSAGE_TABLE_NAME),
				       MAKEINTRESOURCEW(MESSAGE_TABLE_TYPE));
	HGLOBAL loaded = resource ? LoadResource(module, resource) : NULL;
	table.bytes = loaded ? LockResource(loaded) : NULL;
	if (!table.bytes)
		return table;
	size_t size = SizeofResource(module, resource);
	size_t mapped = mapped_from(module, table.bytes);
	table.size = size < mapped ? size : mapped;
	return table;
}

/* In UTF-8; of UTF-16 what a message has as such, otherwise in the system's code page. */
static const char *pattern_of(const struct message_table_entry *message, struct arena *arena)
{
	if (message->utf16)
		return codepage_from_utf16le(arena, message->bytes, message->size);
	int size = (int)message->size; /* at most what 16 bits hold */
	wchar_t *wide = arena_alloc_array(arena, message->size + 1, sizeof *wide);
	if (size > 0)
		MultiByteToWideChar(CP_ACP, 0, (const char *)message->bytes, size, wide, size);
	return win32_narrow(wide, arena);
}

static void put_texts_of(const struct table *table, struct host_event *events, size_t n,
			 struct arena *arena)
{
	struct message_table_entry message;
	for (size_t i = 0; i < n; i++) {
		struct host_event *event = &events[i];
		if (event->text ||
		    !message_table_find(table->bytes, table->size, event->full_id, &message))
			continue;
		const char *text = message_table_fill(pattern_of(&message, arena), event->strings,
						      event->n_strings, arena);
		if (*text)
			event->text = text;
	}
}

/*
 * The longest path that the environment's variables may grow to; Windows' own calls take no more.
 */
static bool expand(const wchar_t *name, wchar_t path[MAX_PATH])
{
	DWORD length = ExpandEnvironmentStringsW(name, path, MAX_PATH);
	return length > 1 && length <= MAX_PATH;
}

static void put_texts_of_file(const wchar_t *name, struct host_event *events, size_t n,
			      struct arena *arena)
{
	wchar_t path[MAX_PATH];
	if (!expand(name, path))
		return;
	HMODULE module = LoadLibraryExW(path, NULL, LOAD_LIBRARY_AS_DATAFILE);
	if (!module)
		return;
	struct table table = table_of(module);
	put_texts_of(&table, events, n, arena);
	FreeLibrary(module);
}

/* Cuts the next name off the list of files, which is separated by ';' and written into. */
static wchar_t *next_name(wchar_t **list)
{
	wchar_t *name = *list;
	while (*name == L' ' || *name == L';')
		name++;
	wchar_t *end = name;
	while (*end && *end != L';')
		end++;
	*list = *end ? end + 1 : end;
	*end = L'\0';
	return *name ? name : NULL;
}

void host_messages_put(struct host *host, const char *source, struct host_event *events, size_t n,
		       struct arena *arena)
{
	struct host_value files;
	struct os_error error;
	const char *key = arena_printf(arena, SOURCES_KEY "%s", source);
	if (n == 0 ||
	    host_read_value(host, key, "EventMessageFile", arena, &files, &error) != STATUS_OK)
		return;
	if (files.kind != HOST_VALUE_STRING)
		return;
	wchar_t *list = win32_wide(files.text, arena);
	for (size_t i = 0; i < HOST_MESSAGES_MAX_FILES; i++) {
		wchar_t *name = next_name(&list);
		if (!name)
			return;
		put_texts_of_file(name, events, n, arena);
	}
}
