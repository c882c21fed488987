#!/bin/bash
# Fails on a line of the dashboard's scripts that is longer than 120 columns: split the template into components.
#
#   tests/columns.sh [FILE...]    without one: every script of the dashboard
set -euo pipefail
root=$(dirname "$0")/..
[ $# -gt 0 ] || set -- "$root"/dashboard/*.js

status=0
LC_ALL=C.UTF-8 grep -HnE '^.{121,}' "$@" || status=$?
case $status in
0) echo "these lines are longer than 120 columns" >&2 && exit 1 ;;
1) ;; # grep found none
*) exit "$status" ;;
esac
