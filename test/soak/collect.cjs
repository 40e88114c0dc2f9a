// Loaded into the servers that are watched: garbage that is collected late would look like memory that is kept.
process.on("SIGUSR2", () => globalThis.gc());
