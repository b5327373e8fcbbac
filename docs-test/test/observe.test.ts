import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readDocs } from "./support/docs.js"
import { modulesOf, Project } from "./support/modules.js"

/** What the page's own program has to find in its exporter; runs behind it. */
const CHECK = `
import { deepEqual, equal } from "node:assert/strict"

const points = (name: string) =>
  found
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ dataPoints }) => dataPoints)
    .map(({ attributes, value }) => {
      const measured = typeof value === "object" ? (value as { count?: number }).count : value
      return [...Object.values(attributes), measured].join(" ")
    })
    .sort()
deepEqual(points("holdfast.call.duration"), ["append ok 2", "close ok 1", "loadAll ok 1"])
deepEqual(points("holdfast.records"), ["append 2", "close 0", "loadAll 2"])
deepEqual(points("holdfast.payload"), ["append 3", "close 0", "loadAll 3"])
deepEqual(points("holdfast.commit.writes"), ["append 2"])
deepEqual(points("holdfast.queued"), ["0"])
equal(found.length, 5)
`

describe("docs/observe.md", () => {
  let project: Project
  beforeAll(() => {
    project = new Project()
  })
  afterAll(() => project.remove())

  it("its OpenTelemetry code records what happened (OBSERVE-2)", () => {
    const [doc] = readDocs().filter(({ file }) => file === "docs/observe.md")
    const [module] = doc === undefined ? [] : modulesOf(doc, true)
    expect(module).toBeDefined()
    const text = `${module?.text}\n${CHECK}`
    expect(project.runModule({ file: "observed.ts", text })).toBe("")
  })
})
