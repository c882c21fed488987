/*
 * services.txt of a directory that stands for a server's disk; its forms are told in
 * agent/host/image/root.h. It is read anew with each call.
 */
#pragma once

#include "agent/host/host.h"
#include "proto/base/status.h"

/*
 * Can every line be understood? No list at all is fine.
 *
 * STATUS_MALFORMED  `error` names the line, or says why the file is no text
 * STATUS_LIMIT      it is longer than IMAGE_ROOT_MAX_SERVICES
 * STATUS_DENIED, STATUS_SYSTEM
 */
enum status image_services_check(const char *dir, struct os_error *error);

/*
 * The state of the service of that name, without case; `display_name` is how `net start` calls it,
 * NULL where that is not known.
 *
 * STATUS_NOT_FOUND  the list does not name it, or there is none; others as above. Then
 *                   `out->state` is SERVICE_STATE_STOPPED where the list names all that are
 *                   started, else SERVICE_STATE_UNKNOWN
 */
enum status image_services_find(const char *dir, const char *name, const char *display_name,
				struct host_service *out, struct os_error *error);
