/*
 * Prints the access list of a registry key, "SID RIGHTS" each: F (all), R (read), else the mask.
 *
 *   key_list.exe MACHINE\\Software\\mtawatch
 */
#include <stdio.h>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

static void print_entry(const ACCESS_ALLOWED_ACE *ace)
{
	char *sid = NULL;

	if (!ConvertSidToStringSidA((PSID)&ace->SidStart, &sid))
		return;
	if (ace->Mask == KEY_ALL_ACCESS || ace->Mask == GENERIC_ALL)
		printf("%s F\n", sid);
	else if (ace->Mask == KEY_READ || ace->Mask == (GENERIC_READ | GENERIC_EXECUTE))
		printf("%s R\n", sid);
	else
		printf("%s 0x%08lx\n", sid, ace->Mask);
	LocalFree(sid);
}

int main(int argc, char **argv)
{
	ACL *acl = NULL;
	PSECURITY_DESCRIPTOR descriptor = NULL;
	DWORD code = GetNamedSecurityInfoA(argc > 1 ? argv[1] : NULL, SE_REGISTRY_KEY,
					   DACL_SECURITY_INFORMATION, NULL, NULL, &acl, NULL,
					   &descriptor);

	if (code != ERROR_SUCCESS) {
		(void)fprintf(stderr, "GetNamedSecurityInfo: %lu\n", code);
		return 1;
	}
	for (WORD i = 0; acl && i < acl->AceCount; i++) {
		void *ace = NULL;
		if (GetAce(acl, i, &ace))
			print_entry(ace);
	}
	LocalFree(descriptor);
	return 0;
}
