// In-memory connections to a definition, and the contract that every server must keep.
export {
  CLIENTS,
  connect,
  type AnswerForm,
  type ClientMake,
  type Connected,
  type ConnectOptions,
  type ToolAnswer,
} from "./testing/connect.ts";
export { serverContract, type ServerContract } from "./testing/server-contract.ts";
