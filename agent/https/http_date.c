#include "agent/https/http_date.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/timestamp.h"

/* The number of a month, 1 to 12; 0 where there is none of that name. */
static int month_of(const char name[3])
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		if (memcmp(names + (size_t)i * 3, name, 3) == 0)
			return i + 1;
	}
	return 0;
}

/* Is a letter where the form has 'a', the very character where it has another? */
static bool fits(const char *text)
{
	static const char form[HTTP_DATE_SIZE + 1] = "aaa, dd aaa dddd dd:dd:dd GMT";

	for (size_t i = 0; i < HTTP_DATE_SIZE; i++) {
		bool fit = form[i] == 'a'   ? text_is_letter(text[i])
			   : form[i] == 'd' ? text_is_digit(text[i])
					    : text[i] == form[i];
		if (!fit)
			return false;
	}
	return true;
}

enum status http_date_parse(const char *text, size_t n, int64_t *out_ms)
{
	char rfc3339[sizeof "1994-11-06T08:49:37Z"];

	if (n != HTTP_DATE_SIZE || !fits(text))
		return STATUS_MALFORMED;
	(void)snprintf(rfc3339, sizeof rfc3339, "%.4s-%02d-%.2sT%.8sZ", text + 12,
		       month_of(text + 8), text + 5, text + 17);
	return timestamp_parse(rfc3339, out_ms); /* refuses month 0, too */
}
