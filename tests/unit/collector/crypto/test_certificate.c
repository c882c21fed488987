/*
 * Certificates as they are made for an administrator, judged by those who will have to trust them:
 * the openssl program and mbedTLS, which the agent has on Windows NT 4.0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <mbedtls/x509_crt.h>

#include "collector/crypto/certificate.h"
#include "proto/base/count.h"
#include "tests/unit/rows.h"

#define MS_A_DAY  INT64_C(86400000)
#define NOW_MS    INT64_C(1795344323000) /* 2026-11-22T10:45:23Z */
#define PATH_SIZE 128

struct folder {
	char path[PATH_SIZE];
	char ca_pem[2 * PATH_SIZE], ca_key[2 * PATH_SIZE];
	char server_pem[2 * PATH_SIZE], server_key[2 * PATH_SIZE];
	struct certificate_files ca, server;
};

static char error[CERTIFICATE_ERROR_SIZE];

static int make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof *f);
	snprintf(f->path, sizeof f->path, "/tmp/mtawatch-certificate-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->ca_pem, sizeof f->ca_pem, "%s/ca.pem", f->path);
	snprintf(f->ca_key, sizeof f->ca_key, "%s/ca.key", f->path);
	snprintf(f->server_pem, sizeof f->server_pem, "%s/server.pem", f->path);
	snprintf(f->server_key, sizeof f->server_key, "%s/server.key", f->path);
	f->ca = (struct certificate_files){ f->ca_pem, f->ca_key };
	f->server = (struct certificate_files){ f->server_pem, f->server_key };
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;
	unlink(f->ca_pem);
	unlink(f->ca_key);
	unlink(f->server_pem);
	unlink(f->server_key);
	int rc = rmdir(f->path); /* nothing else was left there */
	free(f);
	return rc;
}

static void make_ca(const struct folder *f)
{
	assert_int_equal(certificate_make_ca(&f->ca, "mtawatch of ACME", NOW_MS, error), STATUS_OK);
}

static enum status make_server(const struct folder *f, const char *const *names, size_t n)
{
	return certificate_make_server(&f->server, &f->ca, names, n, NOW_MS, error);
}

static void make_both(const struct folder *f)
{
	static const char *const names[] = { "mail.example.com", "COLLECTOR_1", "*.acme.test",
					     "127.0.0.1", "::1" };
	make_ca(f);
	assert_int_equal(make_server(f, names, COUNT(names)), STATUS_OK);
}

static char *read_file(const char *path)
{
	static char text[16384];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Runs a command of the shell, made of `format` and the folder; its first line of output. */
static const char *shell(const struct folder *f, const char *command)
{
	static char line[512];
	char text[1024];

	snprintf(text, sizeof text, "cd %s && { %s; } 2>&1", f->path, command);
	FILE *pipe = popen(text, "r"); /* NOLINT(cert-env33-c): a test */
	assert_non_null(pipe);
	line[0] = '\0';
	char *got = fgets(line, sizeof line, pipe);
	line[strcspn(line, "\n")] = '\0';
	pclose(pipe);
	return got ? line : "";
}

#define VERIFY "openssl verify -x509_strict -purpose sslserver -attime 1795344323 -CAfile ca.pem "

static void openssl_trusts_the_server_by_each_of_its_names(void **state)
{
	static const char *const good[] = { "-verify_hostname mail.example.com",
					    "-verify_hostname collector_1",
					    "-verify_hostname w3.acme.test", "-verify_ip 127.0.0.1",
					    "-verify_ip ::1" };
	const struct folder *f = *state;
	char command[256];

	make_both(f);
	for_each_row(i, good) {
		snprintf(command, sizeof command, VERIFY "%s server.pem", good[i]);
		assert_string_equal(shell(f, command), "server.pem: OK");
	}
	snprintf(command, sizeof command,
		 VERIFY "-verify_ip 127.0.0.2 server.pem >/dev/null "
			"2>&1 || echo refused");
	assert_string_equal(shell(f, command), "refused");
}

static void the_server_may_not_sign_and_the_ca_may_not_have_cas_below_it(void **state)
{
	const struct folder *f = *state;
	make_both(f);
	assert_string_equal(shell(f, "openssl x509 -in ca.pem -noout -ext basicConstraints,keyUsage"
				     " | tr -d '\\n' | tr -s ' '"),
			    "X509v3 Basic Constraints: critical CA:TRUE, pathlen:0"
			    "X509v3 Key Usage: critical Certificate Sign, CRL Sign");
	assert_string_equal(
		shell(f, "openssl x509 -in server.pem -noout -ext "
			 "basicConstraints,keyUsage,extendedKeyUsage | tr -d '\\n' | tr -s ' '"),
		"X509v3 Basic Constraints: critical CA:FALSE"
		"X509v3 Key Usage: critical Digital Signature"
		"X509v3 Extended Key Usage: TLS Web Server Authentication");
}

static int judge_by_mbedtls(const struct folder *f, const char *name)
{
	mbedtls_x509_crt ca;
	mbedtls_x509_crt server;
	uint32_t flags;

	mbedtls_x509_crt_init(&ca);
	mbedtls_x509_crt_init(&server);
	assert_int_equal(mbedtls_x509_crt_parse_file(&ca, f->ca_pem), 0);
	assert_int_equal(mbedtls_x509_crt_parse_file(&server, f->server_pem), 0);
	int rc = mbedtls_x509_crt_verify(&server, &ca, NULL, name, &flags, NULL, NULL);
	/*
	 * The moment of the test may be outside of the certificate's time; that is not asked here.
	 */
	flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCERT_EXPIRED);
	mbedtls_x509_crt_free(&ca);
	mbedtls_x509_crt_free(&server);
	return rc == 0 || flags == 0 ? 0 : (int)flags;
}

