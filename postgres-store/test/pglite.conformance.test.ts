import { PGlite } from "@electric-sql/pglite"
import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { fromPglite } from "../src/index.js"
import { postgresSubject } from "./support/subject.js"
import { usualCases } from "./support/usual-cases.js"

const db = await PGlite.create()
afterAll(() => db.close())
const reach = { connect: () => fromPglite(db), sql: (text: string) => db.exec(text) }

await describeStore("PGlite", () => postgresSubject(reach), { runner: { describe, it }, ...usualCases })
