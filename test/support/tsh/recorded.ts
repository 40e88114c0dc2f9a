import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** One call of a real tsh 13.3.8 on a real cluster. */
export interface RecordedCase {
  readonly name: string;
  /** Without the program. */
  readonly argv: readonly string[];
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A file; /dev/null where absent. */
  readonly stdin?: string;
  readonly exit: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

type Text = string | { base64: string } | undefined;

const FILE = fileURLToPath(new URL("../../recorded/tsh/cases.jsonl", import.meta.url));

/** All of them, in the order of their names. */
export function recordedCases(): RecordedCase[] {
  const lines = readFileSync(FILE, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const found = JSON.parse(line) as Omit<RecordedCase, "env" | "stdout" | "stderr"> & {
      env?: Record<string, string>;
      stdout?: Text;
      stderr?: Text;
    };
    return { ...found, env: found.env ?? {}, stdout: bytes(found.stdout), stderr: bytes(found.stderr) };
  });
}

function bytes(text: Text): Buffer {
  return typeof text === "object" ? Buffer.from(text.base64, "base64") : Buffer.from(text ?? "", "utf8");
}
