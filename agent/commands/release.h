/*
 * Lets go of this machine: gives the agent's name back to the collector, and removes what it keeps.
 * The last thing that an agent does, in `uninstall` and, for the package, in `forget`.
 */
#pragma once

#include "agent/commands/command.h"
#include "proto/base/status.h"

/*
 * Says on standard output what it does. A collector that cannot be told is only a warning: the name
 * stays enrolled there until an operator releases it.
 *
 * STATUS_DENIED, STATUS_SYSTEM ...  something of ours stays on this machine; logged
 */
enum status release_agent(const struct call *call);
