#!/bin/bash
# Words as they are commonly misspelt, by codespell, in all that somebody wrote here; not what is made up or kept.
set -euo pipefail
cd "$(dirname "$0")/.."

# What reads like one and is none: SQL's iif, a tab before HQ, the field TE, names of variables, wrong on purpose.
meant=iif,thq,te,hve,inflight,2st,tpye,opps,nd,ist
git ls-files -z -- ':!tests/fuzz/corpus' ':!tests/integration/stores' ':!dashboard/package-lock.json' ':!*.png' |
	xargs -0 codespell --quiet-level 3 --ignore-words-list "$meant"
