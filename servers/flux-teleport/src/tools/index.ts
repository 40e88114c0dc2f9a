import { check_tsh_installed } from "./check_tsh_installed.ts";
import { get_teleport_proxy_version } from "./get_teleport_proxy_version.ts";
import { get_teleport_status } from "./get_teleport_status.ts";
import { get_tsh_client_version } from "./get_tsh_client_version.ts";
import { list_environments } from "./list_environments.ts";
import { list_kube_contexts } from "./list_kube_contexts.ts";
import { list_teleport_nodes } from "./list_teleport_nodes.ts";
import { request_teleport_access } from "./request_teleport_access.ts";
import { run_on_nodes } from "./run_on_nodes.ts";
import { run_remote_command } from "./run_remote_command.ts";
import { verify_ssh_access } from "./verify_ssh_access.ts";
import { verify_teleport_compatibility } from "./verify_teleport_compatibility.ts";

/** Every tool of the server, in the order in which a client lists them. */
export const tools = [
  list_environments,
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
