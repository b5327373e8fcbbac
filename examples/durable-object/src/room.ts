import { DurableObject } from "cloudflare:workers"
import { createSqliteStore, fromDurableObject } from "@holdfast/sqlite-store"
import { isStoreError, type StoreMeta } from "@holdfast/store-core"

const META: StoreMeta = {
  replicaType: ["bytes", 1, 0],
  syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
  schemaHash: "1",
}

/** The documents of one room. An update is opaque bytes; a document is its updates in order. */
export class Room extends DurableObject {
  // Made anew whenever the object wakes up; everything is in the storage.
  private readonly store = createSqliteStore(fromDurableObject(this.ctx))

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    try {
      const docId = decodeURIComponent(pathname.split("/").slice(4).join("/"))
      if (docId === "") return await this.list(searchParams.get("prefix") ?? "")
      if (request.method === "PUT") return await this.append(docId, await request.bytes())
      if (request.method === "GET") return await this.load(docId)
      if (request.method === "DELETE") return await this.remove(docId)
      return new Response("Use PUT, GET or DELETE\n", { status: 405 })
    } catch (error) {
      return failure(error)
    }
  }

  /** Adds an update. The answer leaves only when the update is on disk: the platform holds it back until then. */
  private async append(docId: string, update: Uint8Array): Promise<Response> {
    // Called together, so that both are stored in one commit.
    const calls = [
      ...((await this.store.currentMeta(docId)) === null
        ? [this.store.append(docId, { kind: "meta", meta: META })]
        : []),
      this.store.append(docId, {
        kind: "entry",
        version: new Date().toISOString(),
        payload: { kind: "since", encoding: "binary", data: update },
      }),
    ]
    await Promise.all(calls)
    return new Response(null, { status: 204 })
  }

  /** All updates, each behind its length as a big-endian 32-bit number. */
  private async load(docId: string): Promise<Response> {
    if ((await this.store.currentMeta(docId)) === null) return new Response("No such document\n", { status: 404 })
    const parts: Uint8Array[] = []
    for await (const record of this.store.loadAll(docId)) {
      if (record.kind !== "entry" || typeof record.payload.data === "string") continue
      const length = new Uint8Array(4)
      new DataView(length.buffer).setUint32(0, record.payload.data.length)
      parts.push(length, record.payload.data)
    }
    return new Response(new Blob(parts))
  }

  private async remove(docId: string): Promise<Response> {
    await this.store.delete(docId)
    return new Response(null, { status: 204 })
  }

  private async list(prefix: string): Promise<Response> {
    return Response.json(await Array.fromAsync(this.store.listDocIds(prefix)))
  }
}

/** Errors are recognised by code. What the caller did wrong is a 4xx; what may pass is a 503. */
function failure(error: unknown): Response {
  if (error instanceof URIError) return new Response("The document's name is not valid\n", { status: 400 })
  if (!isStoreError(error)) throw error
  const body = { code: error.code, message: error.message }
  if (error.code === "STORE_INVALID_DOC_ID") return Response.json(body, { status: 400 })
  if (error.code === "STORE_RECORD_TOO_LARGE") return Response.json(body, { status: 413 })
  return Response.json(body, { status: error.retryable ? 503 : 500 })
}
