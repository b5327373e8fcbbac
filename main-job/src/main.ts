import { fileURLToPath } from "node:url"
import { HELP, parseCommandLine, wrongUse } from "./args.js"
import { JobError, oneLine } from "./errors.js"
import { readInputs } from "./inputs.js"
import { findPlace, type Place, STORE_USAGE, temporaryPlace } from "./open-store.js"
import { Progress } from "./progress.js"
import { runJob } from "./supervisor.js"
import { formatResult } from "./table.js"
import { runWriter } from "./writer.js"
import { WRITER_ROLE } from "./writer-process.js"

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url))

/** What a shell reports for a program ended by the signal. */
const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

if (process.argv[2] === WRITER_ROLE && process.send !== undefined) runWriter()
else runCommand(process.argv.slice(2))

function runCommand(args: readonly string[]): void {
  for (const [signal, code] of Object.entries(SIGNAL_EXIT_CODES)) {
    process.once(signal, () => fail(`ended by ${signal}`, code))
  }
  // Nobody reads on, as after `| head`: there is no one to show anything to.
  process.stdout.on("error", () => process.exit(1))
  job(args).catch(error => fail(oneLine(error), error instanceof JobError ? error.exitCode : 1))
}

async function job(args: readonly string[]): Promise<void> {
  const options = parseCommandLine(args)
  if (options.help) {
    process.stdout.write(HELP)
    return
  }
  const named = options.store === null ? null : placeFor(options.store)
  const inputs = await readInputs(REPOSITORY, options.paths, options.traces)
  // The temporary folder is made only now: a wrong path leaves nothing behind.
  const place = named ?? temporaryPlace()
  const progress = new Progress(process.stdout, inputs)
  const result = await runJob(place, inputs, progress)
  progress.say(`\n${formatResult(result).trimEnd()}`)
}

function placeFor(spec: string): Place {
  const place = findPlace(spec)
  if (place === null) throw wrongUse(`"${spec}" is not a store; use ${STORE_USAGE}`)
  return place
}

/** One line, then the end: the writing process, if there is one, goes down with this one. */
function fail(message: string, exitCode: number): void {
  // In a terminal the line of the progress may be there.
  const clear = process.stderr.isTTY ? "\r\u001b[K" : ""
  process.stderr.write(`${clear}main-job: ${message}\n`, () => process.exit(exitCode))
}
