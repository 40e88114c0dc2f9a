import { defineConfig } from "vitest/config";

const countInto = process.env["PLATFORM_OPS_COUNT_INTO"];
const conditions = ["platform-ops-source", "node", "module", "default"];

/** Tests import packages by their source condition, so nothing has to be built to run a unit test. Groups run one after the other. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["platform-ops-source", "node"] } },
  test: {
    // All processors: left to itself, vitest keeps one of them for what else goes on, and of two that is half.
    maxWorkers: "100%",
    // In CI a second try tells a fault of ours from a moment of the machine; the end of the output names each that needed it.
    retry: process.env["CI"] === "true" ? 1 : 0,
    // `npm run coverage`: what tests start reports there what it ran.
    env: countInto === undefined ? {} : { NODE_V8_COVERAGE: countInto },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "servers/*/src/**/*.test.ts", "tooling/**/*.test.ts"],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "house", include: ["test/laws/**/*.test.ts"], testTimeout: 60_000, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Each file starts servers, Temporal and workers of its own: more than two at once would wait for each other.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      // A real Kubernetes API with Flux: `npm run test:cluster` builds it first.
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      // Real Terraform providers: `npm run test:providers` builds them first.
      {
        extends: true,
        test: {
          name: "providers",
          include: ["test/providers/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 240_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
