import type { TestProject } from "vitest/node"
import { type PostgresServer, startServer } from "./server.js"

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's URL of the server, without a database. */
    readonly serverUrl: string
  }
}

/** One server for the whole run: `DATABASE_URL`, or a real PostgreSQL started here. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.DATABASE_URL
  const server: PostgresServer = given === undefined ? await startServer() : { url: given, stop: async () => {} }
  project.provide("serverUrl", server.url)
  return () => server.stop()
}
