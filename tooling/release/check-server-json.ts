import { z } from "zod";

/** Of one version, never a range or a tag. */
const version = z
  .string()
  .max(255)
  .regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/, "is no single version");

const input = {
  description: z.string().min(1),
  isRequired: z.boolean(),
  format: z.enum(["string", "number", "boolean", "filepath"]).optional(),
};
const transport = z.strictObject({ type: z.literal("stdio") });

const npm = z.strictObject({
  registryType: z.literal("npm"),
  identifier: z.string().regex(/^@[\w-]+\/[\w-]+$/),
  version,
  runtimeHint: z.literal("npx"),
  transport,
  packageArguments: z
    .array(
      z.strictObject({ type: z.literal("named"), name: z.string().regex(/^--[a-z-]+$/), isRepeated: z.boolean().optional(), ...input }),
    )
    .optional(),
  environmentVariables: z.array(
    z.strictObject({ name: z.string().regex(/^[A-Z][A-Z0-9_]*$/), isSecret: z.boolean().optional(), ...input }),
  ),
});

const mcpb = z.strictObject({
  registryType: z.literal("mcpb"),
  // Where it is downloaded from; the registry wants the word in it, and the digest.
  identifier: z.url({ protocol: /^https$/ }).regex(/mcp/),
  fileSha256: z.string().regex(/^[a-f0-9]{64}$/),
  transport,
});

/**
 * What of the registry's schema of 2025-12-11 our entries use, stricter: nothing else may stand there. `npm run rehearse` checks
 * them by the registry's own schema as well.
 */
const entry = z.strictObject({
  $schema: z.literal("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version,
  websiteUrl: z.url({ protocol: /^https$/ }),
  repository: z.strictObject({
    url: z.url({ protocol: /^https$/ }),
    source: z.literal("github"),
    subfolder: z.string().regex(/^[\w-]+(\/[\w-]+)*$/),
  }),
  packages: z.array(z.discriminatedUnion("registryType", [npm, mcpb])).min(1),
});

/** The faults of an entry for the MCP registry, each with its path; empty where it is right. */
export function checkServerJson(value: unknown): string[] {
  const result = entry.safeParse(value);
  if (result.success) return [];
  return result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
}
