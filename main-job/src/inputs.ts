import { readdir, readFile, stat } from "node:fs/promises"
import { isAbsolute, join, relative, resolve, sep } from "node:path"
import { countEdits, finalText, type Script, textAfter } from "./edits.js"
import { JobError, oneLine } from "./errors.js"
import { readTrace } from "./trace.js"

/** One document to be written. */
export interface Input {
  readonly docId: string
  readonly script: Script
  readonly edits: number
}

/** All of the job's documents are under this prefix; it touches no others. */
const PREFIX = "main-job/"

/** Every edit is made, stored and checked one by one, so a larger text is a mistake rather than a demonstration. */
const MAX_BYTES = 16 * 1024 * 1024

const NOT_SOURCES = new Set(["node_modules", "dist", "coverage", "reports"])

/** Reads everything before anything is written, so that an unreadable file leaves the store as it was. */
export async function readInputs(root: string, paths: readonly string[], traces: readonly string[]): Promise<Input[]> {
  const byDefault = paths.length === 0 && traces.length === 0
  const base = byDefault ? root : process.cwd()
  const texts = byDefault ? await markdownFiles(root) : paths
  const inputs: Input[] = []
  for (const path of texts) inputs.push(describe(base, path, await readText(path)))
  for (const path of traces) inputs.push(describe(base, path, await readRecording(path)))

  const seen = new Set<string>()
  for (const { docId } of inputs) {
    if (seen.has(docId)) throw new JobError(`${docId.slice(PREFIX.length)} is given twice`)
    seen.add(docId)
  }
  if (inputs.every(input => input.edits === 0)) throw new JobError("nothing to type: there is no text in any file")
  return inputs
}

/** The Markdown files below `folder`, in a fixed order. */
async function markdownFiles(folder: string): Promise<string[]> {
  const files: string[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isFile() && entry.name.endsWith(".md")) files.push(path)
    if (entry.isDirectory() && !entry.name.startsWith(".") && !NOT_SOURCES.has(entry.name)) {
      files.push(...(await markdownFiles(path)))
    }
  }
  return files
}

/** The path as the user would write it from `base` names the document; outside of `base`, the absolute path. */
function describe(base: string, path: string, script: Script): Input {
  const absolute = resolve(path)
  const inside = relative(base, absolute)
  const outside = isAbsolute(inside) || inside.split(sep)[0] === ".."
  const name = (outside ? absolute : inside).replaceAll(sep, "/")
  return { docId: PREFIX + name, script, edits: countEdits(script) }
}

async function readText(path: string): Promise<Script> {
  const bytes = await readBytes(path)
  const text = decode(bytes)
  if (text === null) throw new JobError(`${path} is not UTF-8 text`)
  return { kind: "typed", text }
}

async function readRecording(path: string): Promise<Script> {
  const bytes = await readBytes(path)
  try {
    const script: Script = { kind: "recorded", trace: await readTrace(bytes) }
    if (textAfter(script, Number.POSITIVE_INFINITY) !== finalText(script)) {
      throw new Error("its patches do not give its endContent")
    }
    return script
  } catch (error) {
    throw new JobError(`${path} is not a recorded editing session: ${oneLine(error)}`, { cause: error })
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const status = await stat(path)
    // Reading a pipe or a device could wait for ever.
    if (!status.isFile()) throw new Error(status.isDirectory() ? "it is a directory" : "it is not a regular file")
    if (status.size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES / 1024 / 1024} MiB`)
    return await readFile(path)
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT"
    throw new JobError(`cannot read ${path}: ${missing ? "there is no such file" : oneLine(error)}`, { cause: error })
  }
}

/** The text, or null for bytes that are not text: not UTF-8, or with U+0000, which no text editor writes. */
function decode(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.includes("\0") ? null : text
  } catch {
    return null
  }
}
