// The constant script around a command on its machine. Nothing is ever put into these texts: what varies are its positional
// arguments and which parts are taken. No part holds a single quote, backslash or newline, and an exclamation mark only before a blank, so that fish
// and csh as login shells, too, hand it to /bin/sh as it is.
//
//   $1 mark   $2 grace (s)   $3 time limit (s)   $4 working directory   $5 bytes of input   $6… the command's words

/** stdin is kept apart as 3, for its end tells that we are gone; 4 and 5 are the streams, for marks after the command. */
const OPENING =
  "po_mark=$1 po_grace=$2 po_limit=$3 po_dir=$4 po_size=$5 po_t=0; shift 5; exec 3<&0 </dev/null 4>&1 5>&2; " +
  'po_no() { echo "$po_mark-refused $1" >&5; exit 125; };';

/** The reason that cd gives comes before the mark. */
const DIRECTORY = 'cd -- "$po_dir" || po_no directory;';

/** As root it may be a directory that only root can enter: the first word is then `ENTER`, put aside while the others are made. */
const TAKE_ENTER = "po_enter=$1; shift;";
const DIRECTORY_AS_ROOT = 'set -- /bin/sh -c "$po_enter" sh "$po_dir" "$@";';

/** What `DIRECTORY_AS_ROOT` runs. */
export const ENTER = 'cd -- "$1" && shift && exec "$@"';

/**
 * A free text is for the account's own shell, which sshd and Teleport name in the environment. Its start-up files were read
 * when the line arrived: they are not read again, for time and for what they print. (bash takes a first level under sshd for a
 * login over the network.)
 */
const LOGIN_SHELL =
  'case ${SHELL:-/bin/sh} in */zsh) set -- "$SHELL" -f -c "$1" ;; *) SHLVL=1; export SHLVL; set -- "${SHELL:-/bin/sh}" -c "$1" ;; esac;';

const SUDO = 'set -- sudo -n -- "$@";';

/** 1: timeout(1) of coreutils, which leads a process group of its own. 2: another one, perhaps of busybox, which does not. */
const TIME_LIMIT =
  "po_p=/usr/bin/timeout; if [ -x $po_p ]; then if [ -L $po_p ]; then po_t=2; else po_t=1; fi; " +
  "elif command -v timeout >/dev/null 2>&1; then po_p=timeout po_t=2; fi; " +
  '[ "$po_t" = 0 ] || set -- "$po_p" -k "$po_grace" "$po_limit" "$@";';

/** So that all that the command starts can be ended together. Without setsid (macOS) the shell's job control does it. */
const GROUP = '{ if command -v setsid >/dev/null; then set -- setsid "$@"; else set -m; fi; } 2>/dev/null;';
const GROUP_UNLESS_TIMEOUT = `[ "$po_t" = 1 ] || ${GROUP}`;

/** Whole or not at all: a command never gets a part of its input, followed by an end that it would believe. */
const INPUT = 'po_in=$(head -c "$po_size" <&3); case $po_in in *"$po_mark") ;; *) po_no input ;; esac; po_in=${po_in%"$po_mark"};';
const BASE64 = "command -v base64 >/dev/null || po_no base64;";

const START_MARK = 'echo "$po_mark-start $po_t"; echo "$po_mark-start $po_t" >&2;';
const GO_AHEAD = 'read -r po_go <&3 && [ "$po_go" = go ] || po_no go;';

const RUN = '"$@" 3<&- 4>&- 5>&- & po_c=$! ;';
const RUN_WITH_INPUT = '{ printf %s "$po_in"; } 3<&- 4>&- 5>&- | "$@" 3<&- 4>&- 5>&- & po_c=$! ;';
const RUN_WITH_BASE64 = '{ printf %s "$po_in" | base64 -d; } 3<&- 4>&- 5>&- | "$@" 3<&- 4>&- 5>&- & po_c=$! ;';

/**
 * From here on nothing is said but the marks. po_alive: whether something of the command still runs, and what; a dead process
 * that nobody collects counts as gone, where /proc tells. po_stop: waits until all is gone, and kills it after the grace.
 */
