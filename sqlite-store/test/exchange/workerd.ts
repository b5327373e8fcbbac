import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { Miniflare } from "miniflare"

const SCRIPT = await build({
  entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
})

/** Durable Objects whose storage is kept below a directory, as the SQLite files that they are. */
export class Objects {
  private readonly workerd: Miniflare
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    this.workerd = new Miniflare({
      modules: true,
      script: SCRIPT.outputFiles[0]?.text ?? "",
      compatibilityDate: "2026-07-01",
      durableObjects: { SAMPLES: { className: "Samples", useSQLite: true } },
      durableObjectsPersist: folder,
    })
  }

  /** The database of the object with this name. */
  async file(object: string): Promise<string> {
    return join(this.folder, "-Samples", `${await this.ask("/id", object)}.sqlite`)
  }

  async ask(path: "/id" | "/write" | "/read", object: string): Promise<string> {
    const response = await this.workerd.dispatchFetch(`http://objects${path}?object=${encodeURIComponent(object)}`)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} of ${object}: ${response.status} ${text}`)
    return text
  }

  stop(): Promise<void> {
    return this.workerd.dispose()
  }
}
