import { PIECE_BYTES } from "./limits.js"

/** No code point takes more UTF-8 bytes, so a limit of at least this many always makes progress. */
const LONGEST_CODE_POINT = 4

/**
 * Cuts well-formed text into pieces of at most `limit` UTF-8 bytes (at least 4), only between code points: half a
 * surrogate pair would be stored as U+FFFD. Every piece but the last is as long as fits; `""` is one empty piece.
 */
export function cutText(text: string, limit = PIECE_BYTES): string[] {
  checkLimit(limit)
  // A UTF-16 unit takes at most three bytes, so most texts need no counting.
  // Stryker disable next-line ConditionalExpression,EqualityOperator: counting comes to the same
  if (text.length * 3 <= limit) return [text]
  const encoder = new TextEncoder()
  const scratch = new Uint8Array(limit)
  const pieces: string[] = []
  let start = 0
  do {
    // `limit` units are never too few. Should they end inside a pair, the half costs three bytes and does not fit, so
    // `encodeInto` stops in front of it.
    const { read } = encoder.encodeInto(text.slice(start, start + limit), scratch)
    pieces.push(text.slice(start, start + read))
    start += read
  } while (start < text.length)
  return pieces
}

/** Cuts bytes into pieces of at most `limit`; they are views of `bytes`, not copies. No bytes are one empty piece. */
export function cutBytes(bytes: Uint8Array, limit = PIECE_BYTES): Uint8Array[] {
  checkLimit(limit)
  if (bytes.length <= limit) return [bytes]
  const pieces: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += limit) pieces.push(bytes.subarray(start, start + limit))
  return pieces
}

/** What `cutText` cut. */
export function joinText(pieces: readonly string[]): string {
  return pieces.join("")
}

/** What `cutBytes` cut, in a buffer of its own. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const piece of pieces) length += piece.length
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

function checkLimit(limit: number): void {
  if (!(limit >= LONGEST_CODE_POINT)) throw new RangeError(`A piece must hold at least ${LONGEST_CODE_POINT} bytes`)
}
