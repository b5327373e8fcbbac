import { describe, expect, it } from "vitest"
import { Batches } from "../src/batch.js"

/** Batches of two, one at a time; each is over when the test says so. */
function observed() {
  const sent: { items: readonly string[]; answered: () => void; finish: (results: Result[]) => void }[] = []
  type Result = string | Promise<string>
  const batches = new Batches<string, string>(
    (items, answered) => new Promise(finish => sent.push({ items, answered, finish })),
    2,
    1,
  )
  return { batches, sent, items: () => sent.map(({ items }) => items) }
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

describe("calls that share round trips", () => {
  it("LOAD-1 go together at the end of the tick, a full batch at once", async () => {
    const { batches, items } = observed()
    void batches.add("a")
    expect(items()).toEqual([])
    void batches.add("b")
    expect(items()).toEqual([["a", "b"]])
    const other = observed()
    void other.batches.add("a")
    await turn()
    expect(other.items()).toEqual([["a"]])
  })

  it("LOAD-1 those that wait leave when the database has answered, before that is taken apart", async () => {
    const { batches, sent, items } = observed()
    const calls = ["a", "b", "c", "d", "e"].map(id => batches.add(id))
    await turn()
    expect(items()).toEqual([["a", "b"]])
    sent[0]?.answered()
    expect(items()).toEqual([
      ["a", "b"],
      ["c", "d"],
    ])
    sent[0]?.finish(["A", "B"])
    await turn()
    expect(items()).toHaveLength(2)
    sent[1]?.finish(["C", "D"])
    await turn()
    expect(items()).toHaveLength(3)
    sent[2]?.finish(["E"])
    expect(await Promise.all(calls)).toEqual(["A", "B", "C", "D", "E"])
  })

  it("LOAD-1 do not wait for what one of them still waits for", async () => {
    const { batches, sent } = observed()
    const [first, second] = [batches.add("a"), batches.add("b")]
    let later = (_: string) => {}
    sent[0]?.finish([new Promise(resolve => (later = resolve)), "B"])
    expect(await second).toBe("B")
    later("A")
    expect(await first).toBe("A")
  })
})
