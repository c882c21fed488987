#!/bin/bash
# Fails on an #include that runs against the architecture. CONTRIBUTING.md ("Where is what") says what
# each folder is for; here stands what each may include.
set -euo pipefail
cd "$(dirname "$0")/.."

# The floors, from the ground up. A row names a folder and what it may include besides itself; it may
# only name rows above it, so a circle cannot be written down. A row that ends with a slash is common
# to all rows of that part below it.
floors() {
	cat <<'END'
proto/base
proto/                 proto/base
proto/json
proto/rpc
proto/report           proto/json proto/rpc
proto/windows          proto/report
proto/site             proto/report
proto/exposure         proto/json proto/report proto/site

agent/platform         proto/base proto/rpc
agent/                 proto/base proto/json proto/report proto/windows proto/exposure agent/platform
agent/platform/posix
agent/platform/win32
agent/host
agent/host/image       agent/host
agent/host/posix       agent/host agent/host/image
agent/host/win32       agent/host agent/host/image agent/platform/win32
agent/collect          agent/host
agent/probe            agent/host proto/rpc
agent/https
agent/uplink           agent/host agent/probe agent/https
agent/config           agent/host agent/probe agent/https
agent/run              agent/host agent/collect agent/probe agent/uplink agent/config
agent/doctor           agent/host agent/collect agent/https agent/uplink agent/config
agent/service          agent/host
agent/service/posix    agent/service agent/host
agent/service/win32    agent/service agent/platform/win32 agent/host agent/config
agent/commands         agent/host agent/https agent/uplink agent/config agent/run agent/doctor agent/service agent/platform/win32 agent/service/win32
agent/deploy           agent/config
agent                  agent/host agent/config agent/service agent/commands

collector/base         proto/base proto/json
collector/             proto/base proto/json proto/report proto/site proto/exposure collector/base
collector/config
collector/crypto
collector/model        collector/crypto
collector/net          collector/crypto
collector/http         collector/model collector/net
collector/store        collector/model
collector/store/sqlite collector/model collector/store
collector/store/postgresql collector/config collector/model collector/store
collector/cluster      collector/crypto collector/model collector/store
collector/auth         collector/crypto collector/model collector/http collector/store
collector/transfer     collector/crypto
collector/hooks        collector/config collector/crypto collector/model collector/transfer
collector/plans        collector/model
collector/fleet        collector/model collector/store collector/plans
collector/query        collector/model collector/http collector/store collector/fleet
collector/alerts       collector/config collector/model collector/hooks
collector/pipeline     collector/model collector/http collector/store collector/hooks collector/fleet collector/query collector/alerts
collector/api          collector/cluster collector/crypto collector/model collector/net collector/http collector/store collector/auth collector/hooks collector/plans collector/fleet collector/query collector/alerts collector/pipeline
collector/daemon       collector/cluster collector/config collector/crypto collector/model collector/net collector/http collector/store collector/store/sqlite collector/store/postgresql collector/auth collector/hooks collector/query collector/alerts collector/pipeline collector/api
collector/cli          collector/transfer
collector/commands     collector/cluster collector/config collector/crypto collector/model collector/http collector/store collector/auth collector/hooks collector/plans collector/fleet collector/query collector/daemon collector/cli
collector              collector/daemon collector/cli collector/commands
END
}

# Who owns the headers of others: an extended regular expression of the header, then of its files.
owners() {
	cat <<'END'
(windows|winsock2|winsvc|winreg|iphlpapi|direct|io|conio|process)\.h$ agent/.*(/win32/[^/]*|_win32)\.[ch]
(sys/(socket|select|random|utsname|stat|wait|file|un)|unistd|dirent|netdb|poll|ifaddrs|linux/.*)\.h$ agent/.*(/posix/[^/]*|_posix)\.[ch]|collector/.*
(cjson/.*|cJSON\.h)$ agent/uplink/answer\.c
mbedtls/ agent/https/tls_[a-z]*\.c|agent/platform/hash\.c|agent/deploy/.*
curl/ agent/https/.*|agent/deploy/.*|collector/transfer/.*
hivex\.h$ agent/host/image/hive_posix\.c
sqlite3\.h$ collector/store/sqlite/.*
libpq-fe\.h$ collector/store/postgresql/.*
zstd\.h$ collector/store/pack\.c
llhttp\.h$ collector/http/.*
openssl/ collector/crypto/.*
uv\.h$ collector/(base/loop\.h|net/conn\.h|http/server\.h|store/store\.h|store/sqlite/checkpoint\.c|hooks/command\.h|cli/api_client\.c|transfer/internal\.h)
END
}

