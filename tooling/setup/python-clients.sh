#!/usr/bin/env bash
# Installs the Python MCP clients of the contract tests, or what the requirements file of the first argument names, into a virtual
# environment in our cache folder, whole or not at all. A second call finds it there; other versions make another one.
set -euo pipefail
requirements="${1:-$(cd "$(dirname "$0")/../.." && pwd)/test/contract/python/requirements.txt}"
cache="${PLATFORM_OPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/platform-ops}"
hash="$( (sha256sum "$requirements" 2> /dev/null || shasum -a 256 "$requirements") | cut -c1-12)"
venv="$cache/python-$hash"
[ -x "$venv/bin/python" ] && { echo "$venv"; exit 0; }
mkdir -p "$cache"
partial="$(mktemp -d "$cache/.partial-$$-python-XXXXXX")"
trap 'rm -rf "$partial"' EXIT
# Only its interpreter is started, which finds its packages beside itself wherever it was moved.
python3 -m venv "$partial/venv"
"$partial/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
# Another call may have been faster; its result is the same.
[ -e "$venv" ] || mv "$partial/venv" "$venv"
echo "$venv"
