import { type TableNames, tableNames } from "@holdfast/sql-store-core"
import { hasMethods, StoreError } from "@holdfast/store-core"
import type { PrismaClientLike } from "./client.js"
import { BACKEND } from "./errors.js"
import { fieldLine, type ModelText, modelBlock, modelTexts, type Provider } from "./fragments.js"

/** The names of the two models in schema.prisma. */
export interface ModelNames {
  /** Default `HoldfastMeta`. */
  readonly meta?: string
  /** Default `HoldfastRecord`. */
  readonly records?: string
}

/** Where the models are in the database. */
export interface MappedModels {
  readonly provider: Provider
  readonly names: TableNames
  /** Only where the models say one. */
  readonly schema: string | undefined
}

/** What a generated client knows of its models at run time. */
interface DataModel {
  readonly models: Readonly<Record<string, RuntimeModel>>
}

interface RuntimeModel {
  readonly dbName?: string | null
  readonly schema?: string | null
  readonly fields: readonly RuntimeField[]
}

interface RuntimeField {
  readonly name: string
  readonly type: string
  readonly dbName?: string | null
}

const DEFAULTS = { meta: "HoldfastMeta", records: "HoldfastRecord" } as const
const TABLES = { meta: "holdfast_meta", records: "holdfast_records" } as const

/**
 * Finds the two models in the client and the tables they are mapped to.
 *
 * Throws `STORE_FORMAT_UNSUPPORTED` naming the model and field, and the text to paste.
 */
export function findModels(client: PrismaClientLike, wanted: ModelNames): MappedModels {
  const { provider, dataModel } = inspect(client)
  const texts = modelTexts(provider)
  const find = (kind: keyof typeof DEFAULTS) => {
    const name = wanted[kind] ?? DEFAULTS[kind]
    const model = Object.hasOwn(dataModel.models, name) ? dataModel.models[name] : undefined
    if (model === undefined) throw missing(kind, name, texts[kind])
    checkFields(name, model, texts[kind])
    return { name, table: model.dbName ?? name, schema: model.schema ?? undefined }
  }
  const meta = find("meta")
  const records = find("records")
  if (meta.schema !== records.schema) {
    throw refused(`the models ${meta.name} and ${records.name} are in two schemas; give both the same @@schema`)
  }
  return { provider, names: checkTables(meta, records), schema: meta.schema }
}

function inspect(client: PrismaClientLike): { provider: Provider; dataModel: DataModel } {
  const { active, dataModel } = known(client)
  if (active === "sqlite") return { provider: "sqlite", dataModel }
  if (active === "postgresql") return { provider: "postgresql", dataModel }
  throw refused(`the client's provider is ${String(active)}; the store works with sqlite and postgresql`)
}

/** What the client, which may be anything, knows of itself. */
function known(client: PrismaClientLike): { readonly active: unknown; readonly dataModel: DataModel } {
  let cause: unknown
  try {
    const { _activeProvider: active, _runtimeDataModel: dataModel } = client as {
      _activeProvider?: unknown
      _runtimeDataModel?: DataModel
    }
    const isClient = hasMethods(client, "$queryRawUnsafe")
    if (isClient && dataModel !== undefined && typeof dataModel.models === "object") return { active, dataModel }
  } catch (error) {
    cause = error
  }
  throw new TypeError(
    'createPrismaStore: the option "client" must be a PrismaClient, or the client inside $transaction(async tx => …).',
    cause === undefined ? undefined : { cause },
  )
}

function checkFields(name: string, model: RuntimeModel, text: ModelText): void {
  for (const expected of text.fields) {
    const found = model.fields.find(field => (field.dbName ?? field.name) === expected.column)
    const paste = `Paste into model ${name}: ${fieldLine(expected)}`
    if (found === undefined) {
      throw refused(`model ${name} has no field ${expected.field} for the column "${expected.column}". ${paste}`)
    }
    if (!INTEGERS.includes(found.type) || !INTEGERS.includes(expected.types[0])) {
      if (expected.types.includes(found.type)) continue
      throw refused(
        `field ${found.name} of model ${name} has type ${found.type} instead of ${expected.types[0]}. ${paste}`,
      )
    }
  }
}

/** What the column holds is checked in the database; to Prisma both are integers. */
const INTEGERS = ["Int", "BigInt"]

function checkTables(
  meta: { readonly name: string; readonly table: string },
  records: { readonly name: string; readonly table: string },
): TableNames {
  try {
    return tableNames({ meta: meta.table, records: records.table })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const said = error.message.replaceAll("tables.meta", `@@map of model ${meta.name}`)
    throw refused(said.replaceAll("tables.records", `@@map of model ${records.name}`), error)
  }
}

function missing(kind: keyof typeof TABLES, name: string, text: ModelText): StoreError {
  return refused(
    `the client has no model ${name}. Paste it into schema.prisma, or name yours with the option "models.${kind}":\n` +
      modelBlock(name, text, TABLES[kind]),
  )
}

function refused(message: string, cause?: unknown): StoreError {
  return new StoreError("STORE_FORMAT_UNSUPPORTED", `Prisma: ${message}`, { backend: BACKEND, cause })
}
