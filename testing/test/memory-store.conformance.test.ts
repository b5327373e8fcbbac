import { afterAll, describe, it } from "vitest"
import { RecordingRunner } from "../../sqlite-store/test/support/conformance-report.js"
import { describeStore } from "../src/index.js"
import { memoryPlace } from "./memory-place.js"

// Its storage outlives the stores on it, so here also a memory store keeps what it acknowledged.
const options = { runner: { describe, it }, capabilities: { durable: true } }
const runner = new RecordingRunner({ describe, it })

await describeStore("memory store", () => memoryPlace(false), { ...options, runner })
await describeStore("memory store over a backend that answers late", () => memoryPlace(true), options)

afterAll(() => runner.save("memory", "memory store"))
