// Prints the result of a case that leaves a rejection behind; in a process of its own, as vitest would fail for it too.
import { createMemoryStore } from "@holdfast/store-core"
import { runCase } from "@holdfast/testing"

const careless = {
  id: "careless",
  title: "leaves a rejection behind",
  rules: ["META-5"],
  async run() {
    void Promise.reject(new Error("nobody cares"))
  },
}
const result = await runCase(careless, () => createMemoryStore())
console.log(result.status, result.error?.message)
