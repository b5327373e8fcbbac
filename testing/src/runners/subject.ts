import type { Store, StoreCapabilities } from "@holdfast/store-core"
import { within } from "../assert.js"
import type { ConformanceCase, RequiredParts } from "../case.js"
import type { StoreFactory, Subject, SubjectPart } from "../harness.js"

/** How long the closing of one store, or the release of one place, may take after a case, in milliseconds. */
const CLEANUP_TIMEOUT = 5_000

const FUNCTION_PARTS = ["reopen", "second", "isolated", "configured", "fault", "corrupt", "commits"] as const
type FunctionPart = (typeof FUNCTION_PARTS)[number]

/** Calls the factory; a bare store becomes a subject without parts. */
export async function makeSubject(factory: StoreFactory): Promise<Subject> {
  const made = await factory()
  return "store" in made ? made : { store: made }
}

/** The parts of a subject. Capabilities come from the store unless given; a store that declares none has none. */
export function partsOf(subject: Subject, given?: Partial<StoreCapabilities>): ReadonlySet<SubjectPart> {
  const declared = (subject.store as Store & { capabilities?: Partial<StoreCapabilities> }).capabilities
  const parts = new Set<SubjectPart>(FUNCTION_PARTS.filter(part => subject[part] !== undefined))
  if (given?.durable ?? declared?.durable ?? false) parts.add("durable")
  if (given?.multiWriter ?? declared?.multiWriter ?? false) parts.add("multiWriter")
  return parts
}

/** What the case requires and the subject lacks. */
export function missingParts(conformanceCase: ConformanceCase, parts: ReadonlySet<SubjectPart>): SubjectPart[] {
  return (conformanceCase.requires ?? []).filter(part => !parts.has(part))
}

/** The subjects and stores of one case, so that they can all be released whatever the case left open. */
export class Places {
  readonly #factory: StoreFactory
  readonly #subjects: Subject[] = []
  readonly #stores: Store[] = []

  constructor(factory: StoreFactory) {
    this.#factory = factory
  }

  /** Another fresh place, whose stores are closed and which is released by `release`. */
  async fresh(): Promise<Subject> {
    const subject = await makeSubject(this.#factory)
    this.#subjects.push(subject)
    this.#stores.push(subject.store)
    return this.#tracked(subject)
  }

  /**
   * Closes all stores, then releases the places. Errors of `close` are left to the cases about it: a store may be broken
   * on purpose here, or be one that its case abandoned. Errors of `dispose` are the harness's own and are thrown.
   */
  async release(): Promise<void> {
    for (const { fault } of this.#subjects) fault?.disarm()
    await Promise.all(this.#stores.map(store => within(closed(store), CLEANUP_TIMEOUT, "close").catch(() => {})))
    for (const subject of this.#subjects.toReversed()) {
      await within(Promise.resolve(subject.dispose?.()), CLEANUP_TIMEOUT, "dispose of the subject")
    }
  }

  #tracked(subject: Subject): Subject {
    const keep = async (opened: Store | Promise<Store>): Promise<Store> => {
      const store = await opened
      this.#stores.push(store)
      return store
    }
    const { reopen, second, isolated, configured, fault, corrupt, commits } = subject
    return {
      store: subject.store,
      ...(reopen && { reopen: () => keep(reopen.call(subject)) }),
      ...(second && { second: () => keep(second.call(subject)) }),
      ...(isolated && { isolated: () => keep(isolated.call(subject)) }),
      ...(configured && { configured: options => keep(configured.call(subject, options)) }),
      ...(fault && { fault }),
      ...(corrupt && { corrupt: docId => corrupt.call(subject, docId) }),
      ...(commits && { commits: () => commits.call(subject) }),
    }
  }
}

async function closed(store: Store): Promise<void> {
  await store.close()
}

/** The parts the case requires; using another one fails, or the case would break on subjects without it. */
export function requiredParts(conformanceCase: ConformanceCase, subject: Subject): RequiredParts {
  const required: Partial<Subject> = Object.fromEntries(
    Object.entries(subject).filter(([part]) => conformanceCase.requires?.includes(part as SubjectPart)),
  )
  const refuse = (part: FunctionPart) => (): never => {
    throw new Error(`case ${conformanceCase.id} uses the part "${part}" without requiring it`)
  }
  return {
    reopen: refuse("reopen"),
    second: refuse("second"),
    isolated: refuse("isolated"),
    configured: refuse("configured"),
    fault: { arm: refuse("fault"), disarm: refuse("fault") },
    corrupt: refuse("corrupt"),
    commits: refuse("commits"),
    ...required,
  }
}
