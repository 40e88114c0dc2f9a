// Loaded into the servers that are watched: when all is over they are asked how much of their memory was garbage.
process.on("SIGUSR2", () => globalThis.gc());
