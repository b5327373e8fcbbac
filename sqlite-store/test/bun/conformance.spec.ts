import { afterAll, describe, it } from "bun:test"
import { describeStore } from "@holdfast/testing"
import { AdapterPlace } from "../support/adapter-place.js"
import { RecordingRunner } from "../support/conformance-report.js"
import { BunFile, BunMemory } from "./database.js"

const onFile = new RecordingRunner({ describe, it })
const inMemory = new RecordingRunner({ describe, it })
await describeStore("bun:sqlite on a file", () => new AdapterPlace(new BunFile()), { runner: onFile })
await describeStore("bun:sqlite in memory", () => new AdapterPlace(new BunMemory()), { runner: inMemory })

afterAll(() => {
  onFile.save("bun-file", "bun:sqlite on a file")
  inMemory.save("bun-memory", "bun:sqlite in memory")
})
