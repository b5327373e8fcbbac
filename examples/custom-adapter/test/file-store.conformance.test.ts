import { constants } from "node:fs"
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FileBackend } from "@holdfast/example-custom-adapter"
import { type EngineOptions, EngineStore } from "@holdfast/store-core"
import { createFaultSeam, describeStore, type Subject } from "@holdfast/testing"

/** A directory of its own for each case, a store in it, and what else the suite may do with that place. */
async function fileSubject(): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), "file-store-"))
  const fault = createFaultSeam()
  let commits = 0
  const openStore = async (name: string, options?: EngineOptions) => {
    const file = await open(join(directory, name), constants.O_RDWR | constants.O_CREAT)
    // What only a power loss could take away no test can see; without waiting for the disk the suite is quicker.
    file.sync = async () => void commits++
    const watched = passing(file, () => fault.pass())
    const backend = await FileBackend.open(watched)
    // What is answered from memory calls nothing of the file; without this no fault could strike it.
    const reads = ["readPage", "readMeta", "readIds"]
    return new EngineStore(
      passing(backend, method => reads.includes(method) && fault.pass()),
      options,
    )
  }
  return {
    store: await openStore("store.log"),
    reopen: () => openStore("store.log"),
    isolated: () => openStore("isolated.log"),
    configured: options => openStore("configured.log", options),
    fault,
    commits: () => commits,
    dispose: () => rm(directory, { recursive: true }),
  }
}

/** The object, with every call of a method told before it is made. */
function passing<T extends object>(target: T, tell: (method: string) => void): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== "function") return value
      return (...args: unknown[]): unknown => {
        tell(String(name))
        return Reflect.apply(value, target, args)
      }
    },
  })
}

await describeStore("file store", fileSubject)
