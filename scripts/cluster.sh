# shellcheck shell=bash disable=SC2154 # collector, data, port, url: of the program that sources this
# What scripts/run --cluster shows; that sources this file, which only defines functions and uses its.
#
# Two PostgreSQL servers (the second is a synchronous standby of the first), three collectors on both,
# HAProxy in front. The databases are in a folder of their own in /tmp: the servers refuse to run as
# root, and another user does not get into root's home. They answer at a unix socket there alone.

# Whom the database servers run as, for they refuse root.
database_user() {
	if [ "$(id -u)" -ne 0 ]; then
		id -un
	elif id postgres >/dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

# As the user of the databases; in their folder, for that user may not be let into this one.
set_as_database() {
	local user
	user=$(database_user)
	as_database=(env --chdir="$databases")
	[ "$(id -u)" -ne 0 ] || as_database+=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
}

make_folder_of_databases() {
	databases=$(mktemp -d "${TMPDIR:-/tmp}/mtawatch-cluster.XXXXXX")
	chown "$(database_user)" "$databases"
	set_as_database
}

# database PROGRAM ARGUMENT...: one of PostgreSQL's programs; what it prints is of interest if it fails.
database() {
	local program=$1
	shift
	"${as_database[@]}" "$postgresql/$program" "$@" >"$data/$program.log" 2>&1 ||
		give_up "$program" "failed"
}

# sql PORT STATEMENT...
sql() {
	local port=$1 statement words=()
	shift
	for statement in "$@"; do
		words+=(-c "$statement")
	done
	database psql -X -v ON_ERROR_STOP=1 -h "$databases" -p "$port" -U mtawatch -d postgres "${words[@]}"
}

database_answers() {
	"$postgresql/pg_isready" --quiet --host "$databases" --port "$1"
}

# start_database NAME PORT. In a session of its own, for Ctrl-C would end it before the collectors.
start_database() {
	start "$1" "${as_database[@]}" setsid "$postgresql/postgres" -D "$databases/$1" -c cluster_name="$1" \
		-c listen_addresses= -c unix_socket_directories="$databases" -c port="$2" -c shared_buffers=32MB
	wait_for database_answers "$2"
}

# The standby is a copy of the first one from before that waits for it: so it waits for nobody when it
# takes over.
start_databases() {
	database initdb --pgdata "$databases/database1" --auth trust --username mtawatch --encoding UTF8 --locale C --no-sync
	start_database database1 5432
	sql 5432 "CREATE DATABASE mtawatch"
	database pg_basebackup --pgdata "$databases/database2" --host "$databases" --port 5432 --username mtawatch \
		--checkpoint fast --write-recovery-conf --no-sync
	start_database database2 5433
	sql 5432 "ALTER SYSTEM SET synchronous_standby_names = 'database2'" "SELECT pg_reload_conf()"
	say "the databases are up: database1, and database2, its synchronous standby"
}

# Each has a data directory of its own, as on a machine of its own; all have the same settings.
start_collector() {
	local name=collector$1
	[ "$1" = 1 ] || "$collector" init --data "$data/$name" --no-certificate --store "$store" >/dev/null
	start "$name" "$collector" serve --config "$data/collector.conf" --node "$name" \
		--data "$data/$name" --listen "127.0.0.1:$((port + 2 + $1))"
}

start_collectors() {
	"$collector" init --data "$data/collector1" --no-certificate --store "$store" \
		--token-file "$data/admin-token" >/dev/null
	cp "$data/collector1/enroll-secret" "$data/enroll-secret"
	"$collector" token add anna --role operator --data "$data/collector1" --store "$store" --file "$data/anna-token"
	{
		printf 'store = %s\ntrusted-proxies = 127.0.0.1\n' "$store"
		settings
	} >"$data/collector.conf"
	local number
	for number in 1 2 3; do
		start_collector "$number"
		wait_for answers $((port + 2 + number))
		[ "$number" != 1 ] || wait_for judges $((port + 3))
	done
	say "the collectors are up; collector1 judges, the others stand by"
}

answers() {
	[ -n "$(ask_ready "$1")" ]
}

# block FILE: what that document has for HAProxy.
block() {
	sed -n "/^\`\`\`haproxy$/,/^\`\`\`$/ { /^\`\`\`/!p }" "$1"
}

# As the documents have it, but for addresses and HTTPS, which nobody needs on loopback.
haproxy_settings() {
	local number
	printf 'global\n    maxconn 1024\n'
	block docs/reverse-proxy.md | sed -e '/^backend/,$d' -e "s/bind :443 .*/bind 127.0.0.1:$port/" \
		-e 's/X-Forwarded-Proto https/X-Forwarded-Proto http/'
	block docs/scale.md | sed '/^ *server /d'
	for number in 1 2 3; do
		printf '    server collector%s 127.0.0.1:%s\n' "$number" $((port + 2 + number))
	done
}

start_haproxy() {
	if [ -z "${MTAWATCH_HAPROXY-}" ]; then
		MTAWATCH_HAPROXY=$(unpack_package haproxy)/usr/sbin/haproxy
		MTAWATCH_HAPROXY_LIBRARIES=$(haproxy_libraries)
	fi
	haproxy_settings >"$data/haproxy.cfg"
	start haproxy env "LD_LIBRARY_PATH=${MTAWATCH_HAPROXY_LIBRARIES-}" \
		"$MTAWATCH_HAPROXY" -db -q -f "$data/haproxy.cfg"
	wait_for leads_to_the_judge
	say "HAProxy is up"
}

# It takes all for well until it has asked them, and then takes turns.
leads_to_the_judge() {
	judges "$port" && judges "$port" && judges "$port" && judges "$port"
}

pid_of() {
	local i
	for i in "${!names[@]}"; do
		[ "${names[i]}" != "$1" ] || printf '%s\n' "${pids[i]}"
	done
}

say_how_to_kill() {
	local as_user='' psql
	[ "$(id -u)" -ne 0 ] || as_user="setpriv --reuid=$(database_user) --clear-groups "
	psql="$postgresql/psql -h $databases -p 5432 -U mtawatch postgres"
	cat <<-END
		  The parts:
		    database1   $(pid_of database1)  primary
		    database2   $(pid_of database2)  synchronous standby of database1
		    collector1  $(pid_of collector1)  http://127.0.0.1:$((port + 3))/, judges
		    collector2  $(pid_of collector2)  http://127.0.0.1:$((port + 4))/, stands by
		    collector3  $(pid_of collector3)  http://127.0.0.1:$((port + 5))/, stands by
		    haproxy     $(pid_of haproxy)  $url/

		  Kill one, and look at Operation, Collectors in the dashboard, and here, where it is said who judges:

		  kill -9 $(pid_of collector1)   # collector1
		      Within some 8 seconds another one judges, and the dashboard goes on by itself. A report that was
		      not acknowledged is sent again. An alert tells that collector1 is silent.
		  kill -STOP $(pid_of collector1); sleep 20; kill -CONT $(pid_of collector1)   # collector1 freezes
		      As above; when it goes on it stores nothing, begins anew and stands by.
		  kill -9 $(pid_of database2)   # the standby
		      Nothing is stored without it, so after some 12 seconds nobody is ready: HAProxy answers 503.
		      Wait for it no longer, and within half a minute all goes on:
		      $psql -c "ALTER SYSTEM SET synchronous_standby_names = ''" -c "SELECT pg_reload_conf()"
		  kill -9 $(pid_of database1)   # the primary
		      The same, until you have the standby take its place; nothing that was acknowledged is lost:
		      $as_user$postgresql/pg_ctl promote -D $databases/database2

		  What was killed is not started again; Ctrl-C, and scripts/run --cluster once more, begin anew.
		  All logs: $data

	END
}

# Says which programs have ended, and watches the others.
say_who_ended() {
	local i
	for i in "${!pids[@]}"; do
		kill -0 "${pids[i]}" 2>/dev/null && continue
		say "$(date +%T) ${names[i]} (${pids[i]}) has ended"
		unset "names[i]" "pids[i]"
	done
	names=("${names[@]}")
	pids=("${pids[@]}")
}

# The name of the collector that judges, or nothing.
who_judges() {
	local number
	for number in 1 2 3; do
		! judges $((port + 2 + number)) || printf 'collector%s (%s)\n' "$number" "$(pid_of "collector$number")"
	done
}

watch_the_cluster() {
	local judge='' now
	disown -a # bash would say in its own words who was killed
	while true; do
		now=$(who_judges)
		if [ "$now" != "$judge" ]; then
			say "$(date +%T) ${now:-none of the collectors} judges"
			judge=$now
		fi
		sleep 0.5
		say_who_ended
	done
}

show_cluster() {
	exec 9>"${data%/*}/cluster.lock"
	flock --nonblock 9 || die "a cluster is being shown already, with its files in $data"
	rm -rf "$data"
	mkdir -p "$data"
	postgresql=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	make_folder_of_databases
	store="postgresql:///mtawatch?host=$databases,$databases&port=5432,5433&user=mtawatch"
	start_databases
	start_collectors
	start_haproxy
	start_agent
	start_demo 0 "$data/collector1/enroll-secret" # the agent erases its own
	say_addresses
	say_how_to_kill
	watch_the_cluster
}
