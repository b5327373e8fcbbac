export type { StoreCapabilities } from "./capabilities.js"
export type {
  Backend,
  Decision,
  DocumentState,
  Outcome,
  Page,
  Plan,
  WriteOperation,
} from "./engine/backend.js"
export type { StoreErrorCode, StoreErrorDetails } from "./errors.js"
export { isStoreError, showDocId, StoreError } from "./errors.js"
export type {
  DocId,
  ReplicaType,
  Store,
  StoreMeta,
  StorePayload,
  StoreRecord,
  SyncMode,
} from "./store.js"
