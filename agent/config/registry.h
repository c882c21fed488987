/*
 * Settings in the registry: the policy key, which Windows fills from Group Policy and empties when
 * the policy is lifted, and the installer's key. Text and numbers are both good for every setting;
 * an empty text is as good as none. Peers are the values Peer1 to Peer64 of the key's subkey
 * `Peers`, as the policy editors write a list (there may be gaps), and the value `Peers` of the key
 * itself, several with semicolons between them, as the installer writes its property.
 */
#pragma once

#include "agent/config/layers.h"
#include "agent/host/host.h"
#include "proto/base/status.h"

/* Below HKEY_LOCAL_MACHINE. */
#define CONFIG_POLICY_KEY    "Software\\Policies\\mtawatch"
#define CONFIG_INSTALLER_KEY "Software\\mtawatch"

#define CONFIG_PEER_PREFIX "Peer" /* of the values in the subkey of the peers, then a number */

/*
 * Adds what stands in both keys. A single value that cannot be read is added as that. A key of
 * somebody else's counts for nothing: `*ignored` (in the layers' arena) says which and why, or
 * NULL.
 *
 * Failures as of host_find_key(): a key may not even be opened; `*error` (in the layers' arena)
 * says which and why, and what was added until then is of no use.
 */
enum status config_registry_read(struct layers *layers, struct host *host, const char **ignored,
				 const char **error);
