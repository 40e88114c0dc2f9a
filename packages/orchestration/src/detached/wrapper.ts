/**
 * The one shell script of this product: constant, with positional arguments only (never interpolated).
 *
 * It takes the journal file by exclusive creation (`set -C`), so that of any number of starters one runs the program;
 * it runs the program in the foreground (a background job of a non-interactive shell would inherit an ignored SIGINT)
 * with its input and output in files; and it keeps the exit code, even when everyone who asked for it is dead. `pid` and `rc` are one
 * write each and end with a newline: without it they do not count (two `mv` would cost more than all else here).
 *
 * $1 journal directory · $2… program and its arguments. Exit code 73 (EX_CANTCREAT): the journal was taken before.
 *
 * `started` holds the wrapper's pid and what makes it unmistakable: on Linux its line of /proc/PID/stat and the boot id,
 * elsewhere the start time as ps prints it. `pid` holds the program's own pid, for the one SIGINT.
 */
export const WRAPPER = `umask 077
journal=$1
shift
second=
if ! { read -r first </proc/$$/stat && read -r second </proc/sys/kernel/random/boot_id; } 2>/dev/null; then
  first=$(LC_ALL=C TZ=UTC0 ps -o lstart= -p $$)
fi
set -C
printf '%s\\n%s\\n%s\\n' "$$" "$first" "$second" 2>/dev/null >"$journal/started" || exit 73
set +C
input=/dev/null
if [ -f "$journal/in" ]; then input=$journal/in; fi
/bin/sh -c 'echo "$$" >"$0/pid" && exec "$@"' "$journal" "$@" <"$input" >"$journal/out" 2>"$journal/err"
echo "$?" >"$journal/rc"
`;

/** What the wrapper answers when another one took the journal first. */
export const JOURNAL_TAKEN = 73;
