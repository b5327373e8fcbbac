export { FileBackend, openFileStore } from "./file-store.js"
export type { LogFile } from "./log.js"
export { fromDriver } from "./sqlite-binding.js"
