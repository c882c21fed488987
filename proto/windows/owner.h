/*
 * Who owns a file or a registry key of Windows, and is that somebody whose word counts? The owner
 * can always rewrite the access list, whatever stands in it.
 *
 * Reads security descriptors in self-relative form as GetFileSecurity and RegGetKeySecurity give
 * them ([MS-DTYP] 2.4.6, 2.4.2.2), of which nothing but the owner is looked at.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"

#define OWNER_MAX_SID 68 /* bytes: 15 parts */

/*
 * Why the owner is not trusted, as the rest of a sentence that begins with the object's name, in
 * `arena`; NULL: it is SYSTEM, Administrators, or `self`, a SID of `n_self` bytes (0: nobody).
 */
const char *owner_fault(const void *descriptor, size_t n, const void *self, size_t n_self,
			struct arena *arena);
