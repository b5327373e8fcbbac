export {
  collect,
  deepEqual,
  type ExpectedError,
  equal,
  type FoundStoreError,
  ok,
  rejects,
  storeError,
  within,
} from "./assert.js"
export type { CaseContext, ConformanceCase, RequiredParts } from "./case.js"
export { cases } from "./cases/index.js"
export { type AdapterFinding, type AdapterUnderCheck, checkSqliteAdapter } from "./check-sqlite-adapter.js"
export { createFaultSeam, type FaultOutcome, type OwnFaultSeam, untilNoFault } from "./fault.js"
export {
  binaryEntry,
  contentHash,
  type EntryOptions,
  type EntryRecord,
  entries,
  entry,
  type MetaRecord,
  meta,
  metaRecord,
  nastyIds,
  type Random,
  seeded,
} from "./fixtures.js"
export type { FaultSeam, StoreFactory, Subject, SubjectOptions, SubjectPart } from "./harness.js"
export { type ModelCheckOptions, runModelCheck } from "./model.js"
export { type DescribeStoreOptions, describeStore } from "./runners/describe-store.js"
export type { TestRunner } from "./runners/find-runner.js"
export { type CaseResult, type RunCaseOptions, runCase } from "./runners/run-case.js"
export {
  type CaseReport,
  type ConformanceReport,
  type RunConformanceOptions,
  runConformance,
} from "./runners/run-conformance.js"
export type { SuiteOptions } from "./runners/suite.js"
