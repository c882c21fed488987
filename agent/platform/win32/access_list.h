/*
 * Access lists for files and registry keys that the agent makes, instead of those that they would
 * inherit: Windows NT 4.0 lets everybody change what lies in Program Files and in HKLM\Software.
 * Calls of Windows NT 3.1.
 */
#pragma once

/*
 * For SYSTEM and Administrators alone, with all rights.
 *
 * Both give a SECURITY_ATTRIBUTES, to be passed to free(). NULL: GetLastError() tells why.
 */
void *access_list_new_private(void);

/* Besides for Users, who may read and execute; handed down to what is made below. */
void *access_list_new_readable(void);
