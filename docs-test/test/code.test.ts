import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readDocs } from "./support/docs.js"
import { modulesOf, Project } from "./support/modules.js"

const docs = readDocs()
let project: Project

beforeAll(() => {
  project = new Project()
})
afterAll(() => project.remove())

describe("the TypeScript in the docs", () => {
  it("is right in the eyes of the strict compiler", () => {
    const modules = docs.flatMap(doc => modulesOf(doc, false))
    expect(modules.length).toBeGreaterThan(0)
    expect(project.typeCheck(modules)).toBe("")
  })

  for (const module of docs.flatMap(doc => modulesOf(doc, true))) {
    it(`runs: ${module.file}`, () => {
      expect(project.runModule(module)).toBe("")
    })
  }
})
