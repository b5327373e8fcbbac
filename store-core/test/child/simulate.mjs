// `npm run simulate -w @holdfast/store-core -- <seed>` runs one simulated history again and shortens it; with two
// numbers, a process of the long form runs the histories from the first to below the second.
import "./register-source.mjs"

const { explain, parseHistory, runSeeds } = await import("../simulation/main.ts")

const [first, end] = process.argv.slice(2)
if (first === undefined) throw new Error("simulate.mjs needs a seed")
if (end === undefined) process.exitCode = (await explain(parseHistory(first))) ? 0 : 1
else await runSeeds(Number(first), Number(end), batch => console.log(JSON.stringify(batch)))
