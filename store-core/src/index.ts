export type { StoreCapabilities } from "./capabilities.js"
export { checkDocId, checkPrefix, MAX_DOC_ID_BYTES } from "./doc-id.js"
export { ENGINE, type EngineAccess, engineOf } from "./engine/access.js"
export type {
  Backend,
  Decision,
  DocumentState,
  Outcome,
  Page,
  Plan,
  WriteOperation,
  Written,
} from "./engine/backend.js"
export { EngineStore } from "./engine/engine-store.js"
export { ENGINE_OPTIONS, type EngineOptions } from "./engine/options.js"
export { needsMeta } from "./engine/plan.js"
export type { ObservedDocument, StoreEvent } from "./engine/store-event.js"
export type { StoreErrorCode, StoreErrorDetails } from "./errors.js"
export { isStoreError, messageOf, STORE_ERROR_CODES, StoreError, showDocId } from "./errors.js"
export { createMemoryStore, MemoryBackend, MemoryStorage, type MemoryStoreOptions } from "./memory-store.js"
export { anyBoolean, anyCount, checkOptions, hasMethods, type OptionRule } from "./options.js"
export { RECORD_LIMITS, recordBytes } from "./records.js"
export type { DocId, ReplicaType, Store, StoreMeta, StorePayload, StoreRecord, SyncMode } from "./store.js"
export { compareUtf8 } from "./text.js"
export { type Finding, type FindingKind, type VerifyReport, verifyStore } from "./verify.js"
