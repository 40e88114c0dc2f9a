import { describe, expect, it } from "vitest";
import { parse, sources, textFiles, type Source, type TextFile } from "./repository.ts";

/** A place where a law is broken: `path:line` and what is wrong there. */
export type Violation = string;

/** A law over code: what finds its violations, and a file or two that break it. */
export interface CodeLaw {
  readonly check: (sources: readonly Source[]) => Violation[];
  /** path → text; each must be found, or the law could not fail. */
  readonly broken: Readonly<Record<string, string>>;
  /** path → text; none may be found, or the law asks too much. */
  readonly kept?: Readonly<Record<string, string>>;
}

/** Two tests: the repository keeps the law, and the law finds each planted violation. */
export function codeLaw(name: string, law: CodeLaw): void {
  describe(name, () => {
    it("is kept", () => expect(law.check(sources())).toEqual([]));
    plant(law.broken, law.kept, (files) => law.check(files.map(parse)));
  });
}

/** As `codeLaw`, over the text of every file that is committed. */
export function textLaw(name: string, law: Omit<CodeLaw, "check"> & { readonly check: (files: readonly TextFile[]) => Violation[] }): void {
  describe(name, () => {
    it("is kept", () => expect(law.check(textFiles())).toEqual([]));
    plant(law.broken, law.kept, law.check);
  });
}

function plant(broken: CodeLaw["broken"], kept: CodeLaw["kept"], check: (files: TextFile[]) => Violation[]): void {
  const broken_files = Object.entries(broken);
  it.each(broken_files)("finds what breaks it: %s", (path, text) => {
    expect(check([{ path, text }])).not.toEqual([]);
  });
  if (kept === undefined) return;
  it.each(Object.entries(kept))("lets pass: %s", (path, text) => expect(check([{ path, text }])).toEqual([]));
}
