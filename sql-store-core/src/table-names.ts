/** The names of the store's two tables. */
export interface TableNames {
  readonly meta: string
  readonly records: string
}

const DEFAULTS: TableNames = { meta: "holdfast_meta", records: "holdfast_records" }

/** 48 characters leave room, within the 63 bytes of Postgres, for the names it derives from a table's. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,47}$/

/** Both databases keep names of their own under these. */
const RESERVED = /^(sqlite_|pg_)/i

/**
 * The option `tables`, checked: by default `holdfast_meta` and `holdfast_records`. A name is an ASCII letter or `_`
 * followed by up to 47 letters, digits or `_`, and does not begin with `sqlite_` or `pg_`; the two must differ in more
 * than case, because SQLite ignores it. SQL keywords are fine: statements quote names always.
 *
 * Throws `TypeError` naming the option and what is wrong with it.
 */
export function tableNames(tables: Partial<TableNames> = DEFAULTS): TableNames {
  const given = readNames(tables)
  for (const key of given.keys()) {
    if (key !== "meta" && key !== "records") {
      throw new TypeError(`Unknown option "tables.${key}": the tables are "tables.meta" and "tables.records"`)
    }
  }
  const meta = checkName("meta", given.get("meta"))
  const records = checkName("records", given.get("records"))
  if (meta.toLowerCase() === records.toLowerCase()) {
    throw new TypeError(`Options "tables.meta" and "tables.records" must differ, in more than case: both are "${meta}"`)
  }
  return { meta, records }
}

/** Each name is read once, so that what was checked is what is used in statements. */
function readNames(tables: unknown): ReadonlyMap<string, unknown> {
  const names = new Map<string, unknown>()
  try {
    if (typeof tables === "object" && tables !== null && !Array.isArray(tables)) {
      for (const key in tables) names.set(key, (tables as Record<string, unknown>)[key])
      return names
    }
  } catch (cause) {
    throw new TypeError('Option "tables" could not be read', { cause })
  }
  throw new TypeError(`Option "tables" must be an object like { meta: "${DEFAULTS.meta}" }`)
}

function checkName(option: keyof TableNames, name: unknown): string {
  if (name === undefined) return DEFAULTS[option]
  if (typeof name !== "string" || !PLAIN_NAME.test(name)) {
    throw new TypeError(
      `Option "tables.${option}" must be a letter or "_" followed by up to 47 letters, digits or "_" (ASCII), ` +
        `not ${typeof name === "string" ? JSON.stringify(name) : typeof name}`,
    )
  }
  if (RESERVED.test(name)) {
    throw new TypeError(`Option "tables.${option}" must not begin with "sqlite_" or "pg_": "${name}"`)
  }
  return name
}

/** A name as statements contain it: in double quotes, so that keywords and capitals mean the name itself. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
