/*
 * tls_client handshake CA.pem NAME PORT    a TLS handshake with 127.0.0.1, as the Windows agent makes it
 * tls_client hash BYTES                    SHA-256 of so many bytes
 *
 * For tests/bench/old_machine.py, which compiles it with mbedTLS in the agent's own configuration,
 * for 32 bits and a processor without SSE, and counts the instructions of `measured`.
 */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Numbers that are no secret: how many instructions are needed does not hang on them. */
static int cheap_random(void *state, unsigned char *out, size_t n)
{
	unsigned *seed = state;

	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)((*seed = *seed * 1103515245u + 12345u) >> 16);
	return 0;
}

static int on_send(void *user, const unsigned char *bytes, size_t n)
{
	return (int)send(*(int *)user, bytes, n, 0);
}

static int on_receive(void *user, unsigned char *bytes, size_t n)
{
	return (int)recv(*(int *)user, bytes, n, 0);
}

static int connect_to(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	return connect(s, (struct sockaddr *)&to, sizeof to) == 0 ? s : -1;
}

struct job {
	mbedtls_ssl_context ssl;
	unsigned char *bytes;
	size_t n;
	unsigned char digest[32];
};

__attribute__((noinline)) static int measured(struct job *job)
{
	return job->bytes ? mbedtls_sha256_ret(job->bytes, job->n, job->digest, 0)
			  : mbedtls_ssl_handshake(&job->ssl);
}

static int shake_hands(const char *ca_file, const char *name, const char *port)
{
	static mbedtls_ssl_config config;
	static mbedtls_x509_crt ca;
	static struct job job;
	unsigned seed = 1;
	int s = connect_to(port);

	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&job.ssl);
	mbedtls_x509_crt_init(&ca);
	if (s < 0 || mbedtls_x509_crt_parse_file(&ca, ca_file) != 0 ||
	    mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
					MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return 2;
	mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
	mbedtls_ssl_conf_rng(&config, cheap_random, &seed);
	mbedtls_ssl_set_bio(&job.ssl, &s, on_send, on_receive, NULL);
	if (mbedtls_ssl_setup(&job.ssl, &config) != 0 ||
	    mbedtls_ssl_set_hostname(&job.ssl, name) != 0)
		return 2;
	int code = measured(&job);
	if (code != 0)
		fprintf(stderr, "tls_client: -0x%x\n", (unsigned)-code);
	puts(code == 0 ? mbedtls_ssl_get_ciphersuite(&job.ssl) : "no handshake");
	return code != 0;
}

static int hash(const char *size)
{
	struct job job = { .n = strtoul(size, NULL, 10) };

	job.bytes = calloc(1, job.n);
	return job.bytes && measured(&job) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "handshake") == 0)
		return shake_hands(argv[2], argv[3], argv[4]);
	if (argc == 3 && strcmp(argv[1], "hash") == 0)
		return hash(argv[2]);
	fputs("usage: tls_client handshake CA.pem NAME PORT | hash BYTES\n", stderr);
	return 2;
}
