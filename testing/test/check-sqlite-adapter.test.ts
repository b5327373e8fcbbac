import { DatabaseSync } from "node:sqlite"
import { afterEach, describe, expect, it } from "vitest"
import { type AdapterUnderCheck, checkSqliteAdapter } from "../src/index.js"

type Break = (sound: AdapterUnderCheck, db: DatabaseSync) => Partial<AdapterUnderCheck>
type Params = Parameters<AdapterUnderCheck["exec"]>
type Parameter = Params[1]

const databases: DatabaseSync[] = []
afterEach(() => {
  for (const db of databases.splice(0)) if (db.isOpen) db.close()
})

/** An adapter as its author should write one, with some of it replaced. */
function adapter(spoil: Break = () => ({})): AdapterUnderCheck {
  const db = new DatabaseSync(":memory:")
  databases.push(db)
  const sound: AdapterUnderCheck = {
    exec: (sql, ...params) => void db.prepare(sql).run(...params),
    iterate: <T>(sql: string, ...params: Parameter[]) => db.prepare(sql).all(...params) as T[],
    transaction: fn => {
      db.exec("BEGIN IMMEDIATE")
      try {
        const result = fn()
        db.exec("COMMIT")
        return result
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK")
        throw error
      }
    },
    close: () => {
      if (db.isOpen) db.close()
    },
  }
  return { ...sound, ...spoil(sound, db) }
}

/** Changes parameters before they are bound. */
const binding =
  (change: (value: Parameter, index: number, all: Parameter[]) => Parameter): Break =>
  sound => ({
    exec: (sql, ...params) => sound.exec(sql, ...params.map(change)),
    iterate: (sql, ...params) => sound.iterate(sql, ...params.map(change)),
  })

/** Changes values that were read. */
const reading =
  (change: (value: unknown) => unknown): Break =>
  sound => ({
    iterate: <T>(sql: string, ...params: Parameter[]) =>
      Array.from(sound.iterate<object>(sql, ...params), row =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, change(value)])),
      ) as T[],
  })

function staleBindings(sound: AdapterUnderCheck): Partial<AdapterUnderCheck> {
  const last = new Map<string, Parameter[]>()
  return {
    exec: (sql, ...params) => {
      const bound = params.map((value, i) => value ?? last.get(sql)?.[i] ?? null)
      last.set(sql, bound)
      sound.exec(sql, ...bound)
    },
  }
}

function sharedCursors(_sound: AdapterUnderCheck, db: DatabaseSync): Partial<AdapterUnderCheck> {
  const statements = new Map<string, ReturnType<DatabaseSync["prepare"]>>()
  return {
    iterate: <T>(sql: string, ...params: Parameter[]) => {
      const statement = statements.get(sql) ?? db.prepare(sql)
      statements.set(sql, statement)
      return statement.iterate(...params) as Iterable<T>
    },
  }
}

/** As better-sqlite3 does while one of its cursors is open. */
function busyCursors(sound: AdapterUnderCheck): Partial<AdapterUnderCheck> {
  let open = 0
  return {
    iterate: function* <T>(sql: string, ...params: Parameter[]) {
      const rows = [...sound.iterate<T>(sql, ...params)]
      open++
      try {
        yield* rows
      } finally {
        open--
      }
    },
    exec: (sql, ...params) => {
      if (open > 0) throw new TypeError("This database connection is busy executing a query")
      sound.exec(sql, ...params)
    },
  }
}

