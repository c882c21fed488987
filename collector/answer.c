#include "collector/answer.h"

#include <stdio.h>
#include <time.h>

#include "collector/http.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), without the locale. Made once a second. */
static void add_date(struct buffer *out)
{
	static struct {
		time_t at;
		char text[64];
	} last;

	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t now = time(NULL);
	struct tm tm;

	if (now == (time_t)-1 || (now != last.at && !gmtime_r(&now, &tm)))
		return; /* a server without a clock sends none */
	if (now != last.at)
		snprintf(last.text, sizeof last.text,
			 "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday],
			 tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
			 tm.tm_sec);
	last.at = now;
	buffer_add_text(out, last.text);
}

static void add_content(const struct answer *answer, struct buffer *out)
{
	if (answer->content_type)
		buffer_printf(out, "Content-Type: %s\r\n", answer->content_type);
	if (answer->length == ANSWER_IN_CHUNKS)
		buffer_add_text(out, "Transfer-Encoding: chunked\r\n");
	else if (answer->length == ANSWER_TO_THE_CLOSE)
		return;
	else if (answer->content_type)
		buffer_printf(out, "Content-Length: %zu\r\n", answer->size);
	else if (answer->status != 304 && answer->status != 204)
		buffer_add_text(out, "Content-Length: 0\r\n");
}

void answer_add_head(const struct answer *answer, bool closes, struct buffer *out)
{
	buffer_printf(out, "HTTP/1.1 %d %s\r\n", answer->status,
		      http_status_phrase(answer->status));
	add_date(out);
	add_content(answer, out);
	if (answer->etag)
		buffer_printf(out, "ETag: %s\r\n", answer->etag);
	buffer_add_text(out, answer->etag ? "Cache-Control: no-cache\r\n"
					  : "Cache-Control: no-store\r\n");
	buffer_add_text(out, "X-Content-Type-Options: nosniff\r\n");
	if (answer->fields)
		buffer_add_text(out, answer->fields);
	buffer_add_text(out,
			closes ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n");
}
