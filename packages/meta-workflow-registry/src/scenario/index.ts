// Scenarios of definitions: scripted agents, mocked calls and a virtual clock around the interpreter.
export { MockWorld } from "./mock-world.ts";
export { parseScenario } from "./parse-scenario.ts";
export { closureOf, runScenario, untouched, type ScenarioResult } from "./run-scenario.ts";
export { ScenarioShape, type Scenario } from "./scenario.ts";
export { Simulator, type SimulatorOptions } from "./simulator.ts";
export type { MadeCall, World } from "./world.ts";
export { VirtualClock } from "./virtual-clock.ts";
