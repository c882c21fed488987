/*
 * A directory that stands for a server's disk: it answers the Windows questions of
 * agent/host/host.h from files. It serves tests and machines without Windows, and judges a dead
 * server's copied disk.
 *
 * What lies in the directory DIR:
 *   files            DIR/C/exchsrvr/bin/Emsmta.exe for C:\exchsrvr\bin\Emsmta.exe; names in any
 *                    case; the folder of the drive may be missing (DIR/exchsrvr/...)
 *   registry         the hives system and software, at system32/config below any folder of DIR
 *                    or of DIR/C and so on, or in DIR itself; for a hive that is not there
 *                    DIR/NAME.reg, any number of exports (proto/windows/regfile.h), added in the
 *                    order of their names. Together they stand for the whole registry: a key in
 *                    none of them is not there. SYSTEM\CurrentControlSet may also be
 *                    SYSTEM\ControlSetNNN, the one that SYSTEM\Select names, else the lowest
 *   services         DIR/services.txt: one service a line, "NAME STATE [EXIT CODE]", where STATE
 *                    is running, stopped, start_pending, stop_pending, paused or not_installed,
 *                    and '#' begins a comment; or what `sc query` or `net start` printed. A
 *                    service that stands there or has a key
 *                    SYSTEM\CurrentControlSet\Services\NAME is installed
 *   Application log  as agent/host/image/logs.h says
 *
 * Files are read anew when they have changed. A DIR without hive and export has no registry:
 * reading it is then a failure of the system, not the absence of a key. Failures as in
 * agent/host/host.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

#define IMAGE_ROOT_MAX_EXPORTS  64
#define IMAGE_ROOT_MAX_SERVICES ((size_t)256 * 1024) /* bytes of services.txt */

struct image_root;

/*
 * STATUS_NOT_FOUND    `dir` is no directory
 * STATUS_MALFORMED    an export or the list of services cannot be understood; `error` names the
 *                     file and the line
 * STATUS_LIMIT        more exports or larger files than the limits allow
 */
enum status image_root_open(struct image_root **out, const char *dir, struct os_error *error);
void image_root_close(struct image_root *root);

enum status image_root_read_value(struct image_root *root, const char *key, const char *name,
				  struct arena *arena, struct host_value *out,
				  struct os_error *error);
enum status image_root_find_key(struct image_root *root, const char *key, struct os_error *error);
enum status image_root_query_service(struct image_root *root, const char *name,
				     struct host_service *out, struct os_error *error);
enum status image_root_read_events(struct image_root *root, const struct host_question *question,
				   struct arena *arena, struct host_answer *out,
				   struct os_error *error);

/*
 * As host_look_for_news(). The logs are read where one of their files has changed; there is news
 * where their newest event is another one then.
 */
enum status image_root_look_for_news(struct image_root *root, const struct host_question *question,
				     struct host_news *out, struct os_error *error);

/* With `whole` the bytes too. */
enum status image_root_get_file(struct image_root *root, const char *path, bool whole,
				struct host_file *out, struct os_error *error);

/*
 * What the disk tells of its machine: ComputerName, the version and service pack of Windows. The
 * time of its start it does not tell.
 *
 * STATUS_NOT_FOUND  the registry names no computer
 */
enum status image_root_identify(struct image_root *root, struct arena *arena,
				struct host_identity *out, struct os_error *error);
