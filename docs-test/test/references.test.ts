import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { publicPackages, root, workspaces } from "../../scripts/workspaces.mjs"
import { type Doc, proseOf, readDocs } from "./support/docs.js"

/** What the platforms bring: the step of an iterator, and what a Durable Object's storage can do. */
const BUILT_IN = ["next", "deleteAll"]

const rootScripts: Record<string, string> = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts

function problemsOf(doc: Doc): string[] {
  const prose = proseOf(doc).join("\n")
  return [...brokenLinks(doc.file, prose), ...missingScripts(doc.text), ...unknownNames(doc.file, prose)]
}

function brokenLinks(file: string, prose: string): string[] {
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link)
  return links.filter(link => !/^[a-z]+:/.test(link) && !linkWorks(file, link)).map(link => `the link ${link}`)
}

function linkWorks(file: string, link: string): boolean {
  const [path = "", anchor] = link.split("#")
  const target = join(root, path === "" ? file : join(dirname(file), path))
  if (!existsSync(target)) return false
  return anchor === undefined || anchorsOf(readFileSync(target, "utf8")).includes(anchor)
}

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => {
    return title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-")
  })
}

function missingScripts(text: string): string[] {
  return [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start))(?: -w (@?[\w/-]+))?/g)].flatMap(match => {
    const [command, named, short = "", workspace] = match
    const scripts = workspace === undefined ? rootScripts : scriptsOf(workspace)
    return scripts !== null && Object.hasOwn(scripts, named ?? short) ? [] : [`the command ${command}`]
  })
}

function scriptsOf(name: string): Record<string, string> | null {
  return workspaces().find(({ manifest }) => manifest.name === name)?.manifest.scripts ?? null
}

/** Names shown as calls, such as `createMemoryStore()`, that no package declares, nor the workspace the document is in. */
function unknownNames(file: string, prose: string): string[] {
  const names = [...prose.matchAll(/`(?:await |new )?(?:\w+\.)*(\w+)\(/g)].map(([, name = ""]) => name)
  const own = sourcesAround(file)
  const known = (name: string) => BUILT_IN.includes(name) || isDeclared(name) || declares(own, name)
  return names.filter(name => !known(name)).map(name => `the name ${name}()`)
}

function sourcesAround(file: string): string {
  if (dirname(file) === ".") return ""
  const sources = globSync(join(root, dirname(file), "src/**/*.ts"))
  return sources.map(path => readFileSync(path, "utf8")).join("\n")
}

function declares(source: string, name: string): boolean {
  return new RegExp(`(\\b(function|const|class|readonly) ${name}\\b|^ +(async )?${name}\\()`, "m").test(source)
}

const declarations = publicPackages()
  .flatMap(({ folder }) => globSync(join(root, folder, "dist/**/*.d.ts")))
  .map(path => readFileSync(path, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, ""))
  .join("\n")

function isDeclared(name: string): boolean {
  return new RegExp(`(^|[^\\w.])${name}[(<:?]`, "m").test(declarations)
}

describe("what the docs refer to", () => {
  it("includes declarations to look names up in", () => {
    expect(isDeclared("createMemoryStore")).toBe(true)
    expect(isDeclared("createMemoryShop")).toBe(false)
  })

  for (const doc of readDocs()) {
    it(`exists: ${doc.file}`, () => {
      expect(problemsOf(doc)).toEqual([])
    })
  }
})