static void mbedtls_trusts_the_server_by_name_and_by_address(void **state)
{
	const struct folder *f = *state;
	make_both(f);
	assert_int_equal(judge_by_mbedtls(f, "mail.example.com"), 0);
	assert_int_equal(judge_by_mbedtls(f, "127.0.0.1"), 0);
	assert_int_equal(judge_by_mbedtls(f, "127.0.0.2"), MBEDTLS_X509_BADCERT_CN_MISMATCH);
}

static void what_was_made_is_read_again(void **state)
{
	const struct folder *f = *state;
	struct certificate_info ca;
	struct certificate_info server;

	make_both(f);
	assert_int_equal(certificate_read(f->ca_pem, &ca, error), STATUS_OK);
	assert_int_equal(certificate_read(f->server_pem, &server, error), STATUS_OK);
	assert_string_equal(ca.subject, "CN=mtawatch of ACME");
	assert_string_equal(server.subject, "CN=mail.example.com");
	assert_string_equal(server.issuer, ca.subject);
	assert_true(ca.not_before_ms == NOW_MS - MS_A_DAY * CERTIFICATE_EARLY_DAYS);
	assert_true(ca.not_after_ms == NOW_MS + MS_A_DAY * CERTIFICATE_CA_DAYS);
	assert_true(server.not_after_ms == NOW_MS + MS_A_DAY * CERTIFICATE_SERVER_DAYS);
}

static void the_pin_is_the_one_that_curl_computes(void **state)
{
	const struct folder *f = *state;
	struct certificate_info info;
	char want[CERTIFICATE_PIN_SIZE + 16];

	make_both(f);
	snprintf(want, sizeof want, "sha256//%s",
		 shell(f, "openssl x509 -in server.pem -pubkey -noout | openssl pkey -pubin "
			  "-outform der | openssl dgst -sha256 -binary | openssl base64"));
	assert_int_equal(certificate_read(f->server_pem, &info, error), STATUS_OK);
	assert_string_equal(info.pin, want);
	assert_int_equal(strlen(info.pin) + 1, CERTIFICATE_PIN_SIZE);
}

