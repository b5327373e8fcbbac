export { FileBackend, openFileStore } from "./file-store.js"
export { fromDriver } from "./sqlite-binding.js"
