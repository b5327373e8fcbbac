import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { AdapterPlace } from "../support/adapter-place.js"
import { RecordingRunner } from "../support/conformance-report.js"
import { SqlJsPlace } from "./database.js"

const runner = new RecordingRunner({ describe, it })
await describeStore("sql.js", () => new AdapterPlace(new SqlJsPlace()), { runner })
afterAll(() => runner.save("sql-js", "sql.js"))
