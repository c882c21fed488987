#include "agent/private_win32.h"

#include <windows.h>

#include <stdbool.h>
#include <stdlib.h>

#include "proto/mem.h"

#define ACL_SIZE 128 /* bytes: a head and two entries of at most 8 + 16 */

struct private_attributes {
	SECURITY_ATTRIBUTES attributes; /* first: it is what is given out */
	SECURITY_DESCRIPTOR descriptor;
	union {
		ACL acl;
		BYTE room[ACL_SIZE];
	} list;
};

static bool allow(ACL *acl, BYTE n, DWORD first, DWORD second)
{
	SID_IDENTIFIER_AUTHORITY authority = { SECURITY_NT_AUTHORITY };
	PSID sid = NULL;

	if (!AllocateAndInitializeSid(&authority, n, first, second, 0, 0, 0, 0, 0, 0, &sid))
		return false;
	bool done = AddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, sid);
	FreeSid(sid);
	return done;
}

void *private_attributes_new(void)
{
	struct private_attributes *p = mem_alloc(sizeof *p);
	ACL *acl = &p->list.acl;

	if (!InitializeAcl(acl, sizeof p->list, ACL_REVISION) ||
	    !allow(acl, 1, SECURITY_LOCAL_SYSTEM_RID, 0) ||
	    !allow(acl, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS) ||
	    !InitializeSecurityDescriptor(&p->descriptor, SECURITY_DESCRIPTOR_REVISION) ||
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
