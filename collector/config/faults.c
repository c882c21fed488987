#include "collector/config/faults.h"

#include <stdarg.h>
#include <stdio.h>

void faults_add(struct faults *faults, struct arena *arena, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (faults->n == FAULTS_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	faults->texts[faults->n++] = arena_strdup(arena, text);
}

void faults_add_unknown(struct faults *faults, struct arena *arena, const char *place,
			const char *what, const struct suggestion *meant, const char *hint)
{
	if (meant->name)
		faults_add(faults, arena, "%s: there is no %s \"%s\"; did you mean \"%s\"?", place,
			   what, meant->word, meant->name);
	else
		faults_add(faults, arena, "%s: there is no %s \"%s\"%s%s", place, what, meant->word,
			   hint ? "; " : "", hint ? hint : "");
}
