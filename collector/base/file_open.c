#include "collector/base/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *file_open(const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat facts;
	FILE *file = NULL;

	if (fd >= 0 && fstat(fd, &facts) == 0) {
		if (S_ISREG(facts.st_mode))
			file = fdopen(fd, "rb");
		else
			errno = ESPIPE;
	}
	if (file)
		return file;
	int code = errno;
	if (fd >= 0)
		close(fd); /* only read: nothing can be lost */
	*why = code == ESPIPE ? FILE_OPEN_NO_FILE : strerror(code);
	errno = code;
	return NULL;
}

const char *file_fault(const char *path)
{
	const char *why = NULL;
	FILE *file = file_open(path, &why);

	if (file)
		fclose(file);
	return why;
}
