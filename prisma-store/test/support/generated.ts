import { generateClients } from "./generate.mjs"

/** Generates the clients once for the whole run. */
export default function setup(): void {
  generateClients()
}
