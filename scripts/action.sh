#!/usr/bin/env bash
# The step of action.yml that runs the command: from the action's inputs, in ORACLE_*, to a command line.
set -uo pipefail
cd -- "$ORACLE_DIRECTORY" || exit 2

words=("$ORACLE_COMMAND")

while IFS= read -r line; do
  [ -n "$line" ] && words+=("$line")
done <<<"${ORACLE_ARGS//$'\r'/}"

[ -n "$ORACLE_SHARD" ] && words+=(--shard "$ORACLE_SHARD")

# The log gets the text report; the annotations follow it, since one report at the most goes to standard output.
annotations=
if [ "$ORACLE_ANNOTATIONS" = true ]; then
  annotations=$(mktemp "${RUNNER_TEMP:-/tmp}/bpf-oracle-XXXXXX") || exit 3
  words+=(--reporter text --reporter github --output "$annotations")
else
  words+=(--reporter text)
fi
[ -n "$ORACLE_JSON" ] && words+=(--reporter json --output "$ORACLE_JSON")
[ -n "$ORACLE_JUNIT" ] && words+=(--reporter junit --output "$ORACLE_JUNIT")
[ -n "$ORACLE_SARIF" ] && words+=(--reporter sarif --output "$ORACLE_SARIF")
[ -n "$ORACLE_TAP" ] && words+=(--reporter tap --output "$ORACLE_TAP")
[ -n "$ORACLE_HTML" ] && words+=(--reporter html --output "$ORACLE_HTML")

# Each line is a pattern: expanded, never split at spaces. One that fits nothing stays, and the command names it.
words+=(--)
while IFS= read -r line; do
  [ -z "$line" ] && continue
  IFS=
  # shellcheck disable=SC2206
  found=($line)
  unset IFS
  words+=("${found[@]}")
done <<<"${ORACLE_FILES//$'\r'/}"

# Names of files and functions are in the text: no line of it is a command to the runner, whatever it looks like.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
node "$GITHUB_ACTION_PATH/bin/bpf-oracle.js" "${words[@]}"
code=$?
echo "::$token::"

if [ -n "$annotations" ]; then
  cat "$annotations"
  rm -f "$annotations"
fi
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
[ "$ORACLE_FAIL" = true ] || code=0
exit "$code"
