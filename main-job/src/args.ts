import { parseArgs } from "node:util"
import { JobError, oneLine } from "./errors.js"
import { STORE_USAGE } from "./open-store.js"

export interface Options {
  readonly help: boolean
  /** As given, `null` for the default. */
  readonly store: string | null
  readonly traces: readonly string[]
  readonly paths: readonly string[]
}

export const HELP = `Usage: npm start -- [options] [FILE ...]

Types text files into Yjs documents keystroke by keystroke, stores every update, kills the writing process in the
middle, reopens the store, checks that every acknowledged edit is there, finishes, and compares all texts.

  FILE            UTF-8 text files; without any: the Markdown files of this repository
  --trace FILE    a recorded editing session (.json.gz); may be repeated
  --store STORE   where the documents go: ${STORE_USAGE}
                  default: a new SQLite file in the system's temporary folder, which is kept
  --help          this text

A store that already has the documents is continued if what it has is an earlier state of the same files; otherwise
nothing is changed. Documents whose id does not begin with main-job/ are never touched.
`

/** Reads the command line; a `JobError` says what is wrong with it. */
export function parseCommandLine(args: readonly string[]): Options {
  const { values, positionals } = parse(args)
  if ([...positionals, ...(values.trace ?? []), values.store].includes("")) throw wrongUse("an argument is empty")
  return {
    help: values.help ?? false,
    store: values.store ?? null,
    traces: values.trace ?? [],
    paths: positionals,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        store: { type: "string" },
        trace: { type: "string", multiple: true },
      },
    })
  } catch (error) {
    // Node adds advice about file names that begin with a dash.
    throw wrongUse(oneLine(error).replace(/\. To specify .*/, ""))
  }
}

/** The command line is wrong in this way. */
export function wrongUse(message: string): JobError {
  return new JobError(`${message} (--help shows the usage)`, { exitCode: 2 })
}
