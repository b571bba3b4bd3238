#!/usr/bin/env bash
# Looks at a real run with a real browser: the live page, chaos by hand, report.html.
#
#   browser-test.sh [--screenshots | --measure]
#
# Needs python3, Chromium (CHROMIUM_BIN, or `chromium` on PATH; Debian: apt-get install chromium), and
# the simulation (SIMULATION_BIN, or bin/simulation). If npm is there, axe-core looks at accessibility, too.
#
# Exit codes: 0 all is well · 1 something is not · 5 a program is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly AXE=4.14.1
say() { printf 'browser-test.sh: %s\n' "$*" >&2; }

chromium=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || true)}
simulation=${SIMULATION_BIN:-bin/simulation}
[[ -x $chromium ]] || { say "no Chromium: apt-get install chromium, or name it in CHROMIUM_BIN"; exit 5; }
[[ -x $simulation ]] || { say "no $simulation: build it, or name it in SIMULATION_BIN"; exit 5; }
command -v python3 >/dev/null || { say "python3 is missing"; exit 5; }
NATS_SERVER_BIN=$(scripts/nats-server.sh)
export NATS_SERVER_BIN
unset PRODUCER_ID WORKER_ID NATS_URL CHAOS_URL

# Prints the path of axe-core, or fails.
axe() {
  local kept=".tools/axe-core-$AXE.min.js" work
  if [[ ! -s $kept ]]; then
    command -v npm >/dev/null || return 1
    mkdir -p .tools
    work=$(mktemp -d .tools/axe.XXXXXX)
    (cd "$work" && npm pack --silent "axe-core@$AXE" && tar -xzf axe-core-*.tgz package/axe.min.js) \
      >/dev/null 2>&1 && mv -f "$work/package/axe.min.js" "$kept"
    rm -rf "$work"
  fi
  [[ -s $kept ]] && echo "$kept"
}

options=(--simulation "$simulation" --chromium "$chromium")
if found=$(axe); then
  options+=(--axe "$found")
else
  say "axe-core $AXE could not be fetched: names and roles are checked, contrast and the rest are not"
fi
exec python3 scripts/browser_test.py "${options[@]}" "$@"
