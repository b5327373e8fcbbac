import { writeSync } from "node:fs"

/**
 * Writes a line to standard output at once: what is still in a buffer of this process when it is killed would be as if it
 * had never been said. The pipe is full while whoever reads it is busy; then this waits.
 */
export function say(text) {
  const line = Buffer.from(`${text}\n`)
  for (let at = 0; at < line.length; ) {
    try {
      at += writeSync(1, line, at)
    } catch (error) {
      if (error.code !== "EAGAIN") throw error
    }
  }
}
