/*
 * libcurl's way through a SOCKS proxy in place of its own, which has no switch to be left out and
 * is a hundredth of the program: the agent's proxies are of HTTP alone (setting_read_proxy()). The
 * name and the parameters are those of lib/socks.h.
 */
#include <curl/curl.h>

struct Curl_cfilter;
struct Curl_easy;

CURLcode Curl_cf_socks_proxy_insert_after(struct Curl_cfilter *at, struct Curl_easy *data);

CURLcode Curl_cf_socks_proxy_insert_after(struct Curl_cfilter *at, struct Curl_easy *data)
{
	(void)at;
	(void)data;
	return CURLE_UNSUPPORTED_PROTOCOL;
}
