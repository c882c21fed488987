/*
 * Mail about an MTA that is down does not come through that MTA: looks whether a hook sends its
 * mail through a server that mtawatch watches.
 */
#pragma once

struct options;

typedef void mail_host_tell(void *user, const char *text);

/*
 * Tells of each hook of type email (of that of the name `hook` only, unless it is NULL) whose mail
 * server has the short name of a server that reports, or is expected to. Reads the store where
 * there is one, also while a collector runs, and changes nothing in it; where it cannot be read
 * nothing is told.
 */
void mail_host_check(const struct options *options, const char *hook, mail_host_tell *tell,
		     void *user);
