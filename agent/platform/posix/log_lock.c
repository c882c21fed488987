#include "agent/platform/log_lock.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void log_lock(void)
{
	(void)pthread_mutex_lock(&lock); /* cannot fail for a mutex of this kind */
}

void log_unlock(void)
{
	(void)pthread_mutex_unlock(&lock);
}
