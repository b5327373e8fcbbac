import { EngineStore, verifyStore } from "@holdfast/store-core"
import { Random } from "../support/random.js"
import { SimulatedBackend } from "./backend.js"
import { check } from "./check.js"
import { Clock } from "./clock.js"
import { Database } from "./database.js"
import type { Action, History, Profile } from "./history.js"
import { Session } from "./session.js"

/** Makes a process's connection; a test may give one that does something wrong. */
export type Connect = (...args: ConstructorParameters<typeof SimulatedBackend>) => SimulatedBackend

const connectRightly: Connect = (...args) => new SimulatedBackend(...args)

const CALM = { failures: 0, locks: 0, waits: ["none"] } as const

/** What happened in a history. */
export interface Figures {
  readonly calls: number
  readonly acknowledged: number
  readonly faults: number
  readonly crashes: number
}

export interface Result {
  /** Everything that was wrong. */
  readonly problems: readonly string[]
  readonly figures: Figures
}

/** Runs a history; the result is the same every time. */
export async function run(history: History, connect: Connect = connectRightly): Promise<Result> {
  const clock = new Clock(history.profile.drift)
  const simulation = new Simulation(history, clock, connect)
  const stuck = await clock.run(() => simulation.main())
  const problems = simulation.problems()
  return { problems: stuck === null ? problems : [stuck, ...problems], figures: simulation.figures() }
}

class Simulation {
  private readonly database: Database
  private readonly random: Random
  /** What the backends go by; at the end nothing is in the way any more. */
  private readonly profile: { -readonly [Key in keyof Profile]: Profile[Key] }
  private readonly sessions: Session[] = []
  private readonly processes: Session[]
  private readonly findings: string[] = []
  private readonly history: History
  private readonly clock: Clock
  private readonly connect: Connect

  constructor(history: History, clock: Clock, connect: Connect) {
    this.history = history
    this.clock = clock
    this.connect = connect
    this.random = new Random(history.luck)
    this.profile = { ...history.profile }
    this.database = new Database(clock)
    this.processes = Array.from({ length: history.profile.processes }, () => this.open())
  }

  async main(): Promise<void> {
    for (const action of this.history.actions) {
      if (action.gap !== null) await this.clock.sleep(action.gap)
      this.do(action)
    }
    for (const session of this.processes) session.close(() => this.calm())
    for (const session of this.sessions) await session.settled()
    this.calm()
    await this.look()
  }

  problems(): readonly string[] {
    const { profile } = this.history
    const wrong = this.sessions.flatMap(session => [
      ...session.problems,
      ...session.backend.violations.map(violation => `process ${session.number}: ${violation}`),
    ])
    return [...wrong, ...this.findings, ...check(this.database, this.sessions, profile, this.history.actions)]
  }

  figures(): Figures {
    const calls = this.sessions.flatMap(session => [...session.calls.values()].flat())
    const acknowledged = calls.filter(call => call.kind === "write" && call.outcome === "ok").length
    const faults = this.sessions.reduce((sum, session) => sum + session.backend.faults, 0)
    const crashes = this.history.actions.filter(({ kind }) => kind === "crash" || kind === "restart").length
    return { calls: calls.length, acknowledged, faults, crashes }
  }

  private do(action: Action): void {
    const session = this.processes[action.process] as Session
    if (action.kind === "restart") this.database.restart()
    else if (action.kind === "crash") session.die()
    else if (action.kind === "close") session.close(() => this.calm())
    else session.call(action)
    if (action.kind === "crash" || action.kind === "close") this.processes[action.process] = this.open()
  }

  /** A process is started, on what is committed. */
  private open(): Session {
    const number = this.sessions.length + 1
    const backend = this.connect(this.database, number, this.clock, this.profile, this.random)
    const session = new Session(number, backend, this.clock, this.history.profile)
    this.sessions.push(session)
    return session
  }

  private calm(): void {
    Object.assign(this.profile, CALM)
  }

  /** What somebody finds who comes later. */
  private async look(): Promise<void> {
    const session = this.open()
    const common = { name: -1, gap: null, process: -1 }
    const reading = { steps: 1000, ahead: 1, pause: null, breakOff: false }
    for (const docId of this.database.everyId()) {
      session.call({ ...common, kind: "load", docId, reading })
      session.call({ ...common, kind: "meta", docId })
    }
    session.call({ ...common, kind: "list" })
    await session.settled()
    const store = new EngineStore(this.connect(this.database, 0, this.clock, this.profile, this.random))
    const { findings } = await verifyStore(store)
    this.findings.push(...findings.map(finding => `verifyStore: ${finding.message}`))
    const unread = [...session.calls.values()].flat().filter(call => call.outcome !== "ok")
    this.findings.push(...unread.map(call => `afterwards: ${JSON.stringify(call)}`))
  }
}
