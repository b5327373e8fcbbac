import { describe, expect, it } from "vitest"
import type { Result } from "../src/supervisor.js"
import { formatResult, formatTable } from "../src/table.js"

const RESULT: Result = {
  place: "sqlite:/data/x.db",
  documents: 3,
  edits: 12_345,
  editsBefore: 0,
  typingMs: 1000,
  kill: { process: true, acknowledged: 6000, found: 6064 },
  reloadMs: 12.4,
  bytesOnDisk: 65_536,
}

describe("formatTable", () => {
  it("lines up the second column", () => {
    expect(
      formatTable([
        ["a", "1"],
        ["long", "2"],
      ]),
    ).toBe("a     1\nlong  2\n")
  })

  it("of nothing is nothing", () => {
    expect(formatTable([])).toBe("")
  })
})

describe("formatResult", () => {
  it("says what was done and found", () => {
    expect(formatResult(RESULT)).toBe(
      [
        "store                sqlite:/data/x.db",
        "documents            3",
        "edits                12,345",
        "edits/s              12,345",
        "process killed       yes (SIGKILL)",
        "acknowledged before  6,000 edits",
        "found after          6,064 edits: all acknowledged ones, 64 more were stored",
        "bytes on disk        65,536",
        "reload               12 ms, all texts equal",
        "",
      ].join("\n"),
    )
  })

  it("does not claim that a process was killed when none was", () => {
    const memory = { ...RESULT, kill: { process: false, acknowledged: 5, found: 5 }, bytesOnDisk: null }
    expect(formatResult(memory)).toMatch(/^process killed +no \(memory\)/m)
    expect(formatResult(memory)).toMatch(/^found after +5 edits: all acknowledged ones$/m)
    expect(formatResult(memory)).toMatch(/^bytes on disk +none$/m)
  })

  it("says when there was nothing left to type", () => {
    const again = formatResult({ ...RESULT, editsBefore: 12_345, typingMs: 0, kill: null })
    expect(again).toMatch(/^edits +12,345, 12,345 of them there before$/m)
    expect(again).toMatch(/^edits\/s +nothing left to type$/m)
    expect(again).toMatch(/^process killed +no \(nothing left to type\)$/m)
  })
})
