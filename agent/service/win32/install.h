/*
 * What `install` and `uninstall` put on a Windows machine and take away again, besides the service
 * itself (agent/service/win32/scm.h): the program, the settings, the source of events. The package
 * for Windows Installer (agent/deploy/mtawatch-agent.wxs) puts the same things in the same places.
 *
 * Each step can be done again. Failures: STATUS_DENIED, STATUS_NOT_FOUND, STATUS_FULL,
 * STATUS_SYSTEM, with `error` in words.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/platform/error.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

/* How long a program that was just stopped may be in the way of its successor. */
#define INSTALL_BUSY_MS 10000

/* %ProgramFiles%\mtawatch\mtawatch-agent.exe, in `arena`. */
enum status install_place(struct arena *arena, const char **program, struct os_error *error);

/*
 * Copies this program there, unless it is that one (`*copied`). Where the volume has access lists,
 * Users may read and execute folder and program, which are Administrators' then. A folder
 * of somebody else's, or one with their files in it, is refused.
 */
enum status install_program(const char *program, bool *copied, struct os_error *error);

/*
 * Puts the DLL with the words of the events beside the program, protected likewise; `*library` is
 * its path, in `arena`. Its name changes with its content, so that no upgrade replaces one that
 * Event Viewer holds open; those of before go, at the next start of the system where they are held.
 */
enum status install_events(const char *program, struct arena *arena, const char **library,
			   struct os_error *error);

/*
 * Removes the program, that DLL and their folder, which must be empty then. What somebody still
 * uses goes at the next start of the system (`*later`).
 */
enum status install_remove_program(const char *program, bool *later, struct os_error *error);

/* Writes a value of HKLM\Software\mtawatch: text, or a number where `text` is NULL. */
enum status install_setting(const char *name, const char *text, uint32_t number,
			    struct os_error *error);

/*
 * Gives that key to Administrators, lets Users read it, and makes it where it is not there. One
 * that is somebody else's is refused before that: what stands in it is theirs.
 */
enum status install_check_settings(struct os_error *error);
enum status install_protect_settings(struct os_error *error);

/*
 * The same for the program and its folder where this program is that one, however it came there (a
 * package of Windows Installer sets lists, but no owners); fails where somebody else's file lies
 * beside it.
 */
enum status install_protect_program(struct os_error *error);

/* The source of the agent's events, whose texts are in `library`. */
enum status install_event_source(const char *library, struct os_error *error);

/* Remove the key with the settings, and the source. One that is not there is no failure. */
enum status install_remove_settings(struct os_error *error);
enum status install_remove_event_source(struct os_error *error);

/* `path` from the root on, as the service needs it; in `arena`. */
const char *install_full_path(const char *path, struct arena *arena);
