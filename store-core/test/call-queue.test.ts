import { describe, expect, it } from "vitest"
import { type Call, CallQueue, createCall } from "../src/engine/call-queue.js"

function write(docId: string, bytes = 0, records = 1): Call {
  return createCall({
    docId,
    write: { kind: "delete", docId },
    records,
    bytes,
    start: null,
    resolve: () => {},
    reject: () => {},
  })
}

function read(docId: string, started: Call[]): Call {
  const start = (call: Call) => void started.push(call)
  return createCall({ docId, write: null, records: 0, bytes: 0, start, resolve: () => {}, reject: () => {} })
}

const group = (queue: CallQueue) => queue.takeGroup(() => "yes")

describe("ORDER-1: reads of a document that follow each other", () => {
  it("have their turn together, and a write behind them waits for all, in whichever order they end", () => {
    const queue = new CallQueue()
    const started: Call[] = []
    const [first, second, third] = [read("a", started), read("a", started), read("a", started)]
    queue.add(first)
    queue.add(second)
    const last = write("a")
    queue.add(last)
    queue.add(third)
    expect(started).toEqual([first, second])
    queue.finish(second)
    expect([queue.hasReadyWrites(), started.length]).toEqual([false, 2])
    queue.finish(first)
    expect(group(queue)).toEqual([last])
    expect(started).toEqual([first, second])
    queue.finish(last)
    expect(started).toEqual([first, second, third])
    expect([queue.isEmpty(), queue.isFree("a"), queue.isFree("b")]).toEqual([false, false, true])
    queue.finish(third)
    expect([queue.isEmpty(), queue.isFree("a")]).toEqual([true, true])
  })

  it("that wait behind a write start when it is over, all of them", () => {
    const queue = new CallQueue()
    const started: Call[] = []
    const before = write("a")
    const reads = [read("a", started), read("a", started)]
    for (const call of [before, ...reads]) queue.add(call)
    expect(started).toEqual([])
    expect(group(queue)).toEqual([before])
    queue.finish(before)
    expect(started).toEqual(reads)
  })
})

describe("ORDER-1: calls on two documents", () => {
  it("leave nothing behind when the one that was first is over before the other gets another call", async () => {
    const queue = new CallQueue()
    const [a, b, behind] = [write("a"), write("b"), write("b")]
    queue.add(a)
    queue.add(b)
    expect(group(queue)).toEqual([a, b])
    queue.finish(a)
    expect([queue.isEmpty(), queue.isFree("a"), queue.isFree("b")]).toEqual([false, true, false])
    queue.add(behind)
    let isSettled = false
    const settled = queue.settled().then(() => {
      isSettled = true
    })
    queue.finish(b)
    await new Promise(resolve => setTimeout(resolve, 0))
    expect([group(queue), isSettled]).toEqual([[behind], false])
    queue.finish(behind)
    await settled
    expect([queue.isEmpty(), queue.isFree("b"), queue.size]).toEqual([true, true, 0])
  })
})

describe("ORDER-6: a group of writes", () => {
  const MIB = 1024 * 1024

  it("has at most 8 MiB, exactly, or one write that is larger", () => {
    const queue = new CallQueue()
    const calls = [write("a", 4 * MIB), write("b", 4 * MIB), write("c", 1), write("d", 9 * MIB), write("e", 0)]
    for (const call of calls) queue.add(call)
    expect([group(queue), group(queue), group(queue), group(queue), group(queue)]).toEqual([
      calls.slice(0, 2),
      [calls[2]],
      [calls[3]],
      [calls[4]],
      [],
    ])
  })

  it("has at most 5,000 records, exactly, or one write that has more", () => {
    const queue = new CallQueue()
    const calls = [write("a", 0, 2500), write("b", 0, 2500), write("c"), write("d", 0, 5001)]
    for (const call of calls) queue.add(call)
    expect([group(queue), group(queue), group(queue)]).toEqual([calls.slice(0, 2), [calls[2]], [calls[3]]])
  })
})
