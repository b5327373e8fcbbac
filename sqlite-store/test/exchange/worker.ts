import type { DurableObjectNamespace, DurableObjectState } from "@cloudflare/workers-types"
import { createSqliteStore, fromDurableObject } from "../../src/index.js"
import { addTo, expectSample, writeSample } from "./sample.js"

interface Env {
  readonly SAMPLES: DurableObjectNamespace
}

/** Writes the sample to its storage, or reads it there and adds a record. */
export class Samples {
  private readonly ctx: DurableObjectState

  constructor(ctx: DurableObjectState) {
    this.ctx = ctx
  }

  async fetch(request: Request): Promise<Response> {
    const store = createSqliteStore(fromDurableObject(this.ctx))
    if (new URL(request.url).pathname === "/write") await writeSample(store)
    else {
      await expectSample(store)
      await addTo(store, "Durable Object")
    }
    await store.close()
    return new Response("done")
  }
}

export default {
  /** `?object` names the object that is asked; `/id` answers what its storage is kept under. */
  fetch(request: Request, env: Env) {
    const { pathname, searchParams } = new URL(request.url)
    const id = env.SAMPLES.idFromName(searchParams.get("object") ?? "")
    return pathname === "/id" ? new Response(id.toString()) : env.SAMPLES.get(id).fetch(request.url)
  },
}
