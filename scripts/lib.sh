# shellcheck shell=bash
# What the programs in scripts/ have in common; they source this file, which only defines functions.
#
#   repo_root, cache_dir      where things are
#   say, die                  what a person reads: one line, on standard error
#   as_root COMMAND...        runs COMMAND as root: directly, or through sudo
#   need_debian               ends the script on a system whose packages are not Debian 12's
#   need_packages GROUP...    installs what is missing of the groups (package_group lists them)
#   unpack_package NAME       prints a folder with the files of a Debian package that is not installed
#   haproxy_libraries         what an unpacked haproxy needs in LD_LIBRARY_PATH
#   debian_mirror             the archive that this machine's own apt uses for its release
#
# MTAWATCH_CACHE names the folder for what is built or fetched once and kept outside of the
# repository (libraries of the Windows build, Wine); the default is ~/.cache/mtawatch.

repo_root() {
	cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd
}

cache_dir() {
	printf '%s\n' "${MTAWATCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mtawatch}"
}

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "'$*' needs root: run this as root, or install sudo"
	fi
}

need_debian() {
	local ID='' ID_LIKE='' VERSION_CODENAME='' PRETTY_NAME='an unknown system'
	# shellcheck disable=SC1091
	[ ! -r /etc/os-release ] || . /etc/os-release
	if [[ " $ID $ID_LIKE " != *' debian '* ]] || ! command -v apt-get >/dev/null; then
		die "made for Debian 12; this is $PRETTY_NAME, where the packages have other names"
	fi
	[ "$VERSION_CODENAME" = bookworm ] ||
		say "made for Debian 12 (bookworm); this is $PRETTY_NAME, so a package may be missing"
}

# The packages of a group, and on the first line why they are needed.
package_group() {
	case $1 in
	build) cat <<-'END' ;;
		to build the agent and the collector
		gcc libc6-dev cmake ninja-build pkg-config git ca-certificates
		libuv1-dev node-llhttp libcjson-dev libsqlite3-dev libpq-dev libzstd-dev libssl-dev
		libcurl4-openssl-dev libmbedtls-dev libhivex-dev openssl gzip zopfli terser npm scdoc python3
	END
	test) cat <<-'END' ;;
		to test the agent and the collector
		libcmocka-dev sqlite3 postgresql curl iproute2 util-linux
		python3 python3-pytest python3-pytest-xdist
		python3-jsonschema python3-requests python3-aiosmtpd python3-hivex
	END
	windows) cat <<-'END' ;;
		to cross-build the 32-bit Windows agent
		gcc-mingw-w64-i686 cmake ninja-build make dpkg-dev patch xz-utils ca-certificates
	END
	operation) cat <<-'END' ;;
		to read the unit as systemd does
		systemd
	END
	load) cat <<-'END' ;;
		for load on the collector
		wrk
	END
	package) cat <<-'END' ;;
		to make and look at the Windows agent's installer package
		wixl msitools faketime
	END
	debian) cat <<-'END' ;;
		to make Debian's packages
		debhelper dpkg-dev
	END
	fresh) cat <<-'END' ;;
		to look at Debian's packages, and to install them in a fresh Debian
		lintian debootstrap iproute2 util-linux
	END
	lab) cat <<-'END' ;;
		for the site in network namespaces: real endpoint mappers, and readers to check them
		iproute2 nftables procps samba samba-common-bin tdb-tools smbclient
		tshark python3-impacket
		python3 python3-pytest
	END
	cluster) cat <<-'END' ;;
		for several collectors on two database servers
		postgresql util-linux python3
	END
	wine) cat <<-'END' ;;
		to run the 32-bit Windows agent
		debootstrap util-linux
	END
	browser) cat <<-'END' ;;
		to look at the dashboard as people do, and at what it prints
		chromium chromium-headless-shell chromium-driver python3-selenium python3-pytest poppler-utils
	END
	check) cat <<-'END' ;;
		to check the style of the code, and the spelling
		clang clang-format clang-tidy shellcheck codespell
	END
	fuzz) cat <<-'END' ;;
		for the fuzz targets
		clang lld libclang-rt-14-dev
	END
	bench) cat <<-'END' ;;
		to compare the agent with others; Debian starts them as services
		zabbix-agent prometheus-node-exporter
	END
	bench-old-machine) cat <<-'END' ;;
		to count the instructions of the agent
		valgrind
	END
	bench-collector) cat <<-'END' ;;
		to build what the collector is compared with
		g++ make python3 nodejs libnode-dev npm
	END
	*) return 1 ;;
	esac
}

# The packages among the given ones that are not installed, one a line.
missing_packages() {
	local package
	for package in "$@"; do
		# Another Node.js brings these itself, beside which Debian's cannot be installed.
		[ "$package" = npm ] && command -v npm >/dev/null && continue
		[ "$package" = libnode-dev ] && [ -e /usr/include/node/node.h ] && continue
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$package"
	done
}

# Somebody else's apt may hold the lock for minutes; it is waited for.
apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@"
}

install_packages() {
	local options=(install -y -qq --no-install-recommends)
	apt_get "${options[@]}" "$@" >/dev/null && return
	say "that failed; once more with fresh package lists"
	apt_get update -qq || say "not every package list could be fetched; going on with the others"
	apt_get "${options[@]}" "$@" >/dev/null
}

need_packages() {
	local group text why missing
	need_debian
	for group in "$@"; do
		text=$(package_group "$group") || die "there is no package group '$group'"
		why=${text%%$'\n'*}
		# shellcheck disable=SC2086 # a list of words
		missing=$(missing_packages ${text#*$'\n'} | xargs)
		[ -n "$missing" ] || continue
		say "installing, $why: $missing"
		# shellcheck disable=SC2086
		install_packages $missing || die "could not install: $missing"
	done
}

# For a single program out of a package that would start a server when it is installed.
unpack_package() {
	local name=$1 version folder new
	version=$(apt-cache show --no-all-versions "$name" 2>/dev/null | sed -n 's/^Version: //p')
	[ -n "$version" ] || die "apt knows no package $name; run 'apt-get update' first"
	folder=$(cache_dir)/packages/$name-$version
	if [ ! -d "$folder" ]; then
		new=$folder.new.$$
		mkdir -p "$new"
		(cd "$new" && apt-get -o APT::Sandbox::User="$(id -un)" download -qq "$name" >/dev/null && dpkg-deb -x "$name"_*.deb .) ||
			die "could not get the package $name"
		mv -T "$new" "$folder" 2>/dev/null || [ -d "$folder" ] || die "could not write $folder"
	fi
	printf '%s\n' "$folder"
}

# The libraries of haproxy that its package only depends on, as a search path.
haproxy_libraries() {
	local name found=''
	for name in liblua5.3-0 libopentracing-c-wrapper0 libopentracing1; do
		found+=:$(echo "$(unpack_package "$name")"/usr/lib/*-linux-gnu)
	done
	printf '%s\n' "${found#:}"
}

debian_mirror() {
	local format="\$(ORIGIN)|\$(CODENAME)|\$(SITE)"
	apt-get indextargets --format "$format" 'Created-By: Packages' 2>/dev/null |
		awk -F '|' '$1 == "Debian" && $2 !~ /security|updates|backports/ && !n++ { print $3 }'
}
