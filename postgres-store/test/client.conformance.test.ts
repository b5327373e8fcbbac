import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { fromClient } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { postgresSubject } from "./support/subject.js"
import { usualCases } from "./support/usual-cases.js"

const database = await createDatabase()
const client = await database.client()
const reach = { connect: () => fromClient(client), sql: (text: string) => database.admin.query(text) }

await describeStore("pg Client", () => postgresSubject(reach), { runner: { describe, it }, ...usualCases })
