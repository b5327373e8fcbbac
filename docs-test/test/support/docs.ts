import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { root } from "../../../scripts/workspaces.mjs"

export interface Doc {
  /** Relative to the root. */
  readonly file: string
  readonly text: string
  readonly blocks: readonly Block[]
}

/** A fenced block. */
export interface Block {
  /** What stands behind the fence, such as `ts no-run`. */
  readonly info: readonly string[]
  readonly lines: readonly string[]
  /** The number, from 0, of its first line in the file. */
  readonly at: number
  /** The place in a file it says it was taken from, such as `examples/a/src/b.ts#region`. */
  readonly from: string | null
}

const PATTERNS = [
  "{README,SPEC,ARCHITECTURE,CONTRIBUTING,CHANGELOG}.md",
  "docs/*.md",
  "*/README.md",
  "examples/*/README.md",
]

/** Everything written for readers. */
export function readDocs(): Doc[] {
  const files = globSync(PATTERNS, { cwd: root, exclude: ["node_modules/**"] }).map(file => file.replaceAll("\\", "/"))
  return [...new Set(files)].sort().map(file => {
    const text = readFileSync(join(root, file), "utf8")
    return { file, text, blocks: blocksOf(text).map(block => withOrigin(block, file)) }
  })
}

/** An example's README shows lines of the example: those need not say where they come from, and are no module. */
function withOrigin(block: Block, file: string): Block {
  if (block.from !== null || !file.startsWith("examples/")) return block
  const sources = globSync(`${dirname(file)}/src/**/*.ts`, { cwd: root })
  const from = sources.find(source => isTakenFrom(block.lines, readFileSync(join(root, source), "utf8").split("\n")))
  return from === undefined ? block : { ...block, from }
}

/** Whether the lines are found in the others, one after the other; how far they are indented does not matter. */
export function isTakenFrom(part: readonly string[], whole: readonly string[]): boolean {
  const flat = (lines: readonly string[]) => lines.map(line => `\n${line.trim()}\n`).join("")
  return flat(whole).includes(flat(part))
}

function blocksOf(text: string): Block[] {
  const lines = text.split("\n")
  const blocks: Block[] = []
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(.*)$/.exec(lines[i] ?? "")
    if (fence === null) continue
    const from = /^<!-- from (\S+) -->$/.exec(lines[i - 1] ?? "")?.[1] ?? null
    const at = i + 1
    const end = lines.indexOf("```", at)
    if (end < 0) throw new Error(`the block in line ${at} has no end`)
    blocks.push({ info: (fence[1] ?? "").split(" ").filter(Boolean), lines: lines.slice(at, end), at, from })
    i = end
  }
  return blocks
}

/** The text without its blocks, line by line. */
export function proseOf({ text, blocks }: Doc): string[] {
  const lines = text.split("\n")
  for (const block of blocks) lines.fill("", block.at, block.at + block.lines.length)
  return lines
}
