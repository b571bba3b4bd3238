#!/usr/bin/env bash
# Builds the simulation and runs it for two minutes at most, with chaos, against a real nats-server.
#
#   ./quick-test.sh [OPTION…]     options go to the simulation, such as --seed 7 or --duration 20s
#
# Needs cargo, and python3 with pip or a nats-server 2.11+. The report is left in runs/quick-test.
# Exit codes: the simulation's (0 pass; see `bin/simulation --help`), or 5 if it cannot be built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

die() {
  printf 'quick-test.sh: %s\n' "$1" >&2
  exit 5
}

command -v cargo >/dev/null ||
  die "cargo is missing: install Rust 1.89 or newer (rustup does it), and put ~/.cargo/bin on PATH"
cargo build --release --locked -p simulation || die "the simulation could not be built, see above"
# Moved into its place in one step: a copy that is running elsewhere may not be written to.
mkdir -p bin
cp "${CARGO_TARGET_DIR:-target}/release/simulation" bin/simulation.new
mv -f bin/simulation.new bin/simulation

NATS_SERVER_BIN=$(scripts/nats-server.sh)
export NATS_SERVER_BIN
# The run is the whole simulation with a server of its own, whatever the caller's shell is set to.
unset PRODUCER_ID WORKER_ID NATS_URL
# What a quick test that was interrupted left in its own directory is in nobody's way.
exec bin/simulation --config configs/quick-test.yaml --report runs/quick-test \
  --set nats.existing=delete "$@"
