export { bundleWorkflows, type BundleWorkflowsOptions } from "./worker/bundle.ts";
