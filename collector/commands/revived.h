/*
 * What comes back to life with a backup: tokens, enrolment secrets and agents that were revoked
 * since it was made, and servers that were removed since. And who would not: agents that enrolled
 * since.
 */
#pragma once

#include "collector/commands/local.h"

/*
 * To be called when the store of `local` has been restored, and is open. `present` is the store
 * that was in use before: what that does not have any more is revoked and removed again, the agents
 * that it has are enrolled, and both is told.
 * NULL: it is told what may call again, for nobody can say what was revoked.
 *
 * Whoever was logged in by the backup is not: sessions are ended. Returns an exit status; unless
 * that is TERMINAL_EXIT_OK standard error says why, and no collector may be started.
 */
int revived_put_to_rest(struct local *local, struct store_admin *present);
