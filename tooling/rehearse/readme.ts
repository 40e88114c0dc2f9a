import { stepsOf } from "../../test/support/tutorial.ts";

/** What a package's README has its reader do. */
export interface ReadmeExample {
  /** Names that are given to `npm install`, one list per command. */
  readonly installs: readonly (readonly string[])[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Commands, each with what it prints. */
  readonly talks: readonly { readonly command: string; readonly shown: string }[];
}

/** Reads the example of a README, in the form of a tutorial. */
export function exampleOf(markdown: string): ReadmeExample {
  const steps = stepsOf(markdown);
  const talks = steps.flatMap((step) => (step.does === "run" ? [{ command: step.command, shown: step.shown.join("\n") }] : []));
  const install = /^npm install /;
  return {
    installs: talks.filter(({ command }) => install.test(command)).map(({ command }) => command.replace(install, "").split(" ")),
    files: steps.flatMap((step) => (step.does === "write" ? [{ path: step.path, text: step.text }] : [])),
    talks: talks.filter(({ command }) => !install.test(command)),
  };
}
