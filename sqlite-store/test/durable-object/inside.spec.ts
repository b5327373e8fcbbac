import { afterAll, describe, expect, it } from "vitest"
import { ask, startWorkerd } from "./workerd.js"

const workerd = await startWorkerd()
const { inside } = await ask<{ inside: string[] }>(workerd, "/list")
afterAll(() => workerd.dispose())

describe("inside a Durable Object", () => {
  for (const title of inside) {
    it(title, async () => expect(await ask(workerd, "/inside", title)).toEqual({ ran: true }), 60_000)
  }
})
