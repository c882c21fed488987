/*
 * Saves a key in a state directory as the agent does, and again in the registry, where it would lie
 * on a volume without access lists; prints what is read back and who may read it.
 *
 *   key_store.exe DIR
 *
 * prints "lists yes|no", "file|value TEXT" and "file|value for SID ..." of each place, and at last
 * "gone" when both are removed.
 */
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include "agent/platform/keystore.h"
#include "agent/platform/win32/keystore.h"
#include "proto/base/mem.h"

#define KEY_TEXT "mtawatch-key/1 abc - EXCH1\n"

static void fail(const char *what, unsigned long code)
{
	(void)fprintf(stderr, "%s: %lu\n", what, code);
	exit(1);
}

/* The accounts of an object's access list, in its order. */
static void print_accounts(const char *place, wchar_t *name, SE_OBJECT_TYPE type)
{
	ACL *acl = NULL;
	PSECURITY_DESCRIPTOR descriptor = NULL;
	DWORD code = GetNamedSecurityInfoW(name, type, DACL_SECURITY_INFORMATION, NULL, NULL, &acl,
					   NULL, &descriptor);

	if (code != ERROR_SUCCESS)
		fail("GetNamedSecurityInfo", code);
	printf("%s for", place);
	for (WORD i = 0; acl && i < acl->AceCount; i++) {
		void *ace = NULL;
		char *sid = NULL;
		if (!GetAce(acl, i, &ace) ||
		    !ConvertSidToStringSidA(&((ACCESS_ALLOWED_ACE *)ace)->SidStart, &sid))
			fail("GetAce", GetLastError());
		printf(" %s", sid);
		LocalFree(sid);
	}
	printf("\n");
	LocalFree(descriptor);
}

static void print_texts(const char *dir)
{
	char *file = NULL;
	char *value = NULL;

	if (keystore_load(dir, &file) != STATUS_OK || keystore_load_value(&value) != STATUS_OK)
		fail("load", GetLastError());
	printf("file %svalue %s", file, value);
	free(file);
	free(value);
}

int main(int argc, char **argv)
{
	wchar_t path[MAX_PATH];
	wchar_t key[] = L"MACHINE\\Software\\mtawatch\\Key";
	char *none = NULL;

	if (argc != 2)
		fail("usage: key_store.exe DIR", 0);
	printf("lists %s\n", keystore_volume_has_lists(argv[1]) ? "yes" : "no");
	if (keystore_save(argv[1], "old\n") != STATUS_OK ||
	    keystore_save(argv[1], KEY_TEXT) != STATUS_OK ||
	    keystore_save_value(KEY_TEXT) != STATUS_OK)
		fail("save", GetLastError());
	print_texts(argv[1]);
	if (_snwprintf(path, MAX_PATH, L"%hs\\key", argv[1]) < 0)
		fail("path", 0);
	if (keystore_volume_has_lists(argv[1]))
		print_accounts("file", path, SE_FILE_OBJECT);
	print_accounts("value", key, SE_REGISTRY_KEY);
	if (keystore_remove(argv[1]) != STATUS_OK ||
	    keystore_load(argv[1], &none) != STATUS_NOT_FOUND ||
	    keystore_load_value(&none) != STATUS_NOT_FOUND)
		fail("remove", GetLastError());
	printf("gone\n");
	return 0;
}
