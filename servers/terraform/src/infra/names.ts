/**
 * A workspace's name: 1 to 63 characters of letters, digits, `.`, `_` and `-`, beginning with a letter or digit.
 * It becomes part of run ids, directory names and file names, so nothing that a shell, a path or an option parser
 * would read otherwise is let in (`;`, `/`, spaces, newlines, a leading `-` or `.`).
 */
export const WORKSPACE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** The same in words, for messages. */
export const WORKSPACE_NAME_RULE = "1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit";

/** A terraform identifier (variable or output): letters, digits, `_` and `-`, not beginning with a digit or `-`; at most 255. */
export const IDENTIFIER = /^[\p{L}_][\p{L}\p{N}_-]{0,254}$/u;
export const IDENTIFIER_RULE = "letters, digits, '_' and '-', not beginning with a digit or '-'";

/** A Temporal task queue as we accept it: printable ASCII without spaces, at most 200 characters, no leading `-`. */
export const TASK_QUEUE = /^[A-Za-z0-9@._:/][A-Za-z0-9@._:/-]{0,199}$/;
export const TASK_QUEUE_RULE = "up to 200 letters, digits and '@._:/-', not beginning with '-'";
