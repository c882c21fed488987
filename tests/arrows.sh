#!/bin/sh
# Fails on an #include that runs against the architecture: a layer that looks upwards, or a
# third-party or system header outside the files that own it. CONTRIBUTING.md has the table.
cd "$(dirname "$0")/.." || exit 1
bad=0

# includes PATTERN FOLDER...: the files below FOLDERs that include what PATTERN matches.
includes() {
	pattern=$1
	shift
	grep -rlE --include='*.[ch]' "^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*[<\"]($pattern)" "$@"
}

# layer FOLDER PATTERN: nothing in FOLDER may include what PATTERN matches.
layer() {
	for file in $(includes "$2" "$1"); do
		echo "$file: $1/ may not include $2"
		bad=1
	done
}

# only PATTERN GLOB...: outside of tests, nothing but files that match a GLOB may include it.
only() {
	what=$1
	shift
	for file in $(includes "$what" proto agent collector); do
		allowed=no
		for glob in "$@"; do
			# shellcheck disable=SC2254 # the pattern is meant as one
			case $file in $glob) allowed=yes ;; esac
		done
		[ $allowed = yes ] && continue
		echo "$file: may not include $what"
		bad=1
	done
}

layer proto 'agent/|collector/|dashboard/|tests/'
layer agent 'collector/|dashboard/|tests/'
layer collector 'agent/|tests/'

# proto/ knows no sockets, clocks, files or threads.
layer proto 'sys/|unistd\.h|time\.h|fcntl\.h|pthread\.h|netinet/|arpa/|poll\.h|errno\.h|dirent\.h'

# Platforms stay in files named for them, third parties in the files that own them.
only 'windows\.h|winsock2\.h|winsvc\.h|winreg\.h|iphlpapi\.h|direct\.h|io\.h|conio\.h|process\.h' \
	'agent/*_win32*.[ch]' 'agent/win32_*.c'
only 'sys/(socket|select|random|utsname|stat|wait|file|un)\.h|unistd\.h|dirent\.h|netdb\.h|poll\.h|ifaddrs\.h|linux/.*' \
	'agent/*_posix*.[ch]' 'collector/*'
only 'cjson/.*|cJSON\.h' 'agent/answer.c' 'tests/fuzz/fuzz_json.c'
only 'mbedtls/.*' 'agent/hash.c' 'agent/tls_look.c' 'agent/tls_certificate.c' 'agent/deploy/*'
only 'curl/.*' 'agent/deploy/*' 'agent/send.c' 'agent/dial.c' 'agent/url.c' 'agent/curl_options.[ch]' \
	'collector/transfer*'
only 'sqlite3\.h' 'collector/store_sqlite*'
only 'zstd\.h' 'collector/store_pack.c'
only 'llhttp\.h' 'collector/http.c'
only 'openssl/.*' 'collector/tls*' 'collector/certificate*' 'collector/secret.c' 'collector/signature.c'
only 'uv\.h' 'collector/conn.h' 'collector/server.h' 'collector/loop.h' 'collector/store.h' \
	'collector/store_sqlite*.c' 'collector/hook_command.h' 'collector/remote.c' 'collector/transfer*'

# A platform is a file, chosen by the build; no conditional tells them apart in the code.
if grep -rnE --include='*.[ch]' '^[[:blank:]]*#[[:blank:]]*(if|elif).*(_WIN32|__linux__|__MINGW32__)' \
	proto agent collector; then
	echo "a platform conditional; make it two files"
	bad=1
fi

[ $bad -eq 0 ] && echo "every include follows the arrows"
exit $bad
