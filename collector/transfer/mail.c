#include "collector/transfer/mail.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/transfer/mail_address.h"
#include "proto/base/mem.h"
#include "proto/base/printable.h"
#include "proto/base/utf8.h"

/*
 * Bytes of text in one encoded word, in base64: a line with one may have 76 characters, and the
 * first begins with the header's name (RFC 2047 section 2).
 */
#define WORD_BYTES 39

/*
 * Between the two forms of a mail. Quoted-printable has no "=_", so this stands in none of them (RFC
 * 2045 section 6.7).
 */
#define BOUNDARY "=_mtawatch_alternative"

/* Lines of headers are folded at this width; a word that alone is wider has to be encoded. */
#define HEADER_WIDTH 76
#define MAX_WORD     60

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void add_base64(struct buffer *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		unsigned group = 0;
		for (size_t j = i; j < i + 3; j++)
			group = group << 8 | (j < n ? (unsigned char)bytes[j] : 0U);
		for (size_t j = 0; j < 4; j++)
			buffer_add_char(out, i + j > n ? '='
						       : base64_digits[group >> (18 - 6 * j) & 63]);
	}
}

/* Bytes of the longest run of whole characters that fits into `most`; `text` is valid UTF-8. */
static size_t whole_characters(const char *text, size_t n, size_t most)
{
	size_t size = 0;
	while (size < n) {
		size_t next = utf8_length(text + size, n - size);
		if (size + next > most)
			break;
		size += next;
	}
	return size;
}

/* ASCII that can be folded at its blanks and is not taken for an encoded word? */
static bool is_plain(const char *text)
{
	size_t word = 0;

	for (const char *at = text; *at; at++) {
		word = *at == ' ' ? 0 : word + 1;
		if ((unsigned char)*at >= 0x7f || word > MAX_WORD)
			return false;
	}
	return word > 0 && *text != ' ' && !strstr(text, "  ") && !strstr(text, "=?");
}

static void add_folded(struct buffer *out, const char *text, size_t width)
{
	while (*text) {
		size_t n = strcspn(text, " ");
		if (width + 1 + n > HEADER_WIDTH) {
			buffer_add_text(out, "\r\n");
			width = 0;
		}
		buffer_printf(out, " %.*s", (int)n, text);
		width += 1 + n;
		text += n + (text[n] == ' ');
	}
}

static void add_encoded(struct buffer *out, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t n = whole_characters(text, left, WORD_BYTES);
		buffer_add_text(out, " =?utf-8?B?");
		add_base64(out, text, n);
		text += n;
		left -= n;
		buffer_add_text(out, left > 0 ? "?=\r\n" : "?=");
	}
}

/* The text is printable: it has no control characters. */
static void add_subject(struct buffer *out, const char *text)
{
	static const char name[] = "Subject:";

	buffer_add_text(out, name);
	if (is_plain(text))
		add_folded(out, text, sizeof name - 1);
	else
		add_encoded(out, text);
	buffer_add_text(out, "\r\n");
}

/* "Tue, 24 Nov 2026 10:40:00 +0000" (RFC 5322 section 3.3). */
static void add_date(struct buffer *out, int64_t ms)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return; /* beyond all calendars; the server adds a date */
	buffer_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
		      tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		      tm.tm_sec);
}

static void add_receivers(struct buffer *out, const struct mail *mail)
{
	for (size_t i = 0; i < mail->n_to; i++)
		buffer_printf(out, "%s%s", i ? ",\r\n " : "To: ", mail->to[i]);
	buffer_add_text(out, "\r\n");
}

static void add_headers(struct buffer *out, const struct mail *mail)
{
	const char *domain = mail_address_domain(mail->from);
	char *subject = mem_alloc(MAIL_MAX_SUBJECT + 1);

	add_date(out, mail->at_ms);
	buffer_printf(out, "From: mtawatch <%s>\r\n", mail->from);
	add_receivers(out, mail);
	add_subject(out, printable(subject, MAIL_MAX_SUBJECT + 1, mail->subject));
	free(subject);
	buffer_printf(out, "Message-ID: <%s@%s>\r\n", mail->id, domain);
	buffer_printf(out, "In-Reply-To: <%s@%s>\r\n", mail->thread_id, domain);
	buffer_printf(out, "References: <%s@%s>\r\n", mail->thread_id, domain);
	buffer_add_text(out, "Auto-Submitted: auto-generated\r\n" /* RFC 3834: nobody answers it */
			     "MIME-Version: 1.0\r\n");
}

/*
 * A line in quoted-printable. A dot or "From " at its beginning and a blank at its end are encoded
 * too: servers change such lines.
 */
static void add_line(struct buffer *out, const char *line, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];
		bool plain = c >= ' ' && c < 0x7f && c != '=' && !(c == ' ' && i + 1 == n) &&
			     !(width == 0 && (c == '.' || strncmp(line + i, "From ", 5) == 0));
		if (width + (plain ? 1 : 3) > MAIL_MAX_LINE - 1) {
			buffer_add_text(out, "=\r\n");
			width = 0;
		}
		if (plain)
			buffer_add_char(out, (char)c);
		else
			buffer_printf(out, "=%02X", c);
		width += plain ? 1 : 3;
	}
	buffer_add_text(out, "\r\n");
}

/* Headers and text of one form. */
static void add_form(struct buffer *out, const char *type, const char *text)
{
	size_t room = strlen(text) + 1;
	char *line = mem_alloc(room);

	buffer_printf(out,
		      "Content-Type: text/%s; charset=utf-8\r\n"
		      "Content-Transfer-Encoding: quoted-printable\r\n"
		      "\r\n",
		      type);
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");
		char *copy = mem_strndup(at, n);
		printable(line, room, copy);
		add_line(out, line, strlen(line));
		free(copy);
		at += n + (at[n] == '\n');
	}
	free(line);
}

void mail_write(const struct mail *mail, struct buffer *out)
{
	add_headers(out, mail);
	if (!mail->html) {
		add_form(out, "plain", mail->body);
		return;
	}
	buffer_add_text(out, "Content-Type: multipart/alternative;\r\n"
			     " boundary=\"" BOUNDARY "\"\r\n"
			     "\r\n"
			     "--" BOUNDARY "\r\n");
	add_form(out, "plain", mail->body);
	/* The line end before a boundary belongs to it (RFC 2046 section 5.1.1). */
	buffer_add_text(out, "\r\n--" BOUNDARY "\r\n"); /* the better form is the last one */
	add_form(out, "html", mail->html);
	buffer_add_text(out, "\r\n--" BOUNDARY "--\r\n");
}
