// Loaded once for all runs of a worker (tooling/build): reading these modules anew costs each start about as much as all else.
// They keep nothing of a run but compiled expressions, patterns and schemas, which are the same whoever asks.
import "@platform-ops/meta-workflow-registry/expression";
import "@platform-ops/meta-workflow-registry/run";
