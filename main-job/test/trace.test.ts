import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { readTrace } from "../src/trace.js"

const zipped = (value: unknown) => gzipSync(JSON.stringify(value))

describe("readTrace", () => {
  it("puts the patches of all transactions in one list", async () => {
    const txns = [
      { time: "…", patches: [[0, 0, "ab"]] },
      { patches: [] },
      {
        patches: [
          [1, 1, ""],
          [1, 0, "😀"],
        ],
      },
    ]
    expect(await readTrace(zipped({ startContent: "", endContent: "a😀", txns }))).toEqual({
      start: "",
      end: "a😀",
      patches: [
        [0, 0, "ab"],
        [1, 1, ""],
        [1, 0, "😀"],
      ],
    })
  })

  const good = { startContent: "", endContent: "", txns: [] }
  it.each([
    ["no object", null, "object"],
    ["a list", [], "startContent"],
    ["no end", { ...good, endContent: undefined }, "endContent"],
    ["half a surrogate pair", { ...good, endContent: "\ud83d" }, "endContent"],
    ["no transactions", { ...good, txns: {} }, "txns"],
    ["a transaction without patches", { ...good, txns: [{}] }, "patches"],
    ["a short patch", { ...good, txns: [{ patches: [[0, 0]] }] }, "patch"],
    ["a negative position", { ...good, txns: [{ patches: [[-1, 0, "a"]] }] }, "patch"],
    ["a broken count", { ...good, txns: [{ patches: [[0, 0.5, "a"]] }] }, "patch"],
    ["no text", { ...good, txns: [{ patches: [[0, 0, 1]] }] }, "patch"],
  ])("refuses %s", async (_, value, named) => {
    await expect(readTrace(zipped(value))).rejects.toThrow(named)
  })

  it("refuses what is not gzipped and what is not JSON", async () => {
    await expect(readTrace(Buffer.from("{}"))).rejects.toThrow("header")
    await expect(readTrace(gzipSync("no JSON"))).rejects.toThrow("JSON")
  })
})
