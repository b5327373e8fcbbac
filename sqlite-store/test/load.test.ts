import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const SCRIPT = fileURLToPath(new URL("child/soak-load.mjs", import.meta.url))

it("ORDER-1 WRITE-1 under load, on a slow disk and on a database that answers late, everything is where it belongs", async () => {
  // A moment; `npm run soak:load` takes minutes and looks at memory, files and handles too.
  const env = { ...process.env, HOLDFAST_LOAD_MINUTES: "0.02" }
  const child = spawn(process.execPath, ["--expose-gc", SCRIPT], { stdio: ["ignore", "pipe", "pipe"], env })
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text
  })
  const [code] = await once(child, "close")
  expect(code, said).toBe(0)
  const figures = JSON.parse(said.slice(said.indexOf("{"))) as Record<string, number>
  expect(figures["slow disk: calls"]).toBeGreaterThan(20)
  expect(figures["late answers: calls"]).toBeGreaterThan(20)
})
