import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"

const SCRIPT = new URL("../child/owner.mjs", import.meta.url)

/** A thread or process that owns a store, as `child/owner.mjs` describes. */
export interface Owner {
  /** Does a job and resolves with its answer. One at a time. */
  run<T>(job: string, options?: Record<string, unknown>): Promise<T>
  /** Ends it at once, whatever it is doing, and resolves when it has ended. */
  kill(): Promise<void>
}

interface Answer {
  readonly result?: unknown
  readonly error?: string
}

export async function startProcess(): Promise<Owner> {
  const child = fork(fileURLToPath(SCRIPT), { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const kill = async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null
    child.kill("SIGKILL")
    await ended
  }
  return start({ send: message => void child.send(message), answer: () => once(child, "message"), kill })
}

export async function startThread(): Promise<Owner> {
  const worker = new Worker(SCRIPT)
  const kill = async () => void (await worker.terminate())
  return start({ send: message => worker.postMessage(message), answer: () => once(worker, "message"), kill })
}

interface Channel {
  send(message: Record<string, unknown>): void
  answer(): Promise<unknown[]>
  kill(): Promise<void>
}

async function start({ send, answer, kill }: Channel): Promise<Owner> {
  const result = async () => {
    const [message] = (await answer()) as [Answer]
    if (message.error !== undefined) throw new Error(message.error)
    return message.result
  }
  await result()
  return {
    run: async <T>(job: string, options = {}) => {
      const answered = result()
      send({ job, ...options })
      return (await answered) as T
    },
    kill,
  }
}
