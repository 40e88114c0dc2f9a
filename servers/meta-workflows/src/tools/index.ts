import { control_run } from "./control_run.ts";
import { get_meta_workflow } from "./get_meta_workflow.ts";
import { get_next_step } from "./get_next_step.ts";
import { get_workflow_state } from "./get_workflow_state.ts";
import { get_workflow_status } from "./get_workflow_status.ts";
import { health_check } from "./health_check.ts";
import { list_meta_workflows } from "./list_meta_workflows.ts";
import { list_runs } from "./list_runs.ts";
import { match_meta_workflow } from "./match_meta_workflow.ts";
import { next_action } from "./next_action.ts";
import { plan_meta_workflow } from "./plan_meta_workflow.ts";
import { request_approval } from "./request_approval.ts";
import { schedule_meta_workflow } from "./schedule_meta_workflow.ts";
import { start_workflow } from "./start_workflow.ts";
import { submit_result } from "./submit_result.ts";
import { submit_step_result } from "./submit_step_result.ts";
import { validate_meta_workflow } from "./validate_meta_workflow.ts";

/** Every tool, in the order in which a client lists them. */
export const tools = [
  list_meta_workflows,
  match_meta_workflow,
  get_meta_workflow,
  validate_meta_workflow,
  plan_meta_workflow,
  start_workflow,
  submit_result,
  next_action,
  get_workflow_status,
  list_runs,
  control_run,
  schedule_meta_workflow,
  request_approval,
  get_next_step,
  submit_step_result,
  get_workflow_state,
  health_check,
];
