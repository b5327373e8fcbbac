import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { JobError } from "./errors.js"
import type { Input } from "./inputs.js"
import type { Acknowledge } from "./typist.js"
import type { Command, Report } from "./writer.js"
import type { WriterHandle } from "./writer-handle.js"

/** The argument that makes `main.js` the writing process. */
export const WRITER_ROLE = "--writer-process"

/** A writer in a process of its own, which a signal can kill at any instruction. */
export async function startWriterProcess(
  spec: string,
  inputs: readonly Input[],
  acknowledge: Acknowledge,
): Promise<WriterHandle> {
  const writer = new WriterProcess(acknowledge)
  const { found } = await writer.ask({ kind: "open", spec, inputs }, "found")
  return {
    found,
    type: async until => {
      await writer.ask({ kind: "type", until }, "typed")
    },
    kill: () => writer.kill(),
    async close() {
      await writer.ask({ kind: "close" }, "closed")
      await writer.end()
    },
  }
}

type Answer<Kind extends Report["kind"]> = Extract<Report, { kind: Kind }>

class WriterProcess {
  readonly #child: ChildProcess
  readonly #acknowledge: Acknowledge
  /** Resolves when the process has ended and everything it sent was read: messages may outlive it in the pipe. */
  readonly #ended: Promise<unknown>
  #settle: { kind: Report["kind"]; resolve(report: Report): void; reject(error: Error): void } | null = null
  #killed = false

  constructor(acknowledge: Acknowledge) {
    this.#acknowledge = acknowledge
    this.#child = fork(fileURLToPath(new URL("./main.js", import.meta.url)), [WRITER_ROLE], {
      serialization: "advanced",
    })
    this.#ended = Promise.all([once(this.#child, "exit"), once(this.#child, "disconnect")])
    this.#child.on("message", (report: Report) => this.#read(report))
    this.#child.on("error", error => this.#fail(`the writing process cannot be started: ${error.message}`))
    this.#child.on("exit", (code, signal) => this.#unexpectedEnd(code, signal))
    // However this process ends, by a signal or an error: no writer stays behind.
    const killChild = () => this.#child.kill("SIGKILL")
    const release = () => process.off("exit", killChild)
    process.once("exit", killChild)
    this.#ended.then(release, release)
  }

  /** Sends a command and waits for its answer. */
  ask<Kind extends Report["kind"]>(command: Command, kind: Kind): Promise<Answer<Kind>> {
    return new Promise<Answer<Kind>>((resolve, reject) => {
      this.#settle = { kind, resolve: report => resolve(report as Answer<Kind>), reject }
      this.#child.send(command, error => {
        if (error !== null) this.#fail(`the writing process cannot be reached: ${error.message}`)
      })
    })
  }

  async kill(): Promise<void> {
    this.#killed = true
    this.#child.kill("SIGKILL")
    await this.#ended
  }

  async end(): Promise<void> {
    this.#killed = true
    this.#child.disconnect()
    await this.#ended
  }

  #read(report: Report): void {
    if (report.kind === "acknowledged") {
      for (const [index, edits] of report.edits) this.#acknowledge(index, edits)
    } else if (report.kind === "failed") {
      this.#fail(report.message)
    } else if (report.kind === this.#settle?.kind) {
      this.#settle.resolve(report)
      this.#settle = null
    }
  }

  #unexpectedEnd(code: number | null, signal: NodeJS.Signals | null): void {
    if (!this.#killed) this.#fail(`the writing process ended by itself (${signal ?? `exit code ${code}`})`)
  }

  #fail(message: string): void {
    this.#settle?.reject(new JobError(message))
    this.#settle = null
  }
}
