// Enters a server in the configuration files of clients. Its parsers are loaded by `install` alone.
export { putIn, takeOut } from "./clients/change-entry.ts";
export { listClients } from "./clients/list-clients.ts";
