import { pathToFileURL } from "node:url";
import { isAbsolute } from "node:path";
import type { Problem } from "@platform-ops/meta-workflow-registry";
import { DEFINITION_CODES } from "@platform-ops/meta-workflow-registry/definition";

/** Problems as a SARIF 2.1.0 log (OASIS), as code scanning reads it. */
export function sarif(problems: readonly Problem[], tool: { readonly name: string; readonly version: string }): object {
  const codes = [...new Set(problems.map(({ code }) => code))].toSorted();
  const titles: Readonly<Record<string, { readonly title: string }>> = DEFINITION_CODES;
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            ...tool,
            rules: codes.map((id) => ({ id, shortDescription: { text: titles[id]?.title ?? id } })),
          },
        },
        results: problems.map(({ code, severity, message, suggestion, file, line, column }) => ({
          ruleId: code,
          ruleIndex: codes.indexOf(code),
          level: severity,
          message: { text: suggestion === undefined ? message : `${message} ${suggestion}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file ?? "") },
                region: { startLine: Math.max(1, line), startColumn: Math.max(1, column) },
              },
            },
          ],
        })),
      },
    ],
  };
}

function uriOf(file: string): string {
  return isAbsolute(file) ? pathToFileURL(file).href : file.split("/").map(encodeURIComponent).join("/");
}
