#!/bin/bash
# Fails on a pipe whose last program may end before it has read everything: `| grep -q` and its kind.
# The writer then gets SIGPIPE, and under pipefail the whole fails, at random. Instead: grep -q X <<<"$(writer)".
#
#   tests/pipes.sh [SCRIPT...]    without one: every script of the repository
set -euo pipefail
root=$(dirname "$0")/..
if [ $# -eq 0 ]; then
	cd "$root"
	mapfile -t scripts < <(git ls-files scripts .ci 'tests/*.sh' | grep -vE '\.(scd|awk)$' | xargs -d '\n' grep -lE '^#!/bin/(ba)?sh')
	set -- "${scripts[@]}"
fi

# The lines of a script without comments, one a pipe, each with its number: "NAME:12: text".
pipes() {
	awk '
	/^[[:blank:]]*#/ { next }
	text == "" { number = FNR }
	{ text = text $0 }
	/([^|]\||\\)$/ { sub(/\\$/, "", text); next }
	{ print FILENAME ":" number ": " text; text = "" }' "$1"
}

hasty='[^|]\|&?[[:blank:]]*('
hasty+='[ef]?grep[[:blank:]]+(-[^[:blank:]]+[[:blank:]]+)*(-[A-Za-z]*[qm]|--quiet|--max-count)'
hasty+='|(head)([^[:alnum:]_-]|$)'
hasty+="|sed[[:blank:]][^|]*[0-9/;{\$' ]q[};' ]"
hasty+='|awk[[:blank:]][^|]*[^[:alnum:]_]exit'
hasty+=')'

bad=0
for script in "$@"; do
	found=$(grep -E "$hasty" <<<"$(pipes "$script")") || continue
	printf '%s\n  this pipe ends before its writer does\n' "$found"
	bad=1
done
exit $bad
