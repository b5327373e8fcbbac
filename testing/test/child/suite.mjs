// Part of the suite, registered with whatever runner runs this file; run by runners.test.ts.
import { createMemoryStore } from "@holdfast/store-core"
import { describeStore } from "@holdfast/testing"

const only = ["META-5", "random-sequences-agree-with-model"]

await describeStore("sound", () => createMemoryStore(), { only: [...only, "order-group-commit"], modelSequences: 20 })

if (process.env.WITH_BROKEN_STORE === "yes") {
  const broken = () => {
    const store = createMemoryStore()
    store.currentMeta = async () => undefined
    return store
  }
  await describeStore("broken", broken, { only: ["META-5"] })
}
