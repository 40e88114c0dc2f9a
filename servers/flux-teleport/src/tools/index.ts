import { change_flux_object } from "./change_flux_object.ts";
import { check_tsh_installed } from "./check_tsh_installed.ts";
import { diagnose_flux_issues } from "./diagnose_flux_issues.ts";
import { get_flux_logs } from "./get_flux_logs.ts";
import { get_flux_tree } from "./get_flux_tree.ts";
import { get_kustomization_details } from "./get_kustomization_details.ts";
import { get_kustomization_events } from "./get_kustomization_events.ts";
import { get_teleport_proxy_version } from "./get_teleport_proxy_version.ts";
import { get_teleport_status } from "./get_teleport_status.ts";
import { get_tsh_client_version } from "./get_tsh_client_version.ts";
import { list_environments } from "./list_environments.ts";
import { list_flux_kustomizations } from "./list_flux_kustomizations.ts";
import { list_flux_objects } from "./list_flux_objects.ts";
import { list_flux_sources } from "./list_flux_sources.ts";
import { list_kube_contexts } from "./list_kube_contexts.ts";
import { list_teleport_nodes } from "./list_teleport_nodes.ts";
import { reconcile_flux_kustomization } from "./reconcile_flux_kustomization.ts";
import { request_teleport_access } from "./request_teleport_access.ts";
import { resume_flux_kustomization } from "./resume_flux_kustomization.ts";
import { run_on_nodes } from "./run_on_nodes.ts";
import { run_remote_command } from "./run_remote_command.ts";
import { suspend_flux_kustomization } from "./suspend_flux_kustomization.ts";
import { verify_ssh_access } from "./verify_ssh_access.ts";
import { verify_teleport_compatibility } from "./verify_teleport_compatibility.ts";
/** Every tool of the server, in the order in which a client lists them. */
export const tools = [
  list_environments,
  diagnose_flux_issues,
  list_flux_kustomizations,
  get_kustomization_details,
  get_kustomization_events,
  get_flux_tree,
  list_flux_sources,
  get_flux_logs,
  reconcile_flux_kustomization,
  suspend_flux_kustomization,
  resume_flux_kustomization,
  list_flux_objects,
  change_flux_object,
  check_tsh_installed,
  get_tsh_client_version,
  get_teleport_proxy_version,
  verify_teleport_compatibility,
  get_teleport_status,
  request_teleport_access,
  list_teleport_nodes,
  verify_ssh_access,
  run_remote_command,
  run_on_nodes,
  list_kube_contexts,
] as const;
