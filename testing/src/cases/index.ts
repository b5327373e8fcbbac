import type { ConformanceCase } from "../case.js"
import { appendCases } from "./append.js"
import { closeCases } from "./close.js"
import { deleteCases } from "./delete.js"
import { errorCases } from "./errors.js"
import { failureCases } from "./failures.js"
import { guardCases } from "./guard.js"
import { idCases } from "./ids.js"
import { invalidRecordCases } from "./invalid-records.js"
import { listCases } from "./list-doc-ids.js"
import { listIterationCases } from "./list-iteration.js"
import { loadAllCases } from "./load-all.js"
import { loadSnapshotCases } from "./load-snapshot.js"
import { metadataCases } from "./metadata.js"
import { orderCases } from "./order.js"
import { orderReadCases } from "./order-reads.js"
import { payloadCases } from "./payloads.js"
import { replaceCases } from "./replace.js"
import { sharingCases } from "./sharing.js"
import { sharingRaceCases } from "./sharing-races.js"
import { sizeCases } from "./sizes.js"
import { writeCases } from "./writes.js"

/** Every case of the suite, by topic. */
export const cases: readonly ConformanceCase[] = [
  ...orderCases,
  ...orderReadCases,
  ...writeCases,
  ...failureCases,
  ...idCases,
  ...payloadCases,
  ...invalidRecordCases,
  ...sizeCases,
  ...metadataCases,
  ...appendCases,
  ...loadAllCases,
  ...loadSnapshotCases,
  ...replaceCases,
  ...deleteCases,
  ...listCases,
  ...listIterationCases,
  ...guardCases,
  ...closeCases,
  ...sharingCases,
  ...sharingRaceCases,
  ...errorCases,
]