static void keys_are_for_their_owner_only_whatever_the_umask(void **state)
{
	const struct folder *f = *state;
	struct stat file;
	mode_t before = umask(0);

	make_both(f);
	umask(before);
	assert_int_equal(stat(f->ca_key, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(stat(f->server_key, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(stat(f->server_pem, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0644);
}

static void a_renewed_certificate_keeps_the_key_and_the_pin(void **state)
{
	static const char *const name = "other.example.com";
	const struct folder *f = *state;
	struct certificate_info first;
	struct certificate_info second;

	make_both(f);
	assert_int_equal(certificate_read(f->server_pem, &first, error), STATUS_OK);
	assert_int_equal(
		certificate_make_server(&f->server, &f->ca, &name, 1, NOW_MS + MS_A_DAY, error),
		STATUS_OK);
	assert_int_equal(certificate_read(f->server_pem, &second, error), STATUS_OK);
	assert_string_equal(second.pin, first.pin);
	assert_string_equal(second.subject, "CN=other.example.com");
	assert_true(second.not_after_ms == first.not_after_ms + MS_A_DAY);
}

static void a_ca_is_never_overwritten(void **state)
{
	const struct folder *f = *state;

	make_ca(f);
	assert_int_equal(certificate_make_ca(&f->ca, "another", NOW_MS, error), STATUS_CONFLICT);
	assert_non_null(strstr(error, f->ca_pem));
	unlink(f->ca_pem);
	assert_int_equal(certificate_make_ca(&f->ca, "another", NOW_MS, error), STATUS_CONFLICT);
	assert_non_null(strstr(error, f->ca_key));
	assert_int_not_equal(access(f->ca_pem, F_OK), 0);
}

static void names_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = { "",           ".",      "a..b",     "a b",
					   "-.*",        "a.*.b",  "mail:443", "http://mail",
					   "10.0.0.256", "10.0.0", "a,DNS:b",  "::g" };
	const struct folder *f = *state;

	make_ca(f);
	for_each_row(i, bad) {
		assert_int_equal(make_server(f, &bad[i], 1), STATUS_INVALID);
		assert_non_null(strstr(error, bad[i]));
	}
	assert_int_equal(make_server(f, NULL, 0), STATUS_INVALID);
	assert_int_not_equal(access(f->server_key, F_OK), 0);
}

static void names_have_limits(void **state)
{
	const struct folder *f = *state;
	const char *names[CERTIFICATE_MAX_NAMES + 1];
	char name[CERTIFICATE_MAX_DNS_NAME + 2];
	const char *one = name;

	make_ca(f);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		names[i] = "mail.example.com";
	assert_int_equal(make_server(f, names, CERTIFICATE_MAX_NAMES), STATUS_OK);
	assert_int_equal(make_server(f, names, CERTIFICATE_MAX_NAMES + 1), STATUS_LIMIT);

	memset(name, 'a', sizeof name);
	for (size_t i = 63; i < sizeof name; i += 64)
		name[i] = '.';
	name[CERTIFICATE_MAX_DNS_NAME] = '\0';
	assert_int_equal(make_server(f, &one, 1), STATUS_OK);
	name[CERTIFICATE_MAX_DNS_NAME] = 'a';
	name[CERTIFICATE_MAX_DNS_NAME + 1] = '\0';
	assert_int_equal(make_server(f, &one, 1), STATUS_INVALID);
	memset(name, 'a', 64);
	name[64] = '\0';
	assert_int_equal(make_server(f, &one, 1), STATUS_INVALID);
	name[63] = '\0';
	assert_int_equal(make_server(f, &one, 1), STATUS_OK);
}

static void the_name_of_a_ca_has_a_limit(void **state)
{
	const struct folder *f = *state;
	char name[CERTIFICATE_MAX_CA_NAME + 2];

	memset(name, 'n', sizeof name);
	name[CERTIFICATE_MAX_CA_NAME + 1] = '\0';
	assert_int_equal(certificate_make_ca(&f->ca, name, NOW_MS, error), STATUS_INVALID);
	assert_int_equal(certificate_make_ca(&f->ca, "", NOW_MS, error), STATUS_INVALID);
	name[CERTIFICATE_MAX_CA_NAME] = '\0';
	assert_int_equal(certificate_make_ca(&f->ca, name, NOW_MS, error), STATUS_OK);
}

static void what_cannot_be_read_is_named_with_the_reason(void **state)
{
	const struct folder *f = *state;
	struct certificate_info info;

	assert_int_equal(certificate_read(f->ca_pem, &info, error), STATUS_NOT_FOUND);
	assert_non_null(strstr(error, f->ca_pem));
	assert_non_null(strstr(error, "No such file or directory"));
	write_file(f->ca_pem, "nothing of the kind\n");
	assert_int_equal(certificate_read(f->ca_pem, &info, error), STATUS_MALFORMED);
	assert_non_null(strstr(error, "it holds nothing of that kind in PEM form"));
}

static void a_certificate_cut_anywhere_is_refused(void **state)
{
	const struct folder *f = *state;
	struct certificate_info info;

	make_ca(f);
	char *text = read_file(f->ca_pem);
	for (size_t n = strlen(text) - 2; n > 0; n -= n > 7 ? 7 : n) {
		text[n] = '\0';
		write_file(f->server_pem, text);
		assert_int_equal(certificate_read(f->server_pem, &info, error), STATUS_MALFORMED);
	}
}

static void files_that_do_not_belong_together_sign_nothing(void **state)
{
	static const char *const name = "mail.example.com";
	const struct folder *f = *state;
	struct certificate_files mixed = { f->ca_pem, f->server_key };
	struct certificate_files server = { f->server_pem, f->server_key };

	make_both(f);
	unlink(f->server_pem);
	assert_int_equal(certificate_make_server(&server, &mixed, &name, 1, NOW_MS, error),
			 STATUS_INVALID);
	assert_non_null(strstr(error, "is the key of another certificate"));
	assert_int_not_equal(access(f->server_pem, F_OK), 0);
}

static void a_server_is_no_ca(void **state)
{
	static const char *const name = "mail.example.com";
	const struct folder *f = *state;

	make_both(f);
	assert_int_equal(certificate_make_server(&f->server, &f->server, &name, 1, NOW_MS, error),
			 STATUS_INVALID);
	assert_non_null(strstr(error, "it is no CA"));
}

static void an_encrypted_key_is_refused_in_words_and_nobody_is_asked(void **state)
{
	static const char *const name = "mail.example.com";
	const struct folder *f = *state;

	make_ca(f);
	assert_string_equal(shell(f, "openssl pkey -in ca.key -aes256 -passout pass:x -out new && "
				     "mv new ca.key"),
			    "");
	assert_int_equal(make_server(f, &name, 1), STATUS_UNSUPPORTED);
	assert_non_null(strstr(error, f->ca_key));
	assert_non_null(strstr(error, "is encrypted"));
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct certificate_files nowhere = { "/nonexistent/ca.pem", "/nonexistent/ca.key" };
	(void)state;
	assert_int_equal(certificate_make_ca(&nowhere, "name", NOW_MS, error), STATUS_SYSTEM);
	assert_string_equal(error,
			    "could not write /nonexistent/ca.key: No such file or directory");
}

static void a_certificates_time_is_a_concern_at_its_limits(void **state)
{
	static const struct {
		int64_t left_ms;
		enum certificate_concern concern;
		const char *words;
	} cases[] = {
		{ CERTIFICATE_WARN_DAYS * MS_A_DAY, CERTIFICATE_CONCERN_NONE, "" },
		{ CERTIFICATE_WARN_DAYS * MS_A_DAY - 1, CERTIFICATE_CONCERN_SOON,
		  ", in 29 days: renew it" },
		{ 0, CERTIFICATE_CONCERN_SOON, ", in 0 days: renew it" },
		{ -1, CERTIFICATE_CONCERN_INVALID, "has expired at 2026-11-22T10:45:23Z" },
		{ 365 * MS_A_DAY, CERTIFICATE_CONCERN_NONE, "" },
		{ 365 * MS_A_DAY + 1, CERTIFICATE_CONCERN_INVALID,
		  "is not valid before 2025-11-22T" },
	};
	struct certificate_info info = {
		.subject = "CN=c",
		.not_before_ms = NOW_MS - 365 * MS_A_DAY,
		.not_after_ms = NOW_MS,
	};
	(void)state;

	for_each_row(i, cases) {
		char text[CERTIFICATE_ERROR_SIZE];
		assert_int_equal(
			certificate_check(&info, info.not_after_ms - cases[i].left_ms, text),
			cases[i].concern);
		assert_non_null(strstr(text, cases[i].words));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(openssl_trusts_the_server_by_each_of_its_names),
		TEST(the_server_may_not_sign_and_the_ca_may_not_have_cas_below_it),
		TEST(mbedtls_trusts_the_server_by_name_and_by_address),
		TEST(what_was_made_is_read_again),
		TEST(the_pin_is_the_one_that_curl_computes),
		TEST(keys_are_for_their_owner_only_whatever_the_umask),
		TEST(a_renewed_certificate_keeps_the_key_and_the_pin),
		TEST(a_ca_is_never_overwritten),
		TEST(names_that_are_none_are_refused),
		TEST(names_have_limits),
		TEST(the_name_of_a_ca_has_a_limit),
		TEST(what_cannot_be_read_is_named_with_the_reason),
		TEST(a_certificate_cut_anywhere_is_refused),
		TEST(files_that_do_not_belong_together_sign_nothing),
		TEST(a_server_is_no_ca),
		TEST(an_encrypted_key_is_refused_in_words_and_nobody_is_asked),
		TEST(a_folder_that_is_not_there_is_named),
		cmocka_unit_test(a_certificates_time_is_a_concern_at_its_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
