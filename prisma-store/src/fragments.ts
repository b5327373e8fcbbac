export type Provider = "sqlite" | "postgresql"

/** A field of one of the two models. */
export interface FieldText {
  readonly field: string
  readonly column: string
  /** The types that do; the first is the one to paste. */
  readonly types: readonly [string, ...string[]]
  /** What follows the name and type in schema.prisma. */
  readonly attributes: string
  readonly optional?: boolean
}

export interface ModelText {
  readonly fields: readonly FieldText[]
  readonly key?: string
}

/** SQLite's integers have 64 bits whatever Prisma calls them; only `Int` can be numbered by itself there. */
function metaModel(provider: Provider): ModelText {
  const integer = provider === "sqlite" ? "Int" : "BigInt"
  return {
    fields: [
      { field: "doc", column: "doc", types: [integer], attributes: "@id @default(autoincrement())" },
      { field: "docId", column: "doc_id", types: ["String"], attributes: '@unique @map("doc_id")' },
      { field: "data", column: "data", types: ["String"], attributes: "" },
    ],
  }
}

function recordsModel(provider: Provider): ModelText {
  const integer = provider === "sqlite" ? "Int" : "BigInt"
  const smallInteger = provider === "sqlite" ? "" : "@db.SmallInt"
  const text = (column: string): FieldText => {
    return { field: column, column, types: ["String"], attributes: "", optional: true }
  }
  return {
    fields: [
      { field: "doc", column: "doc", types: [integer], attributes: "" },
      { field: "seq", column: "seq", types: [integer], attributes: "" },
      { field: "kind", column: "kind", types: ["Int"], attributes: smallInteger },
      text("version"),
      text("lineage"),
      text("payload"),
      { field: "blob", column: "blob", types: ["Bytes"], attributes: "", optional: true },
    ],
    key: "@@id([doc, seq])",
  }
}

export function modelTexts(provider: Provider): { readonly meta: ModelText; readonly records: ModelText } {
  return { meta: metaModel(provider), records: recordsModel(provider) }
}

/** One line of a model. */
export function fieldLine({ field, types, attributes, optional }: FieldText): string {
  return [field, `${types[0]}${optional === true ? "?" : ""}`, attributes].filter(part => part !== "").join(" ")
}

/** A model as it is pasted into schema.prisma. */
export function modelBlock(name: string, model: ModelText, table: string): string {
  const names = Math.max(...model.fields.map(({ field }) => field.length))
  const types = Math.max(...model.fields.map(({ types, optional }) => types[0].length + (optional === true ? 1 : 0)))
  const lines = model.fields.map(({ field, types: [type], attributes, optional }) =>
    `  ${field.padEnd(names)} ${`${type}${optional === true ? "?" : ""}`.padEnd(types)} ${attributes}`.trimEnd(),
  )
  const block = [...(model.key === undefined ? [] : [`  ${model.key}`]), `  @@map("${table}")`]
  return `model ${name} {\n${lines.join("\n")}\n\n${block.join("\n")}\n}\n`
}

/**
 * The two models to paste into a schema.prisma, also in the files `schema/sqlite.prisma` and `schema/postgresql.prisma`
 * of this package.
 *
 * @throws TypeError for another provider.
 */
export function schemaFragment(provider: Provider): string {
  if (provider !== "sqlite" && provider !== "postgresql") {
    throw new TypeError('schemaFragment: the provider must be "sqlite" or "postgresql".')
  }
  const { meta, records } = modelTexts(provider)
  return `${modelBlock("HoldfastMeta", meta, "holdfast_meta")}\n${modelBlock("HoldfastRecord", records, "holdfast_records")}`
}
