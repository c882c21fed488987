/*
 * The file version of a Windows program, out of the bytes of its file: no LoadLibrary, no
 * version.dll, the same answer on every system. It reads foreign bytes and trusts none of them.
 *
 * Taken is the number in VS_FIXEDFILEINFO, as Filever and the articles print it, never the text
 * "FileVersion", which may say something else. Of several version resources (languages) the first
 * one counts, as for GetFileVersionInfo.
 *
 * Formats: "PE Format" of the Windows SDK (PE32 and PE32+), VS_VERSIONINFO and VS_FIXEDFILEINFO of
 * verrsrc.h.
 */
#pragma once

#include <stddef.h>

#include "proto/base/status.h"
#include "proto/base/version.h"

/* Callers refuse to load a larger file into memory. Emsmta.exe has about 2 MiB. */
#define PE_VERSION_MAX_FILE 67108864 /* 64 MiB */

/*
 * The version of the file of which `bytes` are all `size` bytes. `*out` is written only on success.
 *
 * STATUS_NOT_FOUND    a good PE file that carries no version resource
 * STATUS_UNSUPPORTED  no PE file: 16-bit (NE), DOS, or no program at all; an empty file too
 * STATUS_MALFORMED    its headers or resources contradict each other, point out of the file, or
 *                     the file ends within them
 * STATUS_LIMIT        it is larger than PE_VERSION_MAX_FILE
 */
enum status pe_version_read(const void *bytes, size_t size, struct version *out);
