import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "../../../scripts/workspaces.mjs"
import type { Block, Doc } from "./docs.js"

/** What a reader would put together of a document's TypeScript: one module, and one for each block marked `alone`. */
export interface Module {
  readonly file: string
  readonly text: string
}

/**
 * Lines keep their numbers, so that a diagnostic points into the document.
 *
 * @param toRun Without the blocks marked `no-run`.
 */
export function modulesOf(doc: Doc, toRun: boolean): Module[] {
  const code = doc.blocks.filter(({ info, from }) => {
    return info[0] === "ts" && from === null && !(toRun && info.includes("no-run"))
  })
  const together = code.filter(block => !block.info.includes("alone"))
  const groups = [together, ...code.filter(block => block.info.includes("alone")).map(block => [block])]
  return groups
    .filter(blocks => blocks.length > 0)
    .map(blocks => ({ file: fileName(doc, blocks, together), text: textOf(doc, blocks) }))
}

function fileName(doc: Doc, blocks: readonly Block[], together: readonly Block[]): string {
  const stem = doc.file.replaceAll("/", "-")
  return blocks === together ? `${stem}.ts` : `${stem}-${blocks[0]?.at}.ts`
}

function textOf(doc: Doc, blocks: readonly Block[]): string {
  const lines: string[] = Array.from(doc.text.split("\n"), () => "")
  for (const { at, lines: code } of blocks) lines.splice(at, code.length, ...code)
  // A module also where the code neither imports nor exports.
  return [...lines, "export {}", ""].join("\n")
}

const COMPILER_OPTIONS = {
  noEmit: true,
  types: ["node"],
  // What a reader declares to show it need not be used.
  noUnusedLocals: false,
  noUnusedParameters: false,
  composite: false,
}

/** A project of its own that has our packages installed, as a reader's has. */
export class Project {
  readonly #path = mkdtempSync(join(tmpdir(), "docs-test-"))

  constructor() {
    symlinkSync(join(root, "node_modules"), join(this.#path, "node_modules"), "junction")
    this.#write("package.json", JSON.stringify({ name: "reader", private: true, type: "module" }))
    const options = { extends: join(root, "tsconfig.base.json"), compilerOptions: COMPILER_OPTIONS }
    this.#write("tsconfig.json", JSON.stringify({ ...options, include: ["*.ts"] }))
  }

  /** What the compiler has to say about the modules; nothing when they are right. */
  typeCheck(modules: readonly Module[]): string {
    for (const { file, text } of modules) this.#write(file, text)
    return this.#run(join(this.#path), [join(root, "node_modules/typescript/bin/tsc"), "-p", "."])
  }

  /** Runs a module in a directory of its own; returns what it said if it failed. */
  runModule({ file, text }: Module): string {
    const directory = `run-${file}`
    mkdirSync(join(this.#path, directory))
    this.#write(join(directory, file), text)
    return this.#run(join(this.#path, directory), [file])
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true })
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#path, name), text)
  }

  #run(cwd: string, args: readonly string[]): string {
    // A reader's program does not run inside vitest, which the suite's runners would otherwise notice.
    const { VITEST: _, ...env } = process.env
    const options = { cwd, env, encoding: "utf8", timeout: 25_000 } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
    return status === 0 ? "" : `${stdout}${stderr}` || `ended with ${status}`
  }
}
