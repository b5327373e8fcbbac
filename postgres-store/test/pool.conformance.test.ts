import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { postgresSubject } from "./support/subject.js"

const database = await createDatabase()
const pool = database.pool()
const reach = { connect: () => fromPool(pool), sql: (text: string) => database.admin.query(text) }

await describeStore("pg Pool", () => postgresSubject(reach), { runner: { describe, it } })
