import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from "@temporalio/worker";

/** What to bundle and where to. */
export interface BundleWorkflowsOptions {
  /** The file that exports the workflows, of TypeScript or JavaScript. */
  readonly workflowsPath: string;
  readonly outFile: string;
  /** A file whose imports are loaded once for all runs of a worker, instead of once a run: only what keeps nothing of a run. */
  readonly preloadPath?: string;
  /** Paths in the source map are given relative to this, so that none of this machine is in the bundle. */
  readonly root?: string;
}

/** Named as a file, because the bundler reads it: source where this is source, a module where this was compiled. */
const FAILURE_CONVERTER = import.meta.url.endsWith(".ts")
  ? new URL("../codec/failure-converter.ts", import.meta.url)
  : new URL("../codec/failure-converter.js", import.meta.url);

const QUIET = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (message: string) => process.stderr.write(`${message}\n`),
};

/**
 * The first words of a bundle; later ones cannot, because the worker freezes what is global. The SDK takes a stack of every
 * promise that workflow code makes, for a query that nobody asks. Without stacks workflow code took two fifths of the time: a
 * profile of 440 updates of runbooks shrank from 10.7 to 4.1 s. Messages of errors stay as they are.
 *
 * What is left of that asks each promise, by `promise.constructor.constructor(CODE)()`, whose run it belongs to and for the run's
 * own Error, and has the code compiled each time: another sixth. Here both are answered without: the same run, and an error that
 * has no stack to be worked on.
 */
const WITHOUT_STACKS = [
  "Error.stackTraceLimit = 0;",
  "{ class Bare {} const run = () => globalThis.__TEMPORAL_ACTIVATOR__, bare = () => Bare;",
  'Object.defineProperty(Promise, "constructor", { value: (code) => (code.includes("Error") ? bare : run) }); } ',
].join(" ");

/**
 * Builds what the workflow sandbox runs, from source. The bundling and the running `@temporalio/worker` must be of exactly
 * the same version. Its loader insists on an inline source map; one without sources halves the file and tells no paths.
 */
export async function bundleWorkflows(options: BundleWorkflowsOptions): Promise<void> {
  const root = options.root ?? dirname(options.workflowsPath);
  const bundle: WorkflowBundleWithSourceMap = await bundleWorkflowCode({
    workflowsPath: options.workflowsPath,
    failureConverterPath: fileURLToPath(FAILURE_CONVERTER),
    ...(options.preloadPath === undefined ? {} : { preloadModules: [options.preloadPath] }),
    logger: QUIET,
    webpackConfigHook: (config) => ({
      ...config,
      devtool: "inline-nosources-source-map",
      resolve: { ...config.resolve, conditionNames: ["platform-ops-source", "import", "require", "node", "default"] },
      output: {
        ...config.output,
        devtoolModuleFilenameTemplate: (info: { absoluteResourcePath: string }) => relative(root, info.absoluteResourcePath),
      },
    }),
  });
  await mkdir(dirname(options.outFile), { recursive: true });
  // On the line that is there: the source map counts lines.
  await writeFile(options.outFile, `${WITHOUT_STACKS}${bundle.code}`);
}
