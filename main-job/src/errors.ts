/** Something the user can put right; `main.ts` prints its message as one line and exits with `exitCode`. */
export class JobError extends Error {
  /** 2: the command line is wrong; 1: everything else. */
  readonly exitCode: 1 | 2

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? 1
  }
}

/** The message of anything thrown, as one line. */
export function oneLine(error: unknown): string {
  return messageOf(error)
    .trim()
    .replaceAll(/\s*[\r\n]+\s*/g, " ")
}

/** Some libraries throw objects that are no errors. */
function messageOf(error: unknown): string {
  const { message } = Object(error) as { message?: unknown }
  return typeof message === "string" ? message : String(error)
}
