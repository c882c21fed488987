#include "agent/platform/win32/patience.h"

#include <stdbool.h>

#include "agent/platform/insist.h"

_Static_assert(INSIST_ACCESS_DENIED == ERROR_ACCESS_DENIED &&
		       INSIST_SHARING_VIOLATION == ERROR_SHARING_VIOLATION &&
		       INSIST_LOCK_VIOLATION == ERROR_LOCK_VIOLATION,
	       "they are the system's codes");

/* The arguments of one of the calls below. */
struct attempt {
	const wchar_t *file;
	const wchar_t *to;
	DWORD disposition;
	SECURITY_ATTRIBUTES *attributes;
	HANDLE opened;
};

void win32_clear_read_only(const wchar_t *file)
{
	DWORD attributes = GetFileAttributesW(file);

	if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_READONLY) != 0)
		(void)SetFileAttributesW(file, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
}

static unsigned long result(bool done)
{
	return done ? ERROR_SUCCESS : GetLastError();
}

static unsigned long move(void *user)
{
	const struct attempt *a = user;

	return result(
		MoveFileExW(a->file, a->to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH));
}

static unsigned long remove_it(void *user)
{
	const struct attempt *a = user;

	return result(DeleteFileW(a->file));
}

static unsigned long open_it(void *user)
{
	struct attempt *a = user;

	a->opened = CreateFileW(a->file, GENERIC_WRITE, 0, a->attributes, a->disposition,
				FILE_ATTRIBUTE_NORMAL, NULL);
	return result(a->opened != INVALID_HANDLE_VALUE);
}

static void rest(uint32_t ms)
{
	Sleep(ms);
}

DWORD win32_replace_file(const wchar_t *from, const wchar_t *to)
{
	struct attempt attempt = { .file = from, .to = to };

	win32_clear_read_only(to);
	return insist_act(&(struct insist){ move, rest, &attempt });
}

DWORD win32_delete_file(const wchar_t *file)
{
	struct attempt attempt = { .file = file };

	win32_clear_read_only(file);
	return insist_act(&(struct insist){ remove_it, rest, &attempt });
}

DWORD win32_open_file(const wchar_t *file, DWORD disposition, SECURITY_ATTRIBUTES *attributes,
		      HANDLE *out)
{
	struct attempt attempt = { .file = file,
				   .disposition = disposition,
				   .attributes = attributes };

	win32_clear_read_only(file);
	DWORD code = insist_act(&(struct insist){ open_it, rest, &attempt });
	if (code == ERROR_SUCCESS)
		*out = attempt.opened;
	return code;
}
