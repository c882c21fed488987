#include "agent/platform/win32/access_list.h"

#include <windows.h>

#include <stdbool.h>
#include <stdlib.h>

#include "proto/base/mem.h"
#include "proto/windows/owner.h"

#define ACL_SIZE 128 /* bytes: a head and three entries of at most 8 + 16 */

struct private_attributes {
	SECURITY_ATTRIBUTES attributes; /* first: it is what is given out */
	SECURITY_DESCRIPTOR descriptor;
	union {
		ACL acl;
		BYTE room[ACL_SIZE];
	} list;
};

/* An entry for an account of the NT authority; `flags` tell what inherits it. */
struct entry {
	BYTE n; /* parts of its SID that count */
	DWORD first, second;
	DWORD rights;
	BYTE flags;
};

static bool allow(ACL *acl, const struct entry *entry)
{
	SID_IDENTIFIER_AUTHORITY authority = { SECURITY_NT_AUTHORITY };
	PSID sid = NULL;
	void *ace = NULL;

	if (!AllocateAndInitializeSid(&authority, entry->n, entry->first, entry->second, 0, 0, 0, 0,
				      0, 0, &sid))
		return false;
	bool done = AddAccessAllowedAce(acl, ACL_REVISION, entry->rights, sid) &&
		    GetAce(acl, acl->AceCount - 1u, &ace);
	FreeSid(sid);
	if (done)
		((ACE_HEADER *)ace)->AceFlags = entry->flags;
	return done;
}

static void *attributes_new(const struct entry *entries, size_t n)
{
	struct private_attributes *p = mem_alloc(sizeof *p);
	ACL *acl = &p->list.acl;
	bool good = InitializeAcl(acl, sizeof p->list, ACL_REVISION);

	for (size_t i = 0; good && i < n; i++)
		good = allow(acl, &entries[i]);
	if (!good || !InitializeSecurityDescriptor(&p->descriptor, SECURITY_DESCRIPTOR_REVISION) ||
	    !SetSecurityDescriptorDacl(&p->descriptor, TRUE, acl, FALSE)) {
		free(p);
		return NULL;
	}
	/* By hand: SetSecurityDescriptorControl came with Windows 2000, whose folders inherit. */
	p->descriptor.Control |= SE_DACL_PROTECTED;
	p->attributes = (SECURITY_ATTRIBUTES){ .nLength = sizeof p->attributes,
					       .lpSecurityDescriptor = &p->descriptor };
	return p;
}

void *access_list_new_private(void)
{
	static const struct entry entries[] = {
		{ 1, SECURITY_LOCAL_SYSTEM_RID, 0, GENERIC_ALL, 0 },
		{ 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, GENERIC_ALL, 0 },
	};

	return attributes_new(entries, sizeof entries / sizeof *entries);
}

void *access_list_new_readable(void)
{
	static const BYTE down = OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE;
	static const struct entry entries[] = {
		{ 1, SECURITY_LOCAL_SYSTEM_RID, 0, GENERIC_ALL, down },
		{ 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, GENERIC_ALL, down },
		{ 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_USERS,
		  GENERIC_READ | GENERIC_EXECUTE, down },
	};

	return attributes_new(entries, sizeof entries / sizeof *entries);
}

/* A descriptor that names Administrators the owner. */
static SECURITY_DESCRIPTOR *administrators_own(void)
{
	static const struct {
		SID sid; /* with its first part */
		DWORD second;
	} administrators = {
		{ SID_REVISION, 2, { SECURITY_NT_AUTHORITY }, { SECURITY_BUILTIN_DOMAIN_RID } },
		DOMAIN_ALIAS_RID_ADMINS
	};
	static SECURITY_DESCRIPTOR descriptor = { .Revision = SECURITY_DESCRIPTOR_REVISION };

	descriptor.Owner = (PSID)(uintptr_t)&administrators.sid;
	return &descriptor;
}

unsigned long access_list_set_file(const wchar_t *path, const void *attributes)
{
	const SECURITY_ATTRIBUTES *list = attributes;

	/* The owner was looked at; that the file is a group's from now on may be refused. */
	(void)SetFileSecurityW(path, OWNER_SECURITY_INFORMATION, administrators_own());
	return SetFileSecurityW(path, DACL_SECURITY_INFORMATION, list->lpSecurityDescriptor)
		       ? NO_ERROR
		       : GetLastError();
}

static LONG set_key(const wchar_t *path, DWORD right, SECURITY_INFORMATION what, void *descriptor)
{
	HKEY key = NULL;
	LONG code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, right, &key);

	if (code != ERROR_SUCCESS)
		return code;
	code = RegSetKeySecurity(key, what, descriptor);
	RegCloseKey(key);
	return code;
}

unsigned long access_list_set_key(const wchar_t *path, const void *attributes)
{
	const SECURITY_ATTRIBUTES *list = attributes;

	(void)set_key(path, WRITE_OWNER, OWNER_SECURITY_INFORMATION, administrators_own());
	LONG code = set_key(path, WRITE_DAC, DACL_SECURITY_INFORMATION, list->lpSecurityDescriptor);
	return code == ERROR_FILE_NOT_FOUND ? NO_ERROR : (unsigned long)code;
}

#define DESCRIPTOR_SIZE 256 /* bytes: a head and an owner */

/* The fault of an owner whose reading ended with `code`; NULL: a good one, as ours is. */
static const char *fault_of(LONG code, const BYTE descriptor[DESCRIPTOR_SIZE], struct arena *arena)
{
	union {
		TOKEN_USER user;
		BYTE bytes[sizeof(TOKEN_USER) + OWNER_MAX_SID];
	} self;
	DWORD size = 0;
	DWORD n = 0;
	HANDLE token = NULL;

	if (code != ERROR_SUCCESS)
		return code == ERROR_ACCESS_DENIED ? "does not let its owner be seen" : NULL;
	if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
		if (GetTokenInformation(token, TokenUser, self.bytes, sizeof self, &size))
			n = GetLengthSid(self.user.User.Sid);
		CloseHandle(token);
	}
	return owner_fault(descriptor, DESCRIPTOR_SIZE, n > 0 ? self.user.User.Sid : NULL, n,
			   arena);
}

const char *access_list_file_fault(const wchar_t *path, struct arena *arena)
{
	BYTE bytes[DESCRIPTOR_SIZE];
	DWORD n = 0;
	bool read = GetFileSecurityW(path, OWNER_SECURITY_INFORMATION, bytes, sizeof bytes, &n);

	return fault_of(read ? NO_ERROR : (LONG)GetLastError(), bytes, arena);
}

const char *access_list_key_fault(const wchar_t *path, struct arena *arena)
{
	BYTE bytes[DESCRIPTOR_SIZE];
	DWORD n = sizeof bytes;
	HKEY key = NULL;
	LONG code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, READ_CONTROL, &key);

	if (code == ERROR_SUCCESS) {
		code = RegGetKeySecurity(key, OWNER_SECURITY_INFORMATION, bytes, &n);
		RegCloseKey(key);
	}
	return fault_of(code, bytes, arena);
}
