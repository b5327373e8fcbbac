export {
  type AssembledRecords,
  GapError,
  RecordAssembler,
  type StoredInteger,
  type StoredRow,
} from "./assemble.js"
export {
  type ExpectedColumn,
  type ExpectedTables,
  encodeHeader,
  FORMAT,
  type Format,
  type FoundColumn,
  type FoundTables,
  formatGate,
  type Verdict,
} from "./format-gate.js"
export { KnownDocuments } from "./known-documents.js"
export { PAGE_BYTES, PAGE_ROWS, PIECE_BYTES } from "./limits.js"
export {
  assemblePage,
  assembleWhole,
  beginPages,
  corruptError,
  isSuperseded,
  type PageCursor,
  supersededError,
  tryDecodeMeta,
} from "./pages.js"
export {
  lastAfter,
  type PlannedDocument,
  type PlannedSteps,
  planSteps,
  type Step,
  type StoredDocument,
  type Target,
} from "./plan.js"
export { type PrefixRange, prefixRange } from "./prefix-range.js"
export { decodeMeta, encodeMeta, encodeRecord, pushRecord, type Row, RowError, RowKind, wholeRow } from "./rows.js"
export { quoteName, type TableNames, tableNames } from "./table-names.js"
export { tellWritten } from "./written.js"
