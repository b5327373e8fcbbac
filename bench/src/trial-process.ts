import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Place, TrialResult } from "./scenario.js"
import type { TrialMessage } from "./trial.js"
import type { TurnOver } from "./turns.js"

const script = fileURLToPath(new URL("./trial.js", import.meta.url))

/** A trial of one driver, in a process that is started with its first turn. */
export class TrialProcess {
  private readonly args: readonly string[]
  private child: ChildProcess | null = null
  private result: TrialResult | null = null
  private tell: { resolve(result: TrialResult | null): void; reject(error: Error): void } | null = null

  constructor(scenario: string, driver: string, place: Place) {
    this.args = [scenario, driver, JSON.stringify(place)]
  }

  /** Lets it go on; resolves to its result, or to null when its turn is over and it is not done. */
  goOn(): Promise<TrialResult | null> {
    return new Promise((resolve, reject) => {
      this.tell = { resolve, reject }
      if (this.child === null) this.child = this.start()
      else this.child.send("turn")
    })
  }

  kill(): void {
    this.child?.kill()
  }

  private start(): ChildProcess {
    const child = fork(script, this.args, { execArgv: ["--expose-gc"] })
    child.on("message", message => {
      const said = message as TrialMessage | TurnOver
      if ("result" in said) this.result = said.result
      else this.tell?.resolve(null)
    })
    child.on("error", error => this.tell?.reject(error))
    child.on("exit", code => {
      if (code === 0 && this.result !== null) this.tell?.resolve(this.result)
      else
        this.tell?.reject(new Error(`The trial ${this.args.slice(0, 2).join(", ")} ended with ${code} and no result`))
    })
    return child
  }
}
