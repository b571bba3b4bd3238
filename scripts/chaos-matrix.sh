#!/usr/bin/env bash
# Runs a configuration on several nats-server versions and seeds, and prints the table of results.
#
#   scripts/chaos-matrix.sh [OPTION…]          options go to the simulation, such as --duration 1m
#
# Environment: CONFIG (configs/chaos.yaml), VERSIONS ("2.11.11 2.12.8 2.14.6 2.15.1"), SEEDS ("1 2 3"),
# JOBS (1; how many runs at once), OUT (runs/chaos-matrix; emptied first, then one directory a run).
# Needs bin/simulation, which ./quick-test.sh builds, and python3 with pip for the servers.
# Exit codes: 0 every run passed · 1 one did not · 2 bad usage · 5 something is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

config=${CONFIG:-configs/chaos.yaml} out=${OUT:-runs/chaos-matrix} jobs=${JOBS:-1}
read -ra versions <<<"${VERSIONS:-2.11.11 2.12.8 2.14.6 2.15.1}"
read -ra seeds <<<"${SEEDS:-1 2 3}"

[[ -x bin/simulation ]] || {
  echo "chaos-matrix.sh: bin/simulation is missing: ./quick-test.sh builds it" >&2
  exit 5
}
[[ $jobs =~ ^[1-9][0-9]*$ ]] || {
  echo "chaos-matrix.sh: JOBS=$jobs: at least one run must go on at a time" >&2
  exit 2
}
unset PRODUCER_ID WORKER_ID NATS_URL NATS_SERVER_BIN

# One run; its exit code is the verdict's, which the report holds, too.
run() {
  local version=$1 seed=$2 dir="$out/$1-$2" server
  shift 2
  server=$(NATS_SERVER_VERSION=$version scripts/nats-server.sh)
  mkdir -p "$dir"
  NATS_SERVER_BIN=$server bin/simulation --config "$config" --seed "$seed" --report "$dir" \
    --set "checkpoint.path=$dir/checkpoints" "$@" >"$dir/out.txt" 2>"$dir/err.txt" || true
  echo "$version seed $seed: $(grep -m1 '"verdict"' "$dir/report.json" || echo 'no report')" >&2
}

rm -rf "$out"
for version in "${versions[@]}"; do
  for seed in "${seeds[@]}"; do
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done
    run "$version" "$seed" "$@" &
  done
done
wait

python3 - "$out" "${versions[*]}" "${seeds[*]}" <<'PYTHON'
import json, pathlib, sys

out, versions, seeds = pathlib.Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
print("| nats-server | seed | verdict | sent | effects | lost | duplicate | out of order | faults | refused effects |")
print("|---|---|---|---|---|---|---|---|---|---|")
passed = True
for version in versions:
    for seed in seeds:
        try:
            report = json.loads((out / f"{version}-{seed}" / "report.json").read_text())
            totals, anomalies = report["totals"], report["anomalies"]
            lost = sum(anomalies[f"lost_{by}"] for by in ("by_broker", "by_producer", "in_delivery"))
            row = [report["verdict"], totals["sent"], totals["effects"], lost,
                   anomalies["duplicate"], anomalies["out_of_order"], totals["faults"], totals["fenced"]]
        except (OSError, ValueError, KeyError) as error:
            report, row = {}, [f"no report ({type(error).__name__})"] + ["-"] * 7
        passed &= report.get("verdict") == "pass"
        print("|", " | ".join(map(str, [version, seed, *row])), "|")
sys.exit(0 if passed else 1)
PYTHON
