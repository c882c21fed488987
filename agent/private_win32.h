/*
 * An access list for what only the agent may read: SYSTEM and Administrators, with all rights, and
 * nobody by inheritance. For files and registry keys that are made; calls of Windows NT 3.1.
 */
#pragma once

/* A SECURITY_ATTRIBUTES, to be passed to free(). NULL: GetLastError() tells why. */
void *private_attributes_new(void);