const SILENCE =
  'exec >/dev/null 2>&1; trap "" PIPE; ' +
  'po_alive() { po_pids=; [ -r /proc/self/stat ] || { kill -0 "-$po_c"; return; }; ' +
  "for po_f in /proc/[0-9]*/stat; do read -r po_s <$po_f || continue; po_p=${po_s%% *}; set -- ${po_s##*) }; " +
  'case $1 in Z|X) continue ;; esac; if [ "$3" = "$po_c" ] || [ "$4" = "$po_c" ]; then po_pids="$po_pids $po_p"; fi; done; [ "$po_pids" ]; }; ' +
  'po_nap() { if [ "$po_i" -lt 3 ] && sleep 0.1; then po_i=$((po_i+1)); else sleep 1; po_i=$((po_i+10)); fi; }; ' +
  'po_stop() { po_i=0; while po_alive; do if [ "$po_i" -ge $((po_grace*10)) ]; then po_kill; po_nap; return; fi; po_nap; done; };';
const KILL = 'po_kill() { kill -KILL "-$po_c" $po_pids; };';
const KILL_AS_ROOT = 'po_kill() { kill -KILL "-$po_c"; sudo -n -- kill -KILL $po_pids; };';

/**
 * Its read returns when our end of stdin is closed. It holds none of the streams, or the connection would wait for it; that it
 * exits with 3 tells that it ended the command. Once it has begun to, the signal that sends it away no longer counts.
 */
const WATCHDOG =
  '( trap "" TERM INT HUP; while read -r po_x; do :; done; trap "" USR1; kill -TERM "-$po_c" || kill -TERM "$po_c"; po_stop & exit 3 ) <&3 3<&- 4>&- 5>&- & po_w=$! ; ' +
  "exec 3<&-;";

/**
 * The end mark: status, 1 where something of the command still runs, 3 where the watchdog ended it. What outlives a command
 * that was ended is ended too; what outlives one that ended by itself was left on purpose.
 */
const END =
  'wait "$po_c"; po_r=$?; kill -USR1 "$po_w"; wait "$po_w"; po_k=$?; po_l=0; case $po_k.$po_r in ' +
  '3.*|*.124|*.137|*.143) if po_alive; then kill -TERM "-$po_c"; po_stop; if po_alive; then po_l=1; fi; fi ;; ' +
  '*) if kill -0 "-$po_c" && po_alive; then po_l=1; fi ;; esac; ' +
  'echo "$po_mark-end $po_r $po_l $po_k" >&5; echo "$po_mark-end $po_r $po_l $po_k" >&4; exit "$po_r"';

/** What a command needs of its envelope. */
export interface ScriptParts {
  /** A text for the account's own shell instead of words. */
  readonly loginShell: boolean;
  readonly sudo: "none" | "inside" | "outside";
  readonly directory: boolean;
  readonly input: "none" | "text" | "base64";
  readonly goAhead: boolean;
}

/** The script for /bin/sh, put together from constant parts only. */
export function envelopeScript({ loginShell, sudo, directory, input, goAhead }: ScriptParts): string {
  const around = {
    inside: [TIME_LIMIT, SUDO, GROUP],
    outside: [SUDO, TIME_LIMIT, GROUP_UNLESS_TIMEOUT],
    none: [TIME_LIMIT, GROUP_UNLESS_TIMEOUT],
  };
  const run = { base64: RUN_WITH_BASE64, text: RUN_WITH_INPUT, none: RUN };
  const enters = directory && sudo === "inside";
  return [
    OPENING,
    directory && !enters ? DIRECTORY : "",
    enters ? TAKE_ENTER : "",
    loginShell ? LOGIN_SHELL : "",
    enters ? DIRECTORY_AS_ROOT : "",
    ...around[sudo],
    input === "base64" ? BASE64 : "",
    input === "none" ? "" : INPUT,
    START_MARK,
    goAhead ? GO_AHEAD : "",
    run[input],
    SILENCE,
    sudo === "none" ? KILL : KILL_AS_ROOT,
    WATCHDOG,
    END,
  ]
    .filter((part) => part !== "")
    .join(" ");
}
