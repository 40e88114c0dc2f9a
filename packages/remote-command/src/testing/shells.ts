import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A shell to try, and why it cannot be tried here. */
export interface ShellUnderTest {
  readonly name: string;
  /** Words before the command line. */
  readonly argv: readonly [string, ...string[]];
  readonly missing: string | undefined;
  /** For a test's title: the name, and what is missing. */
  readonly title: string;
}

const found = (program: string): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));

const shell = (name: string, program: string, ...args: string[]): ShellUnderTest => {
  const path = found(program);
  const missing = path === undefined ? `needs ${program} (apt-get install ${program})` : undefined;
  return { name, argv: [path ?? program, ...args], missing, title: missing === undefined ? name : `${name} (${missing})` };
};

/** The shells that a machine may have as login shell or as /bin/sh. */
export const SHELLS: readonly ShellUnderTest[] = [
  shell("sh", "sh", "-c"),
  shell("dash", "dash", "-c"),
  shell("bash", "bash", "-c"),
  shell("bash --posix", "bash", "--posix", "-c"),
  shell("busybox sh", "busybox", "sh", "-c"),
  shell("zsh", "zsh", "-c"),
];
