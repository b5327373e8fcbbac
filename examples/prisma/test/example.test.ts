import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"

const example = join(import.meta.dirname, "..")

it("generates its client and runs, also on the database it left", { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), "example-prisma-"))
  const env = { ...process.env, NOTES_DB: join(directory, "notes.db") }
  try {
    for (const id of ["note/0", "note/1"]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ["run.mjs"], {
        cwd: example,
        env,
        encoding: "utf8",
      })
      expect(stderr).toBe("")
      expect(status).toBe(0)
      const said = stdout.split("\n").filter(line => /^(note|A note)/.test(line))
      const taken = "A note with an id that is taken leaves nothing behind."
      expect(said).toEqual([taken, `${id}: meta yjs`, `${id}: entry 1`, `${id}: entry 2`])
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
