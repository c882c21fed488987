#include "collector/commands/init_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/base/data_dir.h"
#include "collector/cli/terminal.h"

typedef int act_on_entry(int directory, const char *name, const struct init_place *place);

/*
 * Calls for each entry of a directory; no link is followed to it. False: it is none, or a call
 * failed.
 */
static bool each_entry(const char *path, act_on_entry *act, const struct init_place *place)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	bool ok = directory != NULL;

	if (!directory && fd >= 0)
		close(fd);
	for (struct dirent *entry = NULL; ok && (entry = readdir(directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = act(fd, entry->d_name, place) == 0;
	}
	if (directory)
		closedir(directory);
	return ok;
}

static int see_entry(int directory, const char *name, const struct init_place *place)
{
	(void)directory;
	(void)name;
	(void)place;
	return -1;
}

static int remove_entry(int directory, const char *name, const struct init_place *place)
{
	(void)place;
	return unlinkat(directory, name, 0);
}

static int give_entry(int directory, const char *name, const struct init_place *place)
{
	return fchownat(directory, name, place->owner, place->group, AT_SYMLINK_NOFOLLOW);
}

static int fail_at(const char *what, const char *path)
{
	int code = errno;
	bool needs_root = (code == EACCES || code == EPERM) && geteuid() != 0;

	return terminal_fail("could not %s %s: %s%s", what, path, strerror(code),
			     needs_root ? "; run it as root, or name a directory of your own: "
					  "--data DIRECTORY"
					: "");
}

static char *parent_of(const char *path, struct arena *arena)
{
	char *parent = arena_strdup(arena, path);
	char *slash = strrchr(parent, '/');

	slash[slash == parent ? 1 : 0] = '\0';
	return parent;
}

static const char *from_root(const char *path, struct arena *arena)
{
	size_t n = strlen(path);
	char *here = *path == '/' ? NULL : getcwd(NULL, 0);

	while (n > 1 && path[n - 1] == '/')
		n--;
	const char *whole =
		arena_printf(arena, "%s%s%.*s", here ? here : "", here ? "/" : "", (int)n, path);
	free(here);
	return whole;
}

/* One whose place another directory can take: no link to it, no file system of its own. */
static bool can_be_replaced(const char *path, const char *parent)
{
	struct stat it;
	struct stat above;

	if (lstat(path, &it) != 0)
		return errno == ENOENT;
	return S_ISDIR(it.st_mode) && stat(parent, &above) == 0 && it.st_dev == above.st_dev;
}

static int lock_parent(struct init_place *place, const char *parent)
{
	place->lock = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->lock < 0)
		return errno == EACCES
			       ? TERMINAL_EXIT_OK /* not ours: nobody else's `init` is either */
			       : fail_at("open the directory", parent);
	if (flock(place->lock, LOCK_EX | LOCK_NB) == 0)
		return TERMINAL_EXIT_OK;
	close(place->lock);
	return terminal_fail("another `mtawatch-collector init` is at work in %s", parent);
}

bool init_place_has_user(const char *user)
{
	return getpwnam(user) != NULL;
}

/* The owner of what is made: that user; else the directory's as it is; else ours. */
static int find_owner(struct init_place *place, const char *user)
{
	const struct passwd *found = user ? getpwnam(user) : NULL;
	struct stat facts;

	place->owner = geteuid();
	place->group = getegid();
	if (user && !found)
		return terminal_refuse("there is no user '%s'", user);
	if (found && geteuid() != 0 && found->pw_uid != geteuid())
		return terminal_refuse("only root can make a directory for the user '%s'", user);
	if (found) {
		place->owner = found->pw_uid;
		place->group = found->pw_gid;
	} else if (geteuid() == 0 && stat(place->data, &facts) == 0) {
		place->owner = facts.st_uid;
		place->group = facts.st_gid;
	}
	return TERMINAL_EXIT_OK;
}

/* Beside its place; where we may not write there, but in the empty directory, in that. */
static int make_aside(struct init_place *place, struct arena *arena)
{
	const char *aside = arena_printf(arena, "%s.new", place->data);

	each_entry(aside, remove_entry, place); /* of a run that was cut off */
	(void)rmdir(aside);
	if (mkdir(aside, 0700) == 0) {
		place->work = aside;
		return TERMINAL_EXIT_OK;
	}
	int code = errno;
	bool is_refused = code == EACCES || code == EPERM || code == EROFS;
	if (is_refused && access(place->data, W_OK) == 0)
		return TERMINAL_EXIT_OK;
	errno = code;
	return fail_at("make the directory", aside);
}

/* Root's own directory, as an earlier `init` may have made it, is given away with what is in it. */
static int give_away(const struct init_place *place)
{
	struct stat facts;

	if (geteuid() != 0 || stat(place->work, &facts) != 0 || facts.st_uid != 0 ||
	    place->owner == 0 || (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return TERMINAL_EXIT_OK;
	return each_entry(place->work, give_entry, place) &&
			       chown(place->work, place->owner, place->group) == 0
		       ? TERMINAL_EXIT_OK
		       : fail_at("change the owner of", place->work);
}

static int become(uid_t owner, gid_t group)
{
	if (getuid() != 0)
		return 0;
	/* Only root may choose a group. */
	return seteuid(0) != 0 || setegid(group) != 0 || seteuid(owner) != 0 ? -1 : 0;
}

static int prepare(struct init_place *place, const char *user, struct arena *arena)
{
	const char *parent = parent_of(place->data, arena);
	int rc = find_owner(place, user);

	place->is_new = access(place->data, F_OK) != 0 || each_entry(place->data, see_entry, place);
	if (rc == TERMINAL_EXIT_OK && place->is_new && can_be_replaced(place->data, parent))
		rc = make_aside(place, arena);
	if (rc == TERMINAL_EXIT_OK)
		rc = give_away(place);
	if (rc == TERMINAL_EXIT_OK && become(place->owner, place->group) != 0)
		rc = fail_at("become the owner of", place->work);
	return rc;
}

int init_place_open(struct init_place *place, const char *data, const char *user,
		    struct arena *arena)
{
	*place = (struct init_place){ .data = from_root(data, arena) };
	place->work = place->data;
	int rc = lock_parent(place, parent_of(place->data, arena));
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	rc = prepare(place, user, arena);
	if (rc != TERMINAL_EXIT_OK)
		init_place_abandon(place);
	return rc;
}

int init_place_finish(struct init_place *place)
{
	if (become(0, 0) != 0)
		abort(); /* root can */
	if (place->work != place->data && rename(place->work, place->data) != 0) {
		int rc = fail_at("make the directory", place->data);
		init_place_abandon(place);
		return rc;
	}
	if (place->lock >= 0) {
		(void)fsync(place->lock); /* a rename is on the disk when its directory is */
		close(place->lock);
	}
	return TERMINAL_EXIT_OK;
}

void init_place_abandon(struct init_place *place)
{
	if (become(0, 0) != 0)
		abort(); /* root can */
	if (place->is_new && (place->work != place->data || access(place->data, F_OK) == 0))
		each_entry(place->work, remove_entry, place);
	if (place->work != place->data)
		(void)rmdir(place->work);
	if (place->lock >= 0)
		close(place->lock);
}