/** Each is wrong in one thing, and every other check passes. */
const broken: Readonly<Record<string, readonly [finding: string, Break]>> = {
  "takes at most 50 parameters": [
    "many-parameters",
    sound => ({
      iterate: (sql, ...params) => {
        if (params.length > 50) throw new Error("too many parameters")
        return sound.iterate(sql, ...params)
      },
    }),
  ],
  "runs writes without their RETURNING": [
    "returning",
    sound => ({
      iterate: (sql, ...params) => {
        if (!sql.startsWith("INSERT")) return sound.iterate(sql, ...params)
        sound.exec(sql, ...params)
        return []
      },
    }),
  ],
  "leaves the last value bound where null is given": ["statements-reused", staleBindings],
  "shares one cursor between iterations of one text": ["iterations-independent", sharedCursors],
  "refuses to write while a cursor is open": ["write-while-iterating", busyCursors],
  "swallows errors": [
    "errors-thrown",
    sound => ({
      exec: (sql, ...params) => {
        try {
          sound.exec(sql, ...params)
        } catch {}
      },
    }),
  ],
  "answers with promises": [
    "errors-thrown",
    sound => ({ exec: (async (...args: Params) => sound.exec(...args)) as unknown as AdapterUnderCheck["exec"] }),
  ],
  "throws when it is closed again": ["close-again", (_sound, db) => ({ close: () => db.close() })],
  "cuts integers to 32 bits": ["integers", binding(value => (typeof value === "number" ? value | 0 : value))],
  "gives integers as bigints": ["integers", reading(value => (typeof value === "number" ? BigInt(value) : value))],
  "normalises text": ["text", binding(value => (typeof value === "string" ? value.normalize("NFC") : value))],
  "drops a byte order mark": [
    "text",
    reading(value => (typeof value === "string" ? value.replace(/^\ufeff/, "") : value)),
  ],
  "keeps seven bits of a byte": [
    "bytes",
    binding(value => (value instanceof Uint8Array ? value.map(byte => byte & 0x7f) : value)),
  ],
  "binds no bytes as null": [
    "bytes-empty",
    binding(value => (value instanceof Uint8Array && value.length === 0 ? null : value)),
  ],
  "binds the whole buffer of a view": [
    "bytes-of-a-view",
    binding(value => (value instanceof Uint8Array ? new Uint8Array(value.buffer) : value)),
  ],
  "cuts values to 64 KiB": [
    "large-values",
    binding(value => (value instanceof Uint8Array ? value.slice(0, 65_536) : value)),
  ],
  "forgets the result of a transaction": [
    "transaction-returns",
    sound => ({ transaction: fn => void sound.transaction(fn) as never }),
  ],
  "never begins a transaction": ["transaction-rolls-back", () => ({ transaction: fn => fn() })],
  "wraps the error of a transaction": [
    "transaction-first-error",
    sound => ({
      transaction: fn => {
        try {
          return sound.transaction(fn)
        } catch (cause) {
          throw new Error("transaction failed", { cause })
        }
      },
    }),
  ],
  "lets the error of a rollback replace the first": [
    "transaction-first-error",
    (_sound, db) => ({
      transaction: fn => {
        db.exec("BEGIN")
        let result: ReturnType<typeof fn>
        try {
          result = fn()
        } catch (error) {
          db.exec("ROLLBACK")
          throw error
        }
        try {
          db.exec("COMMIT")
        } catch (error) {
          db.exec("ROLLBACK")
          throw error
        }
        return result
      },
    }),
  ],
  "commits outside of its try": [
    "commit-that-fails",
    (_sound, db) => ({
      transaction: fn => {
        db.exec("BEGIN")
        let result: ReturnType<typeof fn>
        try {
          result = fn()
        } catch (error) {
          if (db.isTransaction) db.exec("ROLLBACK")
          throw error
        }
        db.exec("COMMIT")
        return result
      },
    }),
  ],
  "says once and for all that there is no transaction": ["in-transaction", () => ({ inTransaction: false })],
}

/** So wrong that much fails; the check that names the cause comes first. */
const wrongThroughout: Readonly<Record<string, readonly [finding: string, Break]>> = {
  "has no method iterate": ["four-methods", () => ({ iterate: undefined as never })],
  "gives rows as arrays": [
    "rows-by-name",
    sound => ({
      iterate: <T>(sql: string, ...params: Parameter[]) =>
        Array.from(sound.iterate<object>(sql, ...params), row => Object.values(row)) as T[],
    }),
  ],
  "binds parameters from the last to the first": [
    "exec-parameters",
    binding((_value, i, all) => all[all.length - 1 - i] ?? null),
  ],
  "gives nothing where there is NULL": ["nulls", reading(value => value ?? undefined)],
  "rolls back what was to be committed": [
    "transaction-commits",
    (_sound, db) => ({
      transaction: fn => {
        db.exec("BEGIN")
        try {
          return fn()
        } finally {
          if (db.isTransaction) db.exec("ROLLBACK")
        }
      },
    }),
  ],
  "leaves a failed transaction open": [
    "transaction-rolls-back",
    (_sound, db) => ({
      transaction: fn => {
        db.exec("BEGIN")
        const result = fn()
        db.exec("COMMIT")
        return result
      },
    }),
  ],
}

async function failing(spoil?: Break): Promise<string[]> {
  const findings = await checkSqliteAdapter(() => adapter(spoil))
  return findings.filter(finding => !finding.ok).map(finding => finding.name)
}

describe("checkSqliteAdapter", () => {
  it("finds nothing wrong with a sound adapter, with and without the flag", async () => {
    expect(await failing()).toEqual([])
    const findings = await checkSqliteAdapter(() => {
      const made = adapter()
      const db = databases.at(-1)
      return Object.defineProperty(made, "inTransaction", { get: () => db?.isTransaction })
    })
    expect(findings.filter(finding => !finding.ok)).toEqual([])
  })

  for (const [what, [finding, spoil]] of Object.entries(broken)) {
    it(`an adapter that ${what} fails ${finding} and nothing else`, async () => {
      expect(await failing(spoil)).toEqual([finding])
    })
  }

  for (const [what, [finding, spoil]] of Object.entries(wrongThroughout)) {
    it(`an adapter that ${what} fails ${finding} first`, async () => {
      expect((await failing(spoil))[0]).toBe(finding)
    })
  }

  it("says what was seen and what to do about it, and goes on", async () => {
    const findings = await checkSqliteAdapter(() => adapter(broken["binds no bytes as null"]?.[1]))
    const [finding] = findings.filter(one => !one.ok)
    expect(finding).toEqual({
      name: "bytes-empty",
      ok: false,
      problem: 'the stored type: expected "blob", got "null"',
      remedy: expect.stringContaining("empty blob"),
    })
    expect(new Set(findings.map(one => one.name)).size).toBe(findings.length)
    expect(findings.filter(one => one.ok).every(one => Object.keys(one).length === 2)).toBe(true)
  })

  it("reports a factory that throws as a problem", async () => {
    const findings = await checkSqliteAdapter(() => Promise.reject(new Error("no database")))
    expect(findings.every(finding => !finding.ok && finding.problem === "no database")).toBe(true)
  })
})
