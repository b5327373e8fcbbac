import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { text } from "node:stream/consumers"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { Editor } from "../src/editor.js"
import { textAfter } from "../src/edits.js"

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url))

const database = await createDatabase()

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "main-job-test-"))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function start(args: readonly string[]) {
  // Temporary files of the job go where the test removes them.
  const env = { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder }
  return spawn(process.execPath, [MAIN, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] })
}

async function run(...args: string[]) {
  const job = start(args)
  const [stdout, stderr, [code]] = await Promise.all([text(job.stdout), text(job.stderr), once(job, "close")])
  return { stdout, stderr, code: code as number | null }
}

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function textInStore(database: string, docId: string): Promise<string> {
  const store = await openSqliteStore(database)
  try {
    return (await Editor.open(store, docId)).text
  } finally {
    await store.close()
  }
}

const PROSE = "Some words, an é, a 😀 and a line break.\n".repeat(40)

describe("a job that succeeds", () => {
  it("types into SQLite, kills the writer, finds every acknowledged edit and all texts", async () => {
    write("a.txt", PROSE)
    write("b.txt", "short 😀")
    const file = join(folder, "x.db")
    const { stdout, stderr, code } = await run("--store", "sqlite:x.db", "a.txt", "b.txt")
    expect([stderr, code]).toEqual(["", 0])
    expect(stdout).toMatch(/^documents +2$/m)
    expect(stdout).toMatch(/^process killed +yes \(SIGKILL\)$/m)
    expect(stdout).toMatch(/^found after .*: all acknowledged ones/m)
    expect(stdout).toMatch(/all texts equal$/m)
    expect(await textInStore(file, "main-job/a.txt")).toBe(PROSE)
    expect(await textInStore(file, "main-job/b.txt")).toBe("short 😀")
  })

  it.each(["Postgres", "PGlite"])(
    "types into %s, kills the writer and finds everything, and shows no password",
    async kind => {
      write("a.txt", PROSE)
      const place = kind === "PGlite" ? "pglite:db" : database.url
      const { stdout, stderr, code } = await run("--store", place, "a.txt")
      expect([stderr, code]).toEqual(["", 0])
      expect(stdout).toMatch(/^process killed +yes \(SIGKILL\)$/m)
      expect(stdout).toMatch(/^found after .*: all acknowledged ones/m)
      expect(stdout).toMatch(/all texts equal$/m)
      expect(stdout).not.toContain(":postgres@")
      expect((await run("--store", place, "a.txt")).stdout).toMatch(/nothing left to type/)
    },
  )

  it("types into memory and does not claim a kill", async () => {
    write("a.txt", PROSE)
    const { stdout, stderr, code } = await run("--store", "memory", "a.txt")
    expect([stderr, code]).toEqual(["", 0])
    expect(stdout).toMatch(/^process killed +no \(memory\)/m)
    expect(stdout).toMatch(/all texts equal$/m)
  })

  it("names the temporary database it makes by default", async () => {
    write("a.txt", "a")
    const { stdout, code } = await run("a.txt")
    expect(code).toBe(0)
    const [, file] = /^store +sqlite:(.+)$/m.exec(stdout) ?? []
    expect(await textInStore(file ?? "", "main-job/a.txt")).toBe("a")
  })

  it("replays a recording, positions in code points", async () => {
    const txns = [
      { patches: [[0, 0, "😀 world"]] },
      {
        patches: [
          [1, 0, " hello"],
          [7, 6, "!"],
        ],
      },
    ]
    write("t.json.gz", gzipSync(JSON.stringify({ startContent: "", endContent: "😀 hello!", txns })))
    const { stdout, code } = await run("--trace", "t.json.gz", "--store", "sqlite:x.db")
    expect(code).toBe(0)
    expect(stdout).toMatch(/^edits +3$/m)
    expect(await textInStore(join(folder, "x.db"), "main-job/t.json.gz")).toBe("😀 hello!")
  })

  it("continues a store that has an earlier state, and has nothing to do the third time", async () => {
    const path = write("a.txt", PROSE.slice(0, 400))
    expect((await run("--store", "sqlite:x.db", "a.txt")).code).toBe(0)
    writeFileSync(path, PROSE)
    expect((await run("--store", "sqlite:x.db", "a.txt")).stdout).toMatch(/^edits .* of them there before$/m)
    expect((await run("--store", "sqlite:x.db", "a.txt")).stdout).toMatch(/nothing left to type/)
    expect(await textInStore(join(folder, "x.db"), "main-job/a.txt")).toBe(PROSE)
  })

  it("shows its usage", async () => {
    const { stdout, stderr, code } = await run("--help")
    expect([stderr, code]).toEqual(["", 0])
    expect(stdout).toContain("--trace FILE")
    expect(readdirSync(folder)).toEqual([])
  })
})

