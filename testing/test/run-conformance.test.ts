import { createMemoryStore, type DocId, type Store, type StoreMeta, type StoreRecord } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { type CaseReport, cases, runConformance } from "../src/index.js"

describe("runConformance", () => {
  it("reports every case of the suite once, as JSON", async () => {
    const seen: CaseReport[] = []
    const report = await runConformance("memory", () => createMemoryStore(), {
      only: [...new Set(cases.filter(one => one.slow !== true).map(one => one.id))],
      onCase: result => seen.push(result),
    })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report.name).toBe("memory")
    expect(new Date(report.startedAt).toISOString()).toBe(report.startedAt)
    expect(report.runtime).toMatch(/^Node\.js/)
    expect(report.cases).toEqual(seen)
    expect(report.passed + report.failed + report.notRun).toBe(report.cases.length)
    expect(report.notRun).toBeGreaterThan(0)
    for (const one of report.cases) expect(one.reason?.startsWith("needs ") ?? false).toBe(one.status === "not run")
  })

  it("reports a failure with its message and goes on", async () => {
    const broken = () => Object.assign(createMemoryStore(), { currentMeta: async () => undefined })
    const report = await runConformance("broken", broken as never, { only: ["META-5", "ID-2"], modelSequences: 0 })
    const failed = report.cases.find(one => one.id === "meta-of-unknown-is-null")
    expect(failed).toMatchObject({ status: "failed", rules: expect.arrayContaining(["META-5"]) })
    expect(failed?.error).toContain("expected null, got undefined")
    expect(report.cases.length).toBeGreaterThan(1)
    expect(report.failed).toBe(report.cases.filter(one => one.status === "failed").length)
  })

  it("runs only what is asked for, by id or rule, and knows the names", async () => {
    const report = await runConformance("memory", () => createMemoryStore(), {
      only: ["random-sequences-agree-with-model", "META-5"],
      modelSequences: 3,
    })
    expect(report.cases.map(one => one.id)).toContain("random-sequences-agree-with-model")
    expect(report.cases.every(one => one.rules.includes("META-5") || one.id.startsWith("random"))).toBe(true)
    await expect(runConformance("memory", () => createMemoryStore(), { only: ["META-99"] })).rejects.toThrow(
      'only: there is no case and no rule "META-99"',
    )
  })

  it("ends on a store whose loads go on for ever with what is appended meanwhile", async () => {
    const ids = ["order-append-inside-load", "order-every-call-inside-load"]
    const report = await runConformance("live", () => new LiveStore(), { only: ids, modelSequences: 0 })
    expect(report.cases.find(one => one.id === ids[0])?.error).toContain("goes on behind 100 items")
  })
})

/** What somebody writes first: a load is an iteration over the list that appends go to. */
class LiveStore implements Store {
  private readonly documents = new Map<DocId, StoreRecord[]>()

  async append(docId: DocId, record: StoreRecord): Promise<void> {
    const records = this.documents.get(docId) ?? []
    this.documents.set(docId, records)
    records.push(record)
  }

  async *loadAll(docId: DocId): AsyncIterable<StoreRecord> {
    yield* this.documents.get(docId) ?? []
  }

  async replace(docId: DocId, records: StoreRecord[]): Promise<void> {
    this.documents.set(docId, [...records])
  }

  async delete(docId: DocId): Promise<void> {
    this.documents.delete(docId)
  }

  async currentMeta(docId: DocId): Promise<StoreMeta | null> {
    const last = this.documents.get(docId)?.findLast(record => record.kind === "meta")
    return last?.kind === "meta" ? last.meta : null
  }

  async *listDocIds(): AsyncIterable<DocId> {
    yield* [...this.documents.keys()].sort()
  }

  async close(): Promise<void> {}
}