# What proto/ promises to do without: sockets, clocks, files, threads.
impure='(sys/.*|unistd|time|fcntl|pthread|netinet/.*|arpa/.*|poll|errno|dirent)\.h$'

# Every include: "FILE HEADER OPENING", where OPENING is the quote or the angle before the name.
includes() {
	grep -rnE --include='*.[ch]' '^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*[<"]' proto agent collector |
		sed -E 's/^([^:]*):[0-9]*:[^<"]*([<"])([^>"]*)[>"].*/\1 \3 \2/'
}

check_includes() {
	awk -v impure="^$impure" '
	function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }
	function complain(text) { print text; bad = 1 }
	function may(from, to,   part) {
		if (!(from in row)) return 0 # to look at row[from] would make it one
		if (from == to || (from, to) in allowed) return 1
		part = from; sub(/\/.*/, "", part)
		return (part "/", to) in common && row[from] > row[part "/"]
	}
	FILENAME ~ /floors$/ {
		if (NF == 0) next
		for (i = 2; i <= NF; i++) {
			if (!($i in row)) complain("floors: " $1 " names " $i ", which is no row above it")
			if ($1 ~ /\/$/) common[$1, $i]; else allowed[$1, $i]
		}
		row[$1] = FNR
		next
	}
	FILENAME ~ /owners$/ { n++; owned[n] = "^" $1; owner[n] = "^(" $2 ")$"; next }
	FILENAME ~ /files$/ { exists[$1]; if ($1 ~ /[.][ch]$/) seen[folder_of($1)]; next }
	{
		file = $1; header = $2
		of_others = $3 == "<"
		for (i = 1; i <= n; i++)
			if (header ~ owned[i]) {
				of_others = 1
				if (file !~ owner[i]) complain(file ": may not include " header)
			}
		if (file ~ /^proto\// && header ~ impure) complain(file ": proto/ may not include " header)
		if (of_others) next
		if (!(header in exists)) { complain(file ": there is no " header " below the root"); next }
		from = folder_of(file); to = folder_of(header)
		if (!may(from, to)) complain(file ": " from "/ may not include " header)
		if (header ~ /(\/|_)internal\.h$/ && from != to) complain(file ": " header " is private to its folder")
		if (header ~ /\/win32\/|_win32\.h$/ && file !~ /\/win32\/|_win32\.[ch]$/) complain(file ": " header " is for win32 files only")
		if (header ~ /\/posix\/|_posix\.h$/ && file !~ /\/posix\/|_posix\.[ch]$/) complain(file ": " header " is for posix files only")
	}
	END {
		for (folder in seen) if (!(folder in row)) complain("floors: there is no row for " folder)
		for (folder in row) if (folder !~ /\/$/ && !(folder in seen)) complain("floors: " folder " is no folder with sources")
		exit bad
	}' "$table/floors" "$table/owners" "$table/files" "$table/includes"
}

# A platform is a folder or a file, chosen by the build; no conditional tells them apart in the code.
check_conditionals() {
	! grep -rnE --include='*.[ch]' '^[[:blank:]]*#[[:blank:]]*(if|ifdef|ifndef|elif).*(_WIN32|__linux__|__MINGW32__)' \
		proto agent collector || {
		echo "a platform conditional; make it two files"
		return 1
	}
}

table=$(mktemp -d)
trap 'rm -r "$table"' EXIT
floors >"$table/floors"
owners >"$table/owners"
find proto agent collector -name '*.[ch]' -o -name '*.def' >"$table/files"
includes >"$table/includes"

bad=0
check_includes || bad=1
check_conditionals || bad=1
[ $bad -eq 0 ] && echo "every include follows the arrows"
exit $bad
