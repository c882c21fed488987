#include "collector/http/answer.h"

#include <stdio.h>
#include <time.h>

#include "collector/http/http.h"

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

static void add_field(struct buffer *out, const char *name, const char *value)
{
	buffer_add_text(out, name);
	buffer_add_text(out, ": ");
	buffer_add_text(out, value);
	buffer_add_text(out, "\r\n");
}

static void add_content(const struct answer *answer, struct buffer *out)
{
	if (answer->content_type)
		add_field(out, "Content-Type", answer->content_type);
	if (answer->length == ANSWER_IN_CHUNKS)
		add_field(out, "Transfer-Encoding", "chunked");
	if (answer->length != ANSWER_OF_KNOWN_SIZE)
		return;
	if (!answer->content_type && (answer->status == 304 || answer->status == 204))
		return;
	buffer_add_text(out, "Content-Length: ");
	buffer_add_number(out, answer->content_type ? answer->size : 0);
	buffer_add_text(out, "\r\n");
}

void answer_add_head(const struct answer *answer, bool closes, struct buffer *out)
{
	buffer_add_text(out, "HTTP/1.1 ");
	buffer_add_number(out, (uint64_t)answer->status);
	buffer_add_char(out, ' ');
	buffer_add_text(out, http_status_phrase(answer->status));
	buffer_add_text(out, "\r\n");
	add_date(out);
	add_content(answer, out);
	if (answer->etag)
		add_field(out, "ETag", answer->etag);
	buffer_add_text(out, answer->etag ? "Cache-Control: no-cache\r\n"
					  : "Cache-Control: no-store\r\n");
	buffer_add_text(out, "X-Content-Type-Options: nosniff\r\n");
	if (answer->fields)
		buffer_add_text(out, answer->fields);
	buffer_add_text(out,
			closes ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n");
}
