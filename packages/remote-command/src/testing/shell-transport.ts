import { userInfo } from "node:os";
import { ProgramRunner, type ProgramSurroundings } from "../local/program-runner.ts";
import type { ExecRequest, Transport } from "../transport.ts";

/** A transport that hands each request to a program of this machine, with the words that the test makes of it. */
export function shellTransport(wordsOf: (request: ExecRequest) => readonly string[], surroundings: ProgramSurroundings): Transport {
  const runner = new ProgramRunner(surroundings);
  return {
    kind: "ssh",
    exec: (request) => runner.exec(wordsOf(request), request),
    nodes: () => Promise.resolve([]),
    defaultUser: () => Promise.resolve(userInfo().username),
    close: () => runner.close(),
  };
}
