import { textLaw } from "./law.ts";

textLaw("No server answers in the protocol's own terms: what leaves one has passed the kit's checks, mask, cut and record", {
  check: (files) =>
    files
      .filter(({ path }) => /^(servers|examples|tooling)\/.*\.ts$/.test(path))
      .flatMap(({ path, text }) => (/\b(SdkExtension|ExtendedAnswer|ExtendedRequest)\b|\bextension: \{/.test(text) ? [path] : [])),
  broken: {
    "servers/planted/src/server.ts": "export const definition = { ...definitionOf(deps), extension: { capabilities: {}, answers } };",
    "servers/planted/src/answers.ts": 'import type { ExtendedAnswer } from "@platform-ops/mcp-kit";',
  },
});