describe("a job that cannot be done says so in one line and touches nothing", () => {
  async function refused(args: readonly string[], named: string, expected = 1): Promise<void> {
    const { stdout, stderr, code } = await run(...args)
    expect(stderr).toMatch(/^main-job: .+\n$/)
    expect(stderr).toContain(named)
    expect(code).toBe(expected)
    expect(stdout).toBe("")
  }

  it("an option it does not know", () => refused(["--stor", "memory"], "--stor", 2))
  it("a store it does not know", () => refused(["--store", "mysql:x"], "mysql:x", 2))
  it("a file that is missing", async () => {
    await refused(["--store", "sqlite:x.db", "nowhere.txt"], "nowhere.txt")
    expect(readdirSync(folder)).toEqual([])
  })
  it("a folder instead of a file", () => refused(["."], "directory"))
  it("a file that is not UTF-8", async () => {
    write("latin1.txt", Buffer.from("caf\xe9", "latin1"))
    await refused(["latin1.txt"], "latin1.txt is not UTF-8 text")
  })
  it("a binary file", async () => {
    write("x.bin", new Uint8Array(100))
    await refused(["x.bin"], "x.bin is not UTF-8 text")
  })
  it("the same file twice", async () => {
    write("a.txt", "a")
    await refused(["a.txt", "./a.txt"], "twice")
  })
  it("only empty files", async () => {
    write("empty.txt", "")
    await refused(["empty.txt"], "nothing to type")
  })
  it("a recording that is none, or does not give what it says", async () => {
    write("a.txt", "a")
    await refused(["--trace", "a.txt"], "a.txt is not a recorded editing session")
    const txns = [{ patches: [[0, 0, "b"]] }]
    write("t.gz", gzipSync(JSON.stringify({ startContent: "", endContent: "a", txns })))
    await refused(["--trace", "t.gz"], "endContent")
    const outside = [{ patches: [[1, 0, "b"]] }]
    write("u.gz", gzipSync(JSON.stringify({ startContent: "", endContent: "b", txns: outside })))
    await refused(["--trace", "u.gz"], "beyond the end")
  })

  it("a database that is no database", async () => {
    write("a.txt", PROSE)
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))
    const path = write("noise.db", noise)
    await refused(["--store", "sqlite:noise.db", "a.txt"], "noise.db")
    expect(readFileSync(path)).toEqual(noise)
    expect(readdirSync(folder).sort()).toEqual(["a.txt", "noise.db"])
  })

  it.each([
    ["with tables of its own", "CREATE TABLE notes (mine TEXT); INSERT INTO notes VALUES ('data')"],
    ["in WAL mode", "PRAGMA journal_mode = WAL; CREATE TABLE notes (mine TEXT)"],
    ["with tables of these names", "CREATE TABLE holdfast_meta (mine TEXT); CREATE TABLE holdfast_records (mine TEXT)"],
  ])("the database of another application %s", async (_, sql) => {
    write("a.txt", PROSE)
    const path = join(folder, "app.db")
    const app = new DatabaseSync(path)
    app.exec(sql)
    app.close()
    const before = readFileSync(path)
    await refused(["--store", "sqlite:app.db", "a.txt"], "app.db")
    expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(folder).sort()).toEqual(["a.txt", "app.db"])
  })

  it("a database in a folder that is not there, and a folder as database", async () => {
    write("a.txt", PROSE)
    await refused(["--store", "sqlite:no/where.db", "a.txt"], "where.db")
    await refused(["--store", `sqlite:${folder}`, "a.txt"], folder)
    expect(readdirSync(folder)).toEqual(["a.txt"])
  })

  it("a store whose document has another text", async () => {
    const path = write("a.txt", "one text")
    expect((await run("--store", "sqlite:x.db", "a.txt")).code).toBe(0)
    writeFileSync(path, "another text")
    await refused(["--store", "sqlite:x.db", "a.txt"], "main-job/a.txt")
    expect(await textInStore(join(folder, "x.db"), "main-job/a.txt")).toBe("one text")
  })
})

describe("a store beside the tables of an application", () => {
  it("is continued, and the tables stay as they are", async () => {
    write("a.txt", PROSE)
    expect((await run("--store", "sqlite:x.db", "a.txt")).code).toBe(0)
    const database = new DatabaseSync(join(folder, "x.db"))
    database.exec("CREATE TABLE notes (mine TEXT); INSERT INTO notes VALUES ('data')")
    write("b.txt", "more")
    expect((await run("--store", "sqlite:x.db", "b.txt")).code).toBe(0)
    expect(database.prepare("SELECT mine FROM notes").all()).toEqual([{ mine: "data" }])
    database.close()
    expect(await textInStore(join(folder, "x.db"), "main-job/a.txt")).toBe(PROSE)
  })
})

describe("a job that is ended from outside", () => {
  // So much that it is still typing when the signal comes.
  const LONG = PROSE.repeat(200)

  /**
   * Resolves when the writer is in the middle of it: the log of the database has grown. The writer has the job's
   * stdout and stderr too, so the job's "close" event, which waits for the end of both, comes only when no process is
   * left.
   */
  async function writing(job: ReturnType<typeof start>): Promise<void> {
    job.stdout.resume()
    const log = join(folder, "x.db-wal")
    while ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) < 200_000) await setTimeout(5)
  }

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s says so and leaves no process", async (signal, expected) => {
    write("a.txt", LONG)
    const job = start(["--store", "sqlite:x.db", "a.txt"])
    const stderr = text(job.stderr)
    await writing(job)
    job.kill(signal)
    const [code] = await once(job, "close")
    expect(code).toBe(expected)
    expect(await stderr).toBe(`main-job: ended by ${signal}\n`)
  })

  it("by SIGKILL leaves no process and no damage", async () => {
    write("a.txt", LONG)
    const job = start(["--store", "sqlite:x.db", "a.txt"])
    await writing(job)
    job.kill("SIGKILL")
    await once(job, "close")
    const store = await openSqliteStore(join(folder, "x.db"))
    const { edits, text } = await Editor.open(store, "main-job/a.txt")
    await store.close()
    expect(edits).toBeGreaterThan(0)
    expect(text).toBe(textAfter({ kind: "typed", text: LONG }, edits))
  })
})
