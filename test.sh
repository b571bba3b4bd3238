#!/usr/bin/env bash
# All tests: format, lints, scripts, documentation, then whether a run in virtual time can be repeated
# (without that, no seed that fails means anything), then every test of every room, many of them
# against a real nats-server, the page in a browser, the dashboards and alerts against a real Prometheus, and
# whether the judge finds every bug that is planted.
#
#   ./test.sh
#
# Needs cargo, and python3 with pip or a nats-server 2.11+; shellcheck and prometheus if they are there. Ends at the first thing that is wrong.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

step() {
  printf '\n== %s\n' "$*"
  "$@"
}

command -v cargo >/dev/null || {
  echo "test.sh: cargo is missing: install Rust 1.89 or newer, and put ~/.cargo/bin on PATH" >&2
  exit 5
}
NATS_SERVER_BIN=$(scripts/nats-server.sh)
export NATS_SERVER_BIN
unset PRODUCER_ID WORKER_ID NATS_URL
# Most of the tests that take long wait for what they have started.
RUST_TEST_THREADS=$((2 * $(getconf _NPROCESSORS_ONLN)))
export RUST_TEST_THREADS
echo "nats-server: $("$NATS_SERVER_BIN" --version)"

step cargo fmt --all --check
if command -v shellcheck >/dev/null; then
  step shellcheck quick-test.sh test.sh scripts/*.sh .ci/run
else
  echo "shellcheck is not installed: the scripts are not checked"
fi
step cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS='-D warnings' step cargo doc --workspace --locked --no-deps
step cargo test --workspace --locked --test sources --test determinism
step cargo test --workspace --locked
program=${CARGO_TARGET_DIR:-target}/debug/simulation
if [[ -n ${CHROMIUM_BIN:-} ]] || command -v chromium >/dev/null; then
  SIMULATION_BIN=$program step scripts/browser-test.sh
else
  echo "chromium is not installed: nobody has looked at the page"
fi
if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
  step scripts/prometheus-test.sh "$program"
else
  echo "prometheus is not installed: dashboards and alerts are NOT checked"
fi
# Last: it builds a program with bugs.
step cargo test -p simulation --features selftest --locked --test selftest
printf '\n✓ all tests passed\n'
