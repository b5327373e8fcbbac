import { describe, expect, it } from "vitest"
import { parseCommandLine } from "../src/args.js"
import { JobError } from "../src/errors.js"
import { findPlace } from "../src/open-store.js"

describe("parseCommandLine", () => {
  it("takes nothing at all", () => {
    expect(parseCommandLine([])).toEqual({ help: false, store: null, traces: [], paths: [] })
  })

  it("takes files, recordings and a store in any order", () => {
    expect(parseCommandLine(["a.txt", "--store", "sqlite:x.db", "--trace=t.gz", "b.txt", "--trace", "u.gz"])).toEqual({
      help: false,
      store: "sqlite:x.db",
      traces: ["t.gz", "u.gz"],
      paths: ["a.txt", "b.txt"],
    })
  })

  it("takes a file whose name begins with a dash after --", () => {
    expect(parseCommandLine(["--", "--odd.txt"]).paths).toEqual(["--odd.txt"])
  })

  it.each([
    [["--stor", "memory"], "--stor"],
    [["--store"], "--store"],
    [["--help=yes"], "--help"],
    [[""], "empty"],
    [["--trace", ""], "empty"],
  ])("refuses %j in one line that names it", (args, named) => {
    const error = thrownBy(() => parseCommandLine(args))
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(named) })
    expect((error as JobError).message).not.toContain("\n")
  })
})

describe("findPlace", () => {
  it("finds a SQLite file by its absolute path, colons in the name included", () => {
    expect(findPlace("sqlite:/data/a:b.db")).toMatchObject({ spec: "sqlite:/data/a:b.db", shared: true })
  })

  it("finds memory, which no other process can open", () => {
    expect(findPlace("memory")).toMatchObject({ spec: "memory", shared: false })
  })

  it.each(["", "sqlite", "sqlite:", "memory:", "memory:x", "SQLITE:x", "file.db", ":x", "constructor:x"])(
    "finds nothing for %j",
    spec => {
      expect(findPlace(spec)).toBeNull()
    },
  )
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(JobError)
    return error
  }
  return expect.fail("nothing was thrown")
}
