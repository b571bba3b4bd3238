#!/usr/bin/env bash
# Shows that what is shipped for Prometheus and Grafana works: a real Prometheus with the shipped
# configuration scrapes a run in one process and a run in many, with chaos, and every query of every
# dashboard and of every alert is put to it and must find data. Takes about a minute.
#
#   scripts/prometheus-test.sh [SIMULATION]        the program [default: bin/simulation]
#
# Needs prometheus, promtool and python3, and a nats-server (see scripts/nats-server.sh).
# Exit codes: 0 all found · 1 something is missing or wrong · 2 bad usage · 5 a program is not there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'prometheus-test.sh: %s\n' "$2" >&2
  exit "$1"
}

(($# <= 1)) || die 2 'give the path of the simulation, or nothing'
simulation=${1:-bin/simulation}
[[ -x $simulation ]] || die 5 "$simulation is no program: build it with ./quick-test.sh"
for needed in prometheus promtool python3; do
  command -v "$needed" >/dev/null || die 5 "$needed is missing: install prometheus (apt-get install prometheus)"
done
NATS_SERVER_BIN=$(scripts/nats-server.sh)
export NATS_SERVER_BIN
unset PRODUCER_ID WORKER_ID NATS_URL CHAOS_URL SIMULATION_CHAOS_TOKEN

python3 scripts/dashboards.py --check
promtool check config docker/prometheus/prometheus.yml
promtool test rules docker/prometheus/alerts_test.yml
"$simulation" config check docker/simulation.yaml >/dev/null
if command -v docker-compose >/dev/null; then
  # It holds the file against the schema of the compose specification; no daemon is asked.
  docker-compose -f docker/docker-compose.yml --profile all-in-one --profile separate --profile cluster config --quiet
else
  echo "docker-compose is not installed: docker-compose.yml is not checked"
fi
exec python3 scripts/prometheus_test.py "$(realpath "$simulation")"
