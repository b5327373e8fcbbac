import { describe, it } from "vitest"
import { describeStore } from "../src/index.js"
import { memoryPlace } from "./memory-place.js"

// Its storage outlives the stores on it, so here also a memory store keeps what it acknowledged.
const options = { runner: { describe, it }, capabilities: { durable: true } }

await describeStore("memory store", () => memoryPlace(false), options)
await describeStore("memory store over a backend that answers late", () => memoryPlace(true), options)
