#include "agent/platform/win32/access_list.h"

#include <windows.h>

#include <stdbool.h>
#include <stdlib.h>

#include "proto/base/mem.h"

#define ACL_SIZE 128 /* bytes: a head and three entries of at most 8 + 16 */

struct private_attributes {
	SECURITY_ATTRIBUTES attributes; /* first: it is what is given out */
	SECURITY_DESCRIPTOR descriptor;
	union {
		ACL acl;
		BYTE room[ACL_SIZE];
	} list;
};

/* Of an account below NT's authority; `flags` say what is handed down. */
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
