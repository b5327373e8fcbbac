import type { DurableObjectNamespace, DurableObjectState } from "@cloudflare/workers-types"
import { runConformance } from "@holdfast/testing"
import { AdapterPlace } from "../support/adapter-place.js"
import { countRowsWritten } from "./billing.js"
import { DurableObjectDatabase } from "./database.js"
import { insideTests } from "./inside.js"

interface Env {
  readonly TESTS: DurableObjectNamespace
}

/** Runs parts of the tests where a store for Durable Objects runs: inside one, on its own storage. */
export class Tests {
  private readonly ctx: DurableObjectState

  constructor(ctx: DurableObjectState) {
    this.ctx = ctx
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const name = searchParams.get("name") ?? ""
    if (pathname === "/case") {
      let places = 0
      const factory = () => new AdapterPlace(new DurableObjectDatabase(this.ctx), `place${++places}`)
      return Response.json(await runConformance("Durable Object", factory, { only: [name] }))
    }
    if (pathname === "/inside") {
      await insideTests[name]?.(this.ctx)
      return Response.json({ ran: Object.hasOwn(insideTests, name) })
    }
    return Response.json(await countRowsWritten(this.ctx))
  }
}

export default {
  /** Every test has an object of its own, named after it. */
  async fetch(request: Request, env: Env) {
    const { pathname, search } = new URL(request.url)
    if (pathname === "/list") {
      return Response.json({ inside: Object.keys(insideTests) })
    }
    const object = env.TESTS.get(env.TESTS.idFromName(pathname + search))
    return object.fetch(request.url)
  },
}
