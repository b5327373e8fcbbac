import { constants } from "node:fs"
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FileBackend, type LogFile } from "@holdfast/example-custom-adapter"
import { type EngineOptions, EngineStore } from "@holdfast/store-core"
import { createFaultSeam, describeStore, type OwnFaultSeam, type Subject } from "@holdfast/testing"

// #region subject
/** A directory of its own for each case, a store in it, and what else the suite may do with that place. */
async function fileSubject(): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), "file-store-"))
  const path = join(directory, "store.log")
  const fault = createFaultSeam()
  let commits = 0
  const openStore = (name: string, options?: EngineOptions) => {
    return openWatched(join(directory, name), fault, () => commits++, options)
  }
  return {
    store: await openStore("store.log"),
    reopen: () => openStore("store.log"),
    isolated: () => openStore("isolated.log"),
    configured: options => openStore("configured.log", options),
    fault,
    corrupt: docId => damageLastRecord(path, docId),
    commits: () => commits,
    dispose: () => rm(directory, { recursive: true }),
  }
}

await describeStore("file store", fileSubject)
// #endregion subject

// #region seam
async function openWatched(
  path: string,
  fault: OwnFaultSeam,
  onCommit: () => void,
  options?: EngineOptions,
): Promise<EngineStore> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT)
  const backend = await FileBackend.open(watched(file, fault, onCommit))
  // What is answered from memory passes no call to the file; without this no fault could strike it.
  const { readPage, readMeta, readIds } = backend
  backend.readPage = (...page) => fault.pass() ?? readPage.apply(backend, page)
  backend.readMeta = docId => fault.pass() ?? readMeta.call(backend, docId)
  backend.readIds = (...page) => fault.pass() ?? readIds.apply(backend, page)
  return new EngineStore(backend, options)
}

/** The file, with every call to it going through the seam. */
function watched(file: LogFile, fault: OwnFaultSeam, onCommit: () => void): LogFile {
  const passing = async <T>(call: () => Promise<T>): Promise<T> => {
    fault.pass()
    return call()
  }
  return {
    read: (...range) => passing(() => file.read(...range)),
    write: (...range) => passing(() => file.write(...range)),
    truncate: length => passing(() => file.truncate(length)),
    // What only a power loss could take away no test can see; without waiting for the disk the suite is quicker.
    datasync: () => passing(async () => onCommit()),
    stat: () => passing(() => file.stat()),
    close: () => passing(() => file.close()),
  }
}
// #endregion seam

// #region corrupt
/** Changes one byte of the last entry that names the document. */
async function damageLastRecord(path: string, docId: string): Promise<void> {
  const file = await open(path, "r+")
  try {
    const bytes = await file.readFile()
    const at = bytes.lastIndexOf(JSON.stringify({ docId }).slice(1, -1))
    if (at < 0) throw new Error(`nothing of ${docId} is in the file`)
    await file.write("D", at + 1)
  } finally {
    await file.close()
  }
}
// #endregion corrupt
