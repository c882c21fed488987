/*
 * What the name of a Windows machine can be: its NetBIOS name or its host name in DNS.
 */
#pragma once

/*
 * NULL, or why `name` names no machine, as the rest of a sentence that begins with the name: "is an
 * address, not a name". Allowed are labels of at most 63 bytes (RFC 1035, 2.3.4) between dots, the
 * last of which may have a dot behind it; in them letters of any script, digits, '-', '_' and the
 * other signs that NetBIOS names may have (Microsoft KB 909264).
 */
const char *windows_name_check(const char *name);
