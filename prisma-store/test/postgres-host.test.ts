import { afterAll, describe } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { postgresHost } from "./support/host.js"
import { hostTransactionTests } from "./support/host-transactions.js"
import { PostgresPlace } from "./support/postgres.js"

const database = await createDatabase()
const place = new PostgresPlace(database)
afterAll(() => place.dispose())

describe("inside a transaction on PostgreSQL", () => {
  hostTransactionTests(async () => postgresHost(place.client(await place.create())))
})
